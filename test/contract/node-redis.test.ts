import { redisStore } from "coatcheck/redis";
import { createClient } from "redis";
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

function openWith(timeoutMs: number, disableOfflineQueue: boolean, RESP: 2 | 3): Open {
  return async () => {
    const client = createClient({ url: redis.url, disableOfflineQueue, RESP });
    // A connection that breaks is what the cases are about; without a listener it would end the process.
    client.on("error", () => undefined);
    await client.connect();
    return {
      store: redisStore((command) => client.sendCommand(command), { timeoutMs }),
      async close() {
        client.destroy();
      },
    };
  };
}

for (const [name, disableOfflineQueue, RESP] of [
  ["node-redis", false, 3],
  ["node-redis without a queue, in RESP2", true, 2],
] as const) {
  describeWithRedis(`the contract over ${name}`, () => {
    const cases = [
      ...storeContract(name, openWith(10_000, disableOfflineQueue, RESP)),
      ...redisContract(name, openWith(300, disableOfflineQueue, RESP), () => breakable),
    ];
    for (const { name: sentence, run } of cases) test(sentence, () => run(nowhere));
  });
}
