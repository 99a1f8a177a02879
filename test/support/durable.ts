// A real redis-server that writes down every command before it answers, for tests of what is left after a crash.

import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../../scripts/system.js";
import { type Daemon, makeFolder, removeFolder, startDaemon } from "./daemon.ts";
import { freePort } from "./redis.ts";
import { RedisError, type Reply, respClient } from "./resp.ts";

export interface DurableRedis {
  readonly port: number;
  /** Freezes it: connections stay open, nothing is answered, and what was sent is carried out after `resume`. */
  pause(): void;
  resume(): void;
  /** SIGKILL, also when it is frozen. */
  kill(): Promise<void>;
  /** Sets a copy of its data aside, as a replica that lags has it from now on. */
  keepCopy(): Promise<void>;
  /** Starts it again on its port: with its own data, with what the copy has, or with nothing. */
  restart(data?: "own" | "copy" | "nothing"): Promise<void>;
  /** Sends one command. An error reply rejects with its text. */
  command(words: readonly string[]): Promise<Reply>;
  stop(): Promise<void>;
}

const DATA = "appendonlydir";
const COPY = "copy";

/** Starts one with `appendonly yes` and `appendfsync always`. */
export async function startDurableRedis(): Promise<DurableRedis> {
  const binary = findProgram("redis-server");
  if (binary === null) throw new Error("Cannot start Redis: redis-server is not installed");
  const folder = makeFolder("redis");
  const port = await freePort();
  const settings = {
    port,
    bind: "127.0.0.1",
    dir: folder,
    save: "",
    appendonly: "yes",
    appendfsync: "always",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);

  async function command(words: readonly string[]): Promise<Reply> {
    const client = respClient(port);
    const [reply = null] = await client.send([words]).finally(() => client.close());
    if (reply instanceof RedisError) throw new Error(reply.text);
    return reply;
  }

  const start = () =>
    startDaemon([binary, ...flags], { folder }, async () => (await command(["PING"])) === "PONG");

  let server: Daemon;
  try {
    server = await start();
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
  return {
    port,
    pause: () => server.pause(),
    resume: () => server.resume(),
    kill: () => server.kill(),
    async keepCopy() {
      await rm(join(folder, COPY), { recursive: true, force: true });
      await cp(join(folder, DATA), join(folder, COPY), { recursive: true });
    },
    async restart(data = "own") {
      await server.kill();
      if (data !== "own") await rm(join(folder, DATA), { recursive: true });
      if (data === "copy") {
        await cp(join(folder, COPY), join(folder, DATA), { recursive: true });
      }
      server = await start();
    },
    command,
    async stop() {
      await server.kill();
      await removeFolder(folder);
    },
  };
}
