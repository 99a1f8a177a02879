import { memoryUsers } from "coatcheck";
import { fromUpstash, redisUsers, upstash } from "coatcheck/redis";
import { Redis as UpstashRedis } from "@upstash/redis";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, test } from "vitest";
import { describeWithRedis } from "../support/needs.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import type { World } from "../support/suite.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";
import { type OpenUsers, usersContract } from "./users.ts";

const nowhere: World = { url: "", token: "", faulty: {} as World["faulty"] };
const OPTIONS = { timeoutMs: 10_000 };

describe("the contract of users in this process", () => {
  const cases = usersContract("memoryUsers", async () => ({ users: memoryUsers() }));
  for (const { name, run } of cases) test(name, () => run(nowhere));
});

describe("the contract of users in one index that all cases share", () => {
  const users = memoryUsers();
  const cases = usersContract("memoryUsers", async () => ({ users }));
  for (const { name, run } of cases) test(name, () => run(nowhere));
});

let redis: RedisProcess;
let bridge: UpstashBridge;
let world: World;

beforeAll(async () => {
  redis = await startRedis();
  bridge = await startUpstash({ redisPort: redis.port });
  world = { url: bridge.url, token: bridge.token, faulty: {} as World["faulty"] };
});

afterAll(async () => {
  await bridge?.stop();
  await redis?.stop();
});

const OPENERS: Readonly<Record<string, OpenUsers>> = {
  upstash: async ({ url, token }) => ({
    users: redisUsers(upstash({ url, token, ...OPTIONS })),
  }),
  "@upstash/redis that parses nothing": async ({ url, token }) => ({
    users: redisUsers(
      fromUpstash(new UpstashRedis({ url, token, automaticDeserialization: false })),
      OPTIONS,
    ),
  }),
  // Which makes numbers of what looks like one.
  "@upstash/redis with its defaults": async ({ url, token }) => ({
    users: redisUsers(fromUpstash(new UpstashRedis({ url, token })), OPTIONS),
  }),
  "node-redis": openNodeRedis(3),
  "node-redis in RESP2": openNodeRedis(2),
  ioredis: async () => {
    const client = new Redis(redis.port, "127.0.0.1");
    return {
      users: redisUsers(([name, ...args]) => client.call(name, ...args), OPTIONS),
      close: async () => client.disconnect(),
    };
  },
};

function openNodeRedis(RESP: 2 | 3): OpenUsers {
  return async () => {
    const client = createClient({ url: redis.url, RESP });
    await client.connect();
    return {
      users: redisUsers((command) => client.sendCommand(command), OPTIONS),
      close: async () => client.destroy(),
    };
  };
}

/** With many entries where that is quick: one connection, and no HTTP. */
const MANY: Readonly<Record<string, number>> = { ioredis: 10_000, "node-redis": 10_000 };

for (const [name, open] of Object.entries(OPENERS)) {
  describeWithRedis(`the contract of users over ${name}`, () => {
    const cases = usersContract(`redisUsers over ${name}`, open, MANY[name] ?? 1500);
    for (const { name: sentence, run } of cases) test(sentence, () => run(world));
  });
}
