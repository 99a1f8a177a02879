// storeFromEnv with the application's own client, of each library, on a real Redis: the contract, and Redis's end.

import { Redis as OfficialRedis } from "@upstash/redis";
import { createClient as createVercelClient } from "@vercel/kv";
import { memoryStore, type SessionEvent, type Store } from "coatcheck";
import { type RedisClient, storeFromEnv } from "coatcheck/env";
import { Redis as IORedis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepLines } from "../support/lines.ts";
import { describeWithRedis } from "../support/needs.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import type { World } from "../support/suite.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";
import { storeContract } from "./store.ts";

const nowhere: World = { url: "", token: "", faulty: {} as World["faulty"] };
const READY = "info [Session Store] ✅ Redis store initialized successfully";
const FALLBACK = "info [Session Store] ✅ PrismaSessionStore initialized as fallback";
const PATIENT = { timeoutMs: 10_000, budgetMs: 30_000 };

let redis: RedisProcess;
let bridge: UpstashBridge;

beforeAll(async () => {
  redis = await startRedis();
  bridge = await startUpstash({ redisPort: redis.port });
});

afterAll(async () => {
  await bridge?.stop();
  await redis?.stop();
});

interface Opened {
  readonly client: RedisClient;
  close(): void;
}

const CLIENTS: Readonly<Record<string, () => Promise<Opened>>> = {
  async "node-redis"() {
    const client = createClient({ url: redis.url });
    client.on("error", () => undefined);
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  async ioredis() {
    const client = new IORedis(redis.url);
    client.on("error", () => undefined);
    return { client, close: () => client.disconnect() };
  },
  async "@upstash/redis"() {
    const { url, token } = bridge;
    const client = new OfficialRedis({ url, token, automaticDeserialization: false });
    return { client, close: () => undefined };
  },
  async "a function"() {
    return { client: (command) => redis.command(command), close: () => undefined };
  },
};

/** Clients that fail at once while they are not connected, and connect again by themselves. */
const RECONNECTING: Readonly<Record<string, (url: string) => Promise<Opened>>> = {
  async "node-redis"(url) {
    const socket = { reconnectStrategy: () => 50 };
    const client = createClient({ url, disableOfflineQueue: true, socket });
    client.on("error", () => undefined);
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  async ioredis(url) {
    const client = new IORedis(url, { enableOfflineQueue: false, retryStrategy: () => 50 });
    client.on("error", () => undefined);
    await new Promise((resolve) => client.once("ready", resolve));
    return { client, close: () => client.disconnect() };
  },
};

function open(client: RedisClient, options: object = {}) {
  const lines = keepLines();
  const { read, write } = memoryStore();
  const own = { prefix: `${crypto.randomUUID()}:`, logger: lines.logger, prisma: { read, write } };
  // The variables name another Redis, which nobody is to ask.
  const env = { UPSTASH_REDIS_REST_URL: "https://example.invalid", UPSTASH_REDIS_REST_TOKEN: "t" };
  return { lines, store: storeFromEnv(env, { redis: client, ...own, ...options }) };
}

for (const [name, make] of Object.entries(CLIENTS)) {
  describeWithRedis(`the contract over ${name}, given to storeFromEnv`, () => {
    const cases = storeContract(name, async () => {
      const { client, close } = await make();
      return { store: open(client, PATIENT).store, close: async () => close() };
    });
    for (const { name: sentence, run } of cases) test(sentence, () => run(nowhere));
  });
}

describeWithRedis("a client that is given", () => {
  test.each(Object.entries(CLIENTS))("%s goes before the variables", async (_name, make) => {
    const { client, close } = await make();
    const { store, lines } = open(client, { prefix: "given:", ...PATIENT });
    const key = crypto.randomUUID();
    await store.write(key, "v1 one", Date.now() + 60_000, null);
    expect(await store.read(key)).toBe("v1 one");
    expect(await redis.command(["GET", `given:${key}`])).toBe("v1 one");
    expect(lines.all).toEqual([READY]);
    close();
  });

  test("@vercel/kv is taken for Upstash's, and what it may answer from its cache is reported", async () => {
    const client = createVercelClient({ url: bridge.url, token: bridge.token });
    const events: SessionEvent[] = [];
    const { store } = open(client, { onEvent: (event: SessionEvent) => events.push(event) });
    expect(events).toEqual([]);
    const key = crypto.randomUUID();
    await store.write(key, "v1 one", Date.now() + 60_000, null);
    expect(await store.read(key)).toBe("v1 one");
    expect(events).toEqual([{ type: "cached-client" }]);
  });

  test.each(Object.entries(RECONNECTING))(
    "%s whose Redis is killed steps down, and is asked again once it is back",
    async (_name, connect) => {
      let own = await startRedis();
      const { client, close } = await connect(own.url);
      const { store, lines } = open(client, { timeoutMs: 500 });
      try {
        await untilSwapped(store);
        expect(lines.take()).toEqual([READY]);
        await own.stop();
        await untilSwapped(store);
        const [failed, taken] = lines.take();
        expect(failed).toMatch(/^warn \[Session Store\] Redis connection failed: /);
        expect(taken).toBe(FALLBACK);
        own = await startRedis({ port: own.port });
        // Asked once in five seconds or more, so that this takes a moment.
        await expect
          .poll(() => untilSwapped(store).then(() => lines.all.at(-1)), { timeout: 15_000 })
          .toBe("info [Session Store] Redis answers again");
      } finally {
        close();
        await own.stop();
      }
    },
    30_000,
  );
});

/** A create that nobody can say the outcome of is tried again under a new key, as the sessions do. */
async function untilSwapped(store: Store): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await store.write(crypto.randomUUID(), "v1 one", Date.now() + 60_000, null);
      return;
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}
