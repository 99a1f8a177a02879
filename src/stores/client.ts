// Commands through the official client, `@upstash/redis` 1.38.4 and later, where an application has one already.

import type { SessionEvent } from "../events.ts";
import type { Send } from "./redis.ts";

/** What is used of an `@upstash/redis` client; `@vercel/kv`'s is one. */
export interface UpstashClient {
  exec(command: [string, ...string[]]): Promise<unknown>;
}

/** What `fromUpstash` takes. */
export interface FromUpstashOptions {
  /** Told once, of `cached-client`, where the client lets the platform cache what it reads. */
  readonly onEvent?: (event: SessionEvent) => void;
}

/**
 * Makes the `send` of an official client, for `redisStore`. The client's own retries hold, of writes too; make it
 * with `retry: { retries: 0 }` to have failures sooner. The store's deadline holds whatever the client does.
 *
 * @throws TypeError where it is no such client
 */
export function fromUpstash(redis: UpstashClient, { onEvent }: FromUpstashOptions = {}): Send {
  if (typeof redis?.exec !== "function") {
    throw new TypeError(
      "Cannot use client: give the official Redis client of Upstash, 1.38.4 or later",
    );
  }
  const { client } = redis as { client?: { options?: { cache?: string } } };
  const cache = client?.options?.cache ?? "no-store";
  if (cache !== "no-store") onEvent?.({ type: "cached-client" });

  async function send(command: [string, ...string[]]): Promise<unknown> {
    const [name, ...rest] = command;
    if (name !== "GET") return redis.exec(command);
    // An aborted request, or an answer of the wrong shape, resolves to null or to a text in this client: "signed out"
    // to whoever asked by GET. A list of one cannot be mistaken (R58).
    const reply = await redis.exec(["MGET", ...rest]);
    return Array.isArray(reply) && reply.length === 1 ? (reply as unknown[])[0] : false;
  }

  return Object.assign(send, { keyLocking: true });
}
