// Every kind of store that the cases need, by variables.

import { createSessions, memoryStore, type Store } from "coatcheck";
import { nextSessions } from "coatcheck/next";
import { redisStore, upstash } from "coatcheck/redis";

export interface Data {
  visits: number;
  tags: string[];
  name?: string;
}

/** Seconds, so that a renewal is due after three. */
const IDLE_TIMEOUT = 30;

const sessions = createSessions({
  secrets: ["a secret for the cases, at least thirty-two bytes"],
  store: storeFor(process.env.STORE),
  initial: (): Data => ({ visits: 0, tags: ["new"] }),
  idleTimeout: IDLE_TIMEOUT,
  onEvent: ({ type }) => console.log(`event: ${type}`),
});

export const { getSession, saveSession, withSession, proxy: sessionProxy } = nextSessions(sessions);

function storeFor(kind: string | undefined): Store {
  if (kind === "memory") return memoryStore();
  if (kind === "one memory") {
    return ((globalThis as { store?: Store }).store ??= memoryStore());
  }
  return redisStore(
    upstash({
      url: process.env.UPSTASH_REDIS_REST_URL ?? "https://example.upstash.io",
      token: process.env.UPSTASH_REDIS_REST_TOKEN ?? "token",
    }),
  );
}
