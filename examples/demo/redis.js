// A Redis of the demonstration's own: the machine's redis-server as a child, else this process plays it, and says so.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryStore } from "coatcheck";
import { createClient } from "redis";

/**
 * @typedef {import("./link.js").Execute} Execute
 * @typedef {{ execute: Execute, description: string, isPlayed: boolean, close: () => Promise<void> }} OwnRedis
 */

const START_MS = 5000;

/** @returns {Promise<OwnRedis>} */
export async function openRedis() {
  // Nobody else can open a socket in this folder: there is no port to find, and no password to keep.
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-demo-"));
  const socket = join(folder, "redis.sock");
  const settings = { port: 0, unixsocket: socket, save: "", appendonly: "no", dir: folder };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  // In a group of its own: Ctrl-C in the terminal must not end it before the last request is answered.
  const child = spawn("redis-server", flags, { stdio: "ignore", detached: true });
  // `once` rejects where it does not run at all.
  const gone = once(child, "exit").catch(() => undefined);
  const watchdog = child.pid === undefined ? undefined : watch(child.pid, folder);

  const kill = () => {
    if (child.pid !== undefined) child.kill("SIGKILL");
    watchdog?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", kill);

  const client = await connect(socket, child);
  if (client) {
    return {
      execute: (command) => client.sendCommand(command),
      description: "redis-server, started for this demonstration alone",
      isPlayed: false,
      async close() {
        client.destroy();
        child.kill("SIGKILL");
        await gone;
        kill();
        process.off("exit", kill);
      },
    };
  }
  kill();
  process.off("exit", kill);
  const reason = child.pid === undefined ? "is not on this machine" : "does not start";
  return {
    execute: playRedis(),
    description: `played by this process, since redis-server ${reason}`,
    isPlayed: true,
    close: async () => undefined,
  };
}

/**
 * A client once Redis answers; nothing where it does not run.
 *
 * @param {string} path of the socket
 * @param {import("node:child_process").ChildProcess} child
 */
async function connect(path, child) {
  const isRunning = () => child.pid !== undefined && child.exitCode === null && !child.signalCode;
  const deadline = Date.now() + START_MS;
  while (isRunning() && Date.now() < deadline) {
    const client = createClient({
      socket: { path, tls: false, reconnectStrategy: false },
      disableOfflineQueue: true,
    });
    // What fails is told to whoever sent the command.
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.ping();
      return client;
    } catch {
      // It does not listen yet.
      await sleep(20);
    }
  }
  return undefined;
}

/**
 * Ends Redis when this process dies without a word (SIGKILL): then the pipe closes, and `read` returns.
 *
 * @param {number} pid
 * @param {string} folder
 */
function watch(pid, folder) {
  const script = 'read _; kill -9 "$0"; rm -rf "$1"';
  const watchdog = spawn("/bin/sh", ["-c", script, String(pid), folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watchdog.on("error", () => undefined);
  watchdog.unref();
  return watchdog;
}

/**
 * The two commands that `redisStore` sends, as Redis carries them out: GET, and its script of a compare-and-swap.
 *
 * @returns {Execute}
 */
export function playRedis() {
  const rows = memoryStore();
  return async ([name, first = "", , key = "", value = "", ttl = "0", expected = null]) => {
    if (name === "GET") return rows.read(first);
    if (name !== "EVALSHA") throw new Error("ERR unknown command");
    const expiresAt = ttl === "0" ? 0 : Date.now() + Number(ttl);
    const swap = await rows.write(key, value, expiresAt, expected);
    return swap.swapped ? 1 : [swap.current];
  };
}
