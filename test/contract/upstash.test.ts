import { redisStore, upstash } from "coatcheck/redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithRedis, testWithRedis } from "../support/needs.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import type { World } from "../support/suite.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";
import { type Breakable, type Open, redisContract, storeContract } from "./store.ts";

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

const breakable: Breakable = {
  pause: () => redis.pause(),
  resume: () => redis.resume(),
  stop: () => redis.stop(),
  async start() {
    redis = await startRedis({ port: redis.port });
  },
  command: (args) => redis.command(args),
};

function openWith(timeoutMs?: number): Open {
  return async ({ url, token }) => ({
    store: redisStore(upstash({ url, token, ...(timeoutMs && { timeoutMs }) })),
  });
}

describeWithRedis("the contract over Upstash's REST protocol", () => {
  const cases = [
    ...storeContract("upstash", openWith(10_000)),
    ...redisContract("upstash", openWith(300), () => breakable),
  ];
  for (const { name, run } of cases) test(name, () => run(world));
});

describeWithRedis("the prefix", () => {
  const storeWith = (prefix?: string) => {
    const { url, token } = world;
    return redisStore(upstash({ url, token }), prefix ? { prefix } : {});
  };
  const until = () => Date.now() + 60_000;

  test("rows of stores with different prefixes do not meet", async () => {
    const [one, two] = [storeWith("one:"), storeWith("two:")];
    await one.write("key", "of one", until(), null);
    expect(await two.read("key")).toBe(null);
    expect(await two.write("key", "x", until(), "of one")).toEqual({
      swapped: false,
      current: null,
    });
    expect(await two.write("key", "of two", until(), null)).toEqual({ swapped: true });
    expect(await two.write("key", "", 0, "of two")).toEqual({ swapped: true });
    expect(await one.read("key")).toBe("of one");
  });

  test("rows of stores with the same prefix are the same rows", async () => {
    await storeWith("same:").write("key", "value", until(), null);
    expect(await storeWith("same:").read("key")).toBe("value");
  });

  test("every key in Redis begins with it, and every row expires", async () => {
    await redis.command(["FLUSHALL"]);
    for (const prefix of [undefined, "other:"]) {
      await storeWith(prefix).write("a", "one", until(), null);
      await storeWith(prefix).write("b", "one", until(), null);
      await storeWith(prefix).write("b", "two", until(), "one");
      await storeWith(prefix).write("c", "one", until(), "none");
      await storeWith(prefix).read("d");
    }
    const keys = (await redis.command(["KEYS", "*"])) as string[];
    expect(keys.toSorted()).toEqual(["other:a", "other:b", "session:a", "session:b"]);
    for (const key of keys) {
      const ttl = Number(await redis.command(["PTTL", key]));
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(60_001);
    }
  });
});

testWithRedis(
  "a Redis behind a bridge that is gone is an outage with certainty that nothing was done",
  async () => {
    const other = await startUpstash({ redisPort: redis.port });
    const store = redisStore(upstash({ url: other.url, token: other.token }));
    await other.stop();
    await expect(store.read("key")).rejects.toMatchObject({
      name: "StoreError",
      code: "STORE_UNAVAILABLE",
      outcome: "none",
    });
    await expect(store.write("key", "value", Date.now() + 60_000, null)).rejects.toMatchObject({
      name: "StoreError",
      code: "STORE_UNAVAILABLE",
      outcome: "none",
    });
    const again = await startUpstash({
      redisPort: redis.port,
      port: other.port,
      token: other.token,
    });
    try {
      expect(await store.read("key that nobody wrote")).toBe(null);
    } finally {
      await again.stop();
    }
  },
);
