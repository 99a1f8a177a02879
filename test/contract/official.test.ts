import { Redis } from "@upstash/redis";
import { createClient } from "@vercel/kv";
import type { SessionEvent, Store, Swap } from "coatcheck";
import { fromUpstash, redisStore } from "coatcheck/redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithRedis } from "../support/needs.ts";
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

/** A client that parses answers gives back only what is no JSON: records, which begin with `v1 `. */
function ofRecords(store: Store): Store {
  const wrap = (value: string | null) => (value === null ? null : `v1 ${value}`);
  const unwrap = (value: string | null) => {
    expect(value?.slice(0, 3) ?? "v1 ").toBe("v1 ");
    return value?.slice(3) ?? null;
  };
  return {
    read: async (key) => unwrap(await store.read(key)),
    async write(key, value, expiresAt, expected): Promise<Swap> {
      const swap = await store.write(key, `v1 ${value}`, expiresAt, wrap(expected));
      return swap.swapped ? swap : { swapped: false, current: unwrap(swap.current) };
    },
  };
}

const OPENERS: Readonly<Record<string, (timeoutMs: number) => Open>> = {
  "@upstash/redis that parses nothing": (timeoutMs) => async (connection) => ({
    store: redisStore(
      fromUpstash(new Redis({ ...connectionOf(connection), automaticDeserialization: false })),
      { timeoutMs },
    ),
  }),
  "@upstash/redis with few retries and no pipeline": (timeoutMs) => async (connection) => ({
    store: redisStore(
      fromUpstash(
        new Redis({
          ...connectionOf(connection),
          automaticDeserialization: false,
          enableAutoPipelining: false,
          responseEncoding: false,
          retry: { retries: 0 },
          signal: () => AbortSignal.timeout(timeoutMs),
        }),
      ),
      { timeoutMs },
    ),
  }),
  "@upstash/redis with its defaults, for records": (timeoutMs) => async (connection) => ({
    store: ofRecords(redisStore(fromUpstash(new Redis(connectionOf(connection))), { timeoutMs })),
  }),
  "@vercel/kv, for records": (timeoutMs) => async (connection) => ({
    store: ofRecords(
      redisStore(fromUpstash(createClient(connectionOf(connection))), { timeoutMs }),
    ),
  }),
};

function connectionOf({ url, token }: World): { url: string; token: string } {
  return { url, token };
}

for (const [name, openWith] of Object.entries(OPENERS)) {
  describeWithRedis(`the contract over ${name}`, () => {
    const cases = [
      ...storeContract(name, openWith(10_000)),
      ...redisContract(name, openWith(300), () => breakable),
    ];
    for (const { name: sentence, run } of cases) test(sentence, () => run(world));
  });
}

describeWithRedis("the client that caches", () => {
  test("@vercel/kv is reported once, when the store is made", async () => {
    const events: SessionEvent[] = [];
    const client = createClient(connectionOf(world));
    const send = fromUpstash(client, { onEvent: (event) => events.push(event) });
    expect(events).toEqual([{ type: "cached-client" }]);
    const store = redisStore(send);
    await store.write("cached", "v1 one", Date.now() + 60_000, null);
    expect(await store.read("cached")).toBe("v1 one");
    expect(events).toEqual([{ type: "cached-client" }]);
  });

  test("@upstash/redis is not reported, unless it was told to cache", () => {
    const events: SessionEvent[] = [];
    const onEvent = (event: SessionEvent) => events.push(event);
    fromUpstash(new Redis(connectionOf(world)), { onEvent });
    fromUpstash(new Redis({ ...connectionOf(world), cache: "no-store" }), { onEvent });
    expect(events).toEqual([]);
    fromUpstash(new Redis({ ...connectionOf(world), cache: "default" }), { onEvent });
    expect(events).toEqual([{ type: "cached-client" }]);
  });
});
