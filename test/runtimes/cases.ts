// Which portable cases every runtime runs.

import { memoryStore } from "coatcheck";
import { redisStore, upstash } from "coatcheck/redis";
import { behaviour } from "../behaviour/all.ts";
import { storeContract } from "../contract/store.ts";
import type { Case } from "../support/suite.ts";

export const cases: readonly Case[] = [
  ...behaviour,
  ...storeContract("memoryStore", async () => ({ store: memoryStore() })),
  ...storeContract("redisStore over Upstash's REST", async ({ url, token }) => ({
    store: redisStore(upstash({ url, token, timeoutMs: 10_000 }), {
      prefix: `${crypto.randomUUID()}:`,
    }),
  })),
];
