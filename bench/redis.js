// A real Redis for the bench: the machine's redis-server on a free loopback port, in memory alone, gone with this
// process.

// @ts-check

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { findProgram } from "../scripts/system.js";

const START_MS = 10_000;

/** @returns {Promise<{ url: string, stop: () => Promise<void> } | undefined>} nothing where there is no redis-server */
export async function startRedis() {
  const binary = findProgram("redis-server");
  if (binary === null) return undefined;
  const port = await freePort();
  const settings = { port, bind: "127.0.0.1", save: "", appendonly: "no" };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(binary, flags, { stdio: "ignore" });
  // `once` rejects where it does not run at all.
  const gone = once(child, "exit").catch(() => undefined);
  // When this process dies without a word the pipe closes, and `read` returns.
  const script = 'read _; kill -9 "$0"';
  const watchdog = spawn("/bin/sh", ["-c", script, String(child.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });

  async function stop() {
    child.kill("SIGKILL");
    await gone;
    // Only now: until here it stands in for a parent that fails.
    watchdog.kill("SIGKILL");
  }

  const url = `redis://127.0.0.1:${port}`;
  const deadline = Date.now() + START_MS;
  while (child.exitCode === null && child.pid !== undefined && Date.now() < deadline) {
    if (await answers(url, child.pid)) return { url, stop };
    await sleep(20);
  }
  await stop();
  throw new Error(`Cannot start Redis: it did not answer on port ${port}`);
}

/** One that was free a moment ago. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("Cannot find a free port");
  return address.port;
}

/**
 * Whether this very process listens there: another may have taken the port meanwhile.
 * @param {string} url
 * @param {number} pid
 */
async function answers(url, pid) {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  // Told by the command that fails.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.info("server")).includes(`process_id:${pid}\r\n`);
  } catch {
    // Not listening yet: asked again until the deadline.
    return false;
  } finally {
    client.destroy();
  }
}
