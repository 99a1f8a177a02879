// A real redis-server for tests: on a free loopback port, in memory only, gone with the process that started it.

import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { findProgram } from "../../scripts/system.js";
import { RedisError, type Reply, respClient } from "./resp.ts";

export interface RedisProcess {
  readonly port: number;
  readonly pid: number;
  /** `redis://127.0.0.1:PORT` */
  readonly url: string;
  /** Ends the server, a paused one too, and waits until it is gone. May be called again. */
  stop(): Promise<void>;
  /** Freezes the server: connections stay open, nothing is answered (SIGSTOP). */
  pause(): void;
  /** Thaws it: what was sent meanwhile is executed now (SIGCONT). */
  resume(): void;
  /** Sends one command. Strings come as UTF-8 text; an error reply rejects with its text. */
  command(args: string[]): Promise<unknown>;
}

const START_MS = 10_000;
const TERM_MS = 1_000;
const ATTEMPTS = 5;

const running = new Map<ChildProcess, string>();

/** Where redis-server is, or null when this machine has none. */
export function findRedis(): string | null {
  return findProgram("redis-server");
}

/** Starts a server and waits until it answers PING. Without a port, takes a free one; `args` are redis-server's own. */
export async function startRedis(
  options: { port?: number; args?: string[] } = {},
): Promise<RedisProcess> {
  const binary = findRedis();
  if (binary === null) throw new Error("Cannot start Redis: redis-server is not installed");
  const attempts = options.port === undefined ? ATTEMPTS : 1;
  let failure: unknown;
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      return await launch(binary, options.port ?? (await freePort()), options.args ?? []);
    } catch (error) {
      // Between finding a free port and binding it, another process may have taken it.
      failure = error;
    }
  }
  throw failure;
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("Cannot find a free port");
  return address.port;
}

async function launch(binary: string, port: number, args: string[]): Promise<RedisProcess> {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-redis-"));
  const log = join(folder, "redis.log");
  const settings = { port, bind: "127.0.0.1", save: "", appendonly: "no", dir: folder };
  const flags = Object.entries({ ...settings, logfile: log }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const child = spawn(binary, [...flags, ...args], { stdio: "ignore" });
  let gone = false;
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      gone = true;
      resolve();
    };
    child.once("exit", end);
    child.once("error", end);
  });
  const { pid } = child;
  if (pid === undefined) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`Cannot start Redis: ${binary} does not run`);
  }

  child.unref();
  if (running.size === 0) process.once("exit", killAll);
  running.set(child, folder);
  const watchdog = startWatchdog(pid, folder);
  let paused = false;

  async function stop(): Promise<void> {
    child.ref();
    if (!gone) child.kill(paused ? "SIGKILL" : "SIGTERM");
    await Promise.race([exited, sleep(TERM_MS, undefined, { ref: false })]);
    // Someone else may have frozen it: SIGKILL ends a stopped process, SIGTERM waits for SIGCONT.
    if (!gone) child.kill("SIGKILL");
    await exited;
    // Only now: until here the watchdog still stands in for a parent that fails in the middle of this.
    watchdog.kill("SIGKILL");
    running.delete(child);
    if (running.size === 0) process.off("exit", killAll);
    rmSync(folder, { recursive: true, force: true });
  }

  async function command(words: string[]): Promise<unknown> {
    const client = respClient(port);
    const [reply] = await client.send([words]).finally(() => client.close());
    if (reply instanceof RedisError) throw new Error(reply.text);
    return readable(reply ?? null);
  }

  // On a port that another server holds, PING would be answered by that one: compare process ids.
  async function isReady(): Promise<boolean> {
    try {
      if ((await command(["PING"])) !== "PONG") return false;
      return String(await command(["INFO", "server"])).includes(`process_id:${pid}\r\n`);
    } catch {
      // Not listening yet, or still loading: asked again until the deadline.
      return false;
    }
  }

  const deadline = Date.now() + START_MS;
  while (!gone && Date.now() < deadline) {
    if (
      await Promise.race([isReady(), exited.then(() => false), sleep(1_000, false, { ref: false })])
    ) {
      return {
        port,
        pid,
        url: `redis://127.0.0.1:${port}`,
        stop,
        pause() {
          paused = child.kill("SIGSTOP");
        },
        resume() {
          child.kill("SIGCONT");
          paused = false;
        },
        command,
      };
    }
    await sleep(10);
  }
  const text = readLog(log);
  await stop();
  throw new Error(`Cannot start Redis: it did not answer on port ${port}\n${text}`);
}

/** Ends the server when this process dies without its exit handlers: then the pipe closes and `read` returns. */
function startWatchdog(pid: number, folder: string): ChildProcess {
  const script = 'read _; kill -9 "$0"; rm -rf "$1"';
  const watchdog = spawn("/bin/sh", ["-c", script, String(pid), folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watchdog.unref();
  return watchdog;
}

function killAll(): void {
  for (const [child, folder] of running) {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

function readable(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString("utf8");
  if (reply instanceof RedisError) return new Error(reply.text);
  if (Array.isArray(reply)) return reply.map(readable);
  return reply;
}

function readLog(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // It ended before it wrote one.
    return "(no log)";
  }
}
