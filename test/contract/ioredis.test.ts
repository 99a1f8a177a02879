import { redisStore } from "coatcheck/redis";
import { Redis } from "ioredis";
import { afterAll, beforeAll, test } from "vitest";
import { describeWithRedis } from "../support/needs.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import type { World } from "../support/suite.ts";
import { type Breakable, type Open, redisContract, storeContract } from "./store.ts";

const nowhere: World = { url: "", token: "", faulty: {} as World["faulty"] };
let redis: RedisProcess;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis?.stop());

const breakable: Breakable = {
  pause: () => redis.pause(),
  resume: () => redis.resume(),
  stop: () => redis.stop(),
  async start() {
    redis = await startRedis({ port: redis.port });
  },
  command: (args) => redis.command(args),
};

function openWith(timeoutMs: number, enableOfflineQueue: boolean): Open {
  return async () => {
    const client = new Redis(redis.port, "127.0.0.1", { enableOfflineQueue, lazyConnect: true });
    // A connection that breaks is what the cases are about; without a listener it would be printed.
    client.on("error", () => undefined);
    await client.connect();
    return {
      store: redisStore(([name, ...args]) => client.call(name, ...args), { timeoutMs }),
      async close() {
        client.disconnect();
      },
    };
  };
}

for (const [name, enableOfflineQueue] of [
  ["ioredis", true],
  ["ioredis without a queue", false],
] as const) {
  describeWithRedis(`the contract over ${name}`, () => {
    const cases = [
      ...storeContract(name, openWith(10_000, enableOfflineQueue)),
      ...redisContract(name, openWith(300, enableOfflineQueue), () => breakable),
    ];
    for (const { name: sentence, run } of cases) test(sentence, () => run(nowhere));
  });
}
