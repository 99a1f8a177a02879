// Which portable cases every runtime runs.

import { cachedStore, fallbackStore, memoryStore, memoryUsers, type Store } from "coatcheck";
import { storeFromEnv } from "coatcheck/env";
import { redisStore, redisUsers, upstash } from "coatcheck/redis";
import { behaviour } from "../behaviour/all.ts";
import { storeContract } from "../contract/store.ts";
import { usersContract } from "../contract/users.ts";
import type { Case, World } from "../support/suite.ts";

/** A loaded machine is no outage. */
const PATIENT = { timeoutMs: 10_000, budgetMs: 30_000 };

function redis({ url, token }: World): Store {
  const send = upstash({ url, token, timeoutMs: PATIENT.timeoutMs });
  return redisStore(send, { prefix: `${crypto.randomUUID()}:` });
}

/** Entries of one user in the contract of an index: each is a request. */
const MANY = 100;
const SILENT = { info() {}, warn() {}, error() {} };

export const cases: readonly Case[] = [
  ...behaviour,
  ...storeContract("memoryStore", async () => ({ store: memoryStore() })),
  ...storeContract("redisStore over Upstash's REST", async (world) => ({ store: redis(world) })),
  ...storeContract("fallbackStore of Redis and memory", async (world) => ({
    store: fallbackStore([redis(world), memoryStore()], PATIENT),
  })),
  ...storeContract("cachedStore with Redis in front", async (world) => ({
    store: cachedStore({ authority: memoryStore(), cache: redis(world), ...PATIENT }),
  })),
  ...storeContract("storeFromEnv with Redis and memory", async ({ url, token }) => ({
    store: storeFromEnv(
      { KV_REST_API_URL: url, KV_REST_API_TOKEN: token },
      { prefix: `${crypto.randomUUID()}:`, logger: SILENT, ...PATIENT },
    ),
  })),
  ...usersContract("memoryUsers", async () => ({ users: memoryUsers() }), MANY),
  ...usersContract(
    "redisUsers over Upstash's REST",
    async ({ url, token }) => ({
      users: redisUsers(upstash({ url, token, timeoutMs: PATIENT.timeoutMs })),
    }),
    MANY,
  ),
];
