// A Redis client of the application's, of whichever library -> the store's `send`, told by its methods.

import { isFunction } from "../check.ts";
import type { SessionEvent } from "../events.ts";
import { fromUpstash, type UpstashClient } from "../stores/client.ts";
import type { Send } from "../stores/redis.ts";

/** What is used of ioredis and its relatives. */
export interface IORedis {
  call(name: string, ...args: string[]): Promise<unknown>;
}

/** What is used of node-redis: one client, connected; no cluster. */
export interface NodeRedis {
  sendCommand(command: string[]): Promise<unknown>;
}

/** What is used of Bun's client. */
export interface BunRedis {
  send(name: string, args: string[]): Promise<unknown>;
}

/** A client of `@upstash/redis`, `@vercel/kv`, node-redis, ioredis or Bun, or a function that sends one command. */
export type RedisClient = UpstashClient | NodeRedis | IORedis | BunRedis | Send;

/**
 * Answers how to make a `send` of a client; nothing is asked of it before.
 *
 * @throws TypeError for what is no client
 */
export function senderOf(client: RedisClient): (onEvent: (event: SessionEvent) => void) => Send {
  const { call, sendCommand, send, exec, getSlotRandomNode } = Object(client) as {
    readonly [name: string]: unknown;
  };
  if (typeof client === "function") return () => client;
  // ioredis has a `sendCommand` and an `exec` of another kind; so it comes first.
  if (isFunction(call))
    return () =>
      ([name, ...args]) =>
        (client as IORedis).call(name, ...args);
  if (isFunction(getSlotRandomNode)) {
    throw new TypeError(
      "Cannot create store: redis is a cluster of node-redis; give a function that sends one command to it",
    );
  }
  if (isFunction(sendCommand)) return () => (command) => (client as NodeRedis).sendCommand(command);
  if (isFunction(send))
    return () =>
      ([name, ...args]) =>
        (client as BunRedis).send(name, args);
  if (isFunction(exec)) return (onEvent) => fromUpstash(client as UpstashClient, { onEvent });
  throw new TypeError(
    "Cannot create store: redis must be a client of @upstash/redis, @vercel/kv, node-redis, ioredis or Bun, a function that sends one command, a store, or false",
  );
}
