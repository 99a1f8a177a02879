// The runtimes: where each is, and how a module is started on it.

// @ts-check

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "../../scripts/system.js";

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {string | undefined} binary
 * @property {string} version
 * @property {readonly string[]} conditions of package.json#exports that hold there
 * @property {boolean} isWorker
 * @property {(module: string) => Promise<Process>} start
 *
 * @typedef {object} Process
 * @property {number} pid
 * @property {(question: import("./batch.js").Question) => Promise<import("./batch.js").Reply>} ask
 * @property {() => Promise<void>} stop
 */

const MODULES = join(ROOT, "test/runtimes/node_modules");
/** Whoever never answers is named, and stopped. */
const DEADLINE_MS = 30_000;

/** @returns {readonly Runtime[]} */
export function findRuntimes() {
  const bun = findBinary("@oven", "bin/bun");
  const deno = findBinary("@deno", "deno");
  const workerd = findBinary("@cloudflare", "bin/workerd");
  return [
    { name: "Node", binary: process.execPath, version: process.versions.node, args: [] },
    { name: "Deno", ...deno, args: ["run", "--no-prompt", "--no-lock", "--no-remote"] },
    { name: "Bun", ...bun, args: ["run", "--no-install"] },
    { name: "workerd", ...workerd, args: undefined },
  ].map(({ name, binary, version = "", args }) => ({
    name,
    binary,
    version,
    conditions: args ? [name.toLowerCase(), "node"] : ["workerd", "worker"],
    isWorker: args === undefined,
    start: (module) =>
      args ? startLines(binary ?? "", [...args, module]) : startWorker(binary ?? "", module),
  }));
}

/**
 * Of the packages of a scope, one for each platform, npm installs the one that fits.
 * @param {string} scope
 * @param {string} file
 */
function findBinary(scope, file) {
  const folder = join(MODULES, scope);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const name = names.find((each) => existsSync(join(folder, each, file)));
  if (name === undefined) return undefined;
  const manifest = readFileSync(join(folder, name, "package.json"), "utf8");
  return { binary: join(folder, name, file), version: String(JSON.parse(manifest).version) };
}

/**
 * @param {string} binary
 * @param {readonly string[]} args
 * @returns {Promise<Process>}
 */
async function startLines(binary, args) {
  const { child, ended, stop } = startChild(binary, args);
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error(`${binary} has no pipes`);
  const lines = createInterface({ input: stdout });
  return {
    pid: child.pid ?? 0,
    async ask(question) {
      const answered = once(lines, "line", { signal: AbortSignal.timeout(DEADLINE_MS) });
      stdin.write(`${JSON.stringify(question)}\n`);
      const [line] = await Promise.race([answered, ended]);
      return JSON.parse(line);
    },
    stop,
  };
}

/**
 * Without Miniflare, which puts a process of its own between.
 * @param {string} binary
 * @param {string} module
 * @returns {Promise<Process>}
 */
async function startWorker(binary, module) {
  const config = `${module}.capnp`;
  // `Buffer`, which the floor uses, is there with this flag alone.
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "main", esModule = embed "${basename(module)}")],
    compatibilityDate = "2026-04-26",
    compatibilityFlags = ["nodejs_compat"],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`,
  );
  const { child, ended, stop } = startChild(binary, ["serve", config, "--control-fd=3"]);
  const control = /** @type {import("node:stream").Readable} */ (child.stdio[3]);
  const [told] = await Promise.race([once(control, "data"), ended]);
  const url = `http://127.0.0.1:${JSON.parse(String(told)).port}/`;
  return {
    pid: child.pid ?? 0,
    async ask(question) {
      const signal = AbortSignal.timeout(DEADLINE_MS);
      const asked = fetch(url, { method: "POST", body: JSON.stringify(question), signal });
      const response = await Promise.race([asked, ended]);
      return /** @type {Promise<import("./batch.js").Reply>} */ (response.json());
    },
    stop,
  };
}

/**
 * @param {string} binary
 * @param {readonly string[]} args the last one is in the folder where it may write
 */
function startChild(binary, args) {
  const folder = dirname(args.at(-1) ?? "");
  const child = spawn(binary, args, {
    cwd: folder,
    // Nothing is inherited, least of all a proxy.
    env: {
      NODE_ENV: "production",
      NO_COLOR: "1",
      HOME: folder,
      DENO_DIR: folder,
      DENO_NO_UPDATE_CHECK: "1",
    },
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  // Ends it when this process dies, however that ends: then the pipe closes and `read` returns.
  const watchdog = spawn("/bin/sh", ["-c", 'read _; kill -9 "$0"', String(child.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  let complaint = "";
  child.stderr?.on("data", (text) => (complaint = (complaint + String(text)).slice(-2000)));
  const gone = once(child, "close");
  child.once("close", () => watchdog.kill("SIGKILL"));
  /** @type {Promise<never>} */
  const ended = gone.then(([code, signal]) => {
    const reason = complaint.split("\n").find((line) => /error: /i.test(line)) ?? complaint;
    throw new Error(`it ended with ${signal ?? code}: ${reason.trim()}`);
  });
  // Whoever waits is told; where nobody does, it was stopped.
  ended.catch(() => {});
  return {
    child,
    ended,
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
