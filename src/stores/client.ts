// Commands through the official client, `@upstash/redis` 1.38.4 and later, where an application has one already.

import { createReporter, type SessionEvent } from "../events.ts";
import { failure, type Send } from "./redis.ts";

/** What is used of an `@upstash/redis` client; `@vercel/kv`'s is one. */
export interface UpstashClient {
  exec(command: [string, ...string[]]): Promise<unknown>;
}

/** What `fromUpstash` takes. */
export interface FromUpstashOptions {
  /** Told once, of `cached-client`, where the client lets the platform cache what it reads. What it throws is dropped. */
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
  const { options, retry } = (redis as { client?: Client }).client ?? {};
  if ((options?.cache ?? "no-store") !== "no-store")
    createReporter(onEvent)({ type: "cached-client" });

  async function send(command: [string, ...string[]]): Promise<unknown> {
    const isRead = command[0] === "GET";
    const asked = redis.exec(isRead ? ["MGET", ...command.slice(1)] : command);
    const reply = await asked.catch((error: unknown) => {
      // A refused connection says that nothing was sent; but of the last try alone, where there were others before.
      const isReply = error instanceof Error && error.name === "UpstashError";
      throw retry?.attempts && !isReply ? failure("the client has given up") : error;
    });
    // In this client an aborted request resolves, to null or to the reason, which must not look like a value (R58).
    if (options?.signal?.aborted) throw new Error("Aborted");
    if (!isRead) return reply;
    // So does an answer of the wrong shape, to null: "signed out" to whoever asked by GET. A list of one is neither.
    return Array.isArray(reply) && reply.length === 1 ? (reply as unknown[])[0] : false;
  }

  return Object.assign(send, { keyLocking: true });
}

/** What the client keeps of how it was made; a `signal` may also be a function, which is asked for each request. */
interface Client {
  readonly retry?: { readonly attempts?: number };
  readonly options?: { readonly cache?: string; readonly signal?: { readonly aborted?: boolean } };
}
