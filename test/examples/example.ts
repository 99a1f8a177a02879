// An example as a process of its own, in a copy of its folder, started by the command that its reader types.

import { type ChildProcess, spawn } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";
import { installProject } from "../../scripts/examples.js";
import { run } from "../../scripts/system.js";
import { installedPackage } from "../runtimes/runtime.ts";
import { lacksParts } from "./browser.ts";

export interface Running {
  /** `http://localhost:PORT/` */
  readonly address: string;
  /** What it has printed so far. */
  printed(): string;
  stop(): Promise<void>;
}

export type Variables = Readonly<
  Record<"SESSION_SECRET" | "UPSTASH_REDIS_REST_URL" | "UPSTASH_REDIS_REST_TOKEN", string>
>;

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** Working directory. */
  readonly folder: string;
  /** Where it will listen. */
  readonly port: number;
  /** On top of PATH, with Node 24 in front, and a HOME of its own: nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a reader has who filled in all but the first line. */
export const withoutSecret: Variables = {
  SESSION_SECRET: "",
  UPSTASH_REDIS_REST_URL: "https://example.upstash.io",
  UPSTASH_REDIS_REST_TOKEN: "token",
};

const START_MS = 60_000;
const INSTALL_MS = 240_000;
const GROUP_KILLER = 'read _; kill -s KILL -- "-$0"';

/** Node 24 for whatever says `node`: the examples are TypeScript as it stands, which older ones do not run. */
export const PATH: string = [
  join(installedPackage("node24")?.folder ?? "", "bin"),
  process.env["PATH"],
].join(":");

/**
 * Copies and installs a project before the tests of a file, and removes it after them. `project` is the path of its
 * folder in the repository.
 */
export function installed(project: string, install = installProject): { readonly folder: string } {
  const example = { folder: "" };
  beforeAll(async () => {
    if (!lacksParts) example.folder = await install(project);
  }, INSTALL_MS);
  afterAll(async () => {
    if (example.folder !== "") await rm(example.folder, { recursive: true, force: true });
  });
  return example;
}

/** Writes the variables into a file of the form that every platform reads: `.env`, `.dev.vars`. */
export async function writeVariables(path: string, variables: Variables): Promise<void> {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(path, lines.join(""));
}

/** Runs a command in a copy to its end. @throws with what it printed, unless it ended well. */
export async function finish(
  folder: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { ok, output } = await run(command, args, { cwd: folder, env: { PATH, ...env } });
  if (!ok) throw new Error(`${command} ${args.join(" ")} failed: ${output}`);
}

/**
 * Starts a server in a process group of its own and waits until it answers http. All of the group ends with `stop`, and
 * with this process, however that ends.
 * @throws with what it printed, when it ends before it answers, or does not answer in time
 */
export async function startServer({
  command,
  args,
  folder,
  port,
  env = {},
}: Command): Promise<Running> {
  const child = spawn(command, args, {
    cwd: folder,
    env: { PATH, HOME: folder, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  let ended: string | undefined;
  const exited = new Promise<void>((resolve) => {
    child.once("error", ({ message }) => resolve(void (ended = message)));
    child.once("close", (code, signal) => resolve(void (ended = `ended with ${signal ?? code}`)));
  });
  const { pid } = child;
  const watchdog = pid === undefined ? undefined : startWatchdog(pid);

  async function stop(): Promise<void> {
    watchdog?.stdin?.end();
    await exited;
  }

  const address = `http://localhost:${port}/`;
  const deadline = Date.now() + START_MS;
  while (ended === undefined && Date.now() < deadline) {
    if (await answers(address)) return { address, printed: () => output, stop };
    await Promise.race([exited, sleep(50, undefined, { ref: false })]);
  }
  await stop();
  throw new Error(
    `${[command, ...args].join(" ")} did not answer on port ${port}, ${ended}\n${output}`,
  );
}

/** Ends the group when its pipe closes: by `stop`, or because this process is gone. */
function startWatchdog(pid: number): ChildProcess {
  const watchdog = spawn("/bin/sh", ["-c", GROUP_KILLER, String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watchdog.unref();
  return watchdog;
}

async function answers(address: string): Promise<boolean> {
  try {
    const answer = await fetch(address, { redirect: "manual", signal: AbortSignal.timeout(5_000) });
    await answer.body?.cancel();
    return true;
  } catch {
    // Not listening yet: asked again until the deadline.
    return false;
  }
}
