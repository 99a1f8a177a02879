// What the variables say wrong is never silent, and memory never passes for a store.

import { createSessions, memoryStore, type Store, StoreError } from "coatcheck";
import { storeFromEnv, type StoreFromEnvOptions } from "coatcheck/env";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withClock } from "../support/clock.ts";
import { keepLines } from "../support/lines.ts";
import { describeWithRedis } from "../support/needs.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import { faultyStore } from "../support/stores.ts";
import { refusedUrl, startUpstash, type UpstashBridge } from "../support/upstash.ts";

const FAILED = "error [Session Store] Redis connection failed:";
const SECRET = "a secret of more than thirty-two bytes, for tests";

let redis: RedisProcess;
let bridge: UpstashBridge;

function shared(): Store {
  const { read, write } = memoryStore();
  return { read, write };
}

function open(env: object, options: StoreFromEnvOptions = {}) {
  const lines = keepLines();
  return { lines, store: storeFromEnv(env, { logger: lines.logger, ...options }) };
}

describeWithRedis("with a real Redis", () => {
  beforeAll(async () => {
    redis = await startRedis();
    bridge = await startUpstash({ redisPort: redis.port });
  });

  afterAll(async () => {
    await bridge?.stop();
    await redis?.stop();
  });

  const create = (store: Store) => store.write(crypto.randomUUID(), "v", Date.now() + 60_000, null);
  const pair = (token: string) => ({
    UPSTASH_REDIS_REST_URL: bridge.url,
    UPSTASH_REDIS_REST_TOKEN: token,
  });

  test("R57 a wrong token is an error line that names the variables, at first use and once a minute", async () => {
    await withClock(async (clock) => {
      const { store, lines } = open(pair("wrong-token"), { prisma: shared() });
      const line = `${FAILED} WRONGPASS; UPSTASH_REDIS_REST_TOKEN is not the token of the database in UPSTASH_REDIS_REST_URL: copy both from Upstash's console`;
      for (let times = 0; times < 8; times++) await create(store);
      expect(lines.take()).toEqual([
        line,
        "info [Session Store] ✅ PrismaSessionStore initialized as fallback",
      ]);
      for (let seconds = 0; seconds < 60; seconds += 10) {
        expect(lines.take()).toEqual([]);
        clock.advance(10);
        await create(store);
      }
      expect(lines.take()).toEqual([line]);
    });
  });

  test("R57 a read-only token is found at the first write, and the mend says which to copy", async () => {
    const { store, lines } = open(pair(bridge.readOnlyToken), { prisma: shared() });
    expect(await create(store)).toEqual({ swapped: true });
    expect(lines.all[0]).toBe(
      `${FAILED} NOPERM; UPSTASH_REDIS_REST_TOKEN may not write: copy the token from Upstash's console, not the read-only one`,
    );
  });

  test("R57 strict stops at a wrong token, and the error names the mend", async () => {
    const { store, lines } = open(pair("wrong-token"), { prisma: shared(), strict: true });
    for (const call of [() => create(store), () => store.read("key")]) {
      await expect(call()).rejects.toMatchObject({
        name: "StoreError",
        code: "STORE_MISCONFIGURED",
        message: expect.stringContaining("copy both from Upstash's console") as string,
      });
    }
    expect(lines.all).toHaveLength(1);
  });

  test("R57 strict does not stop at an outage", async () => {
    const env = pair(bridge.token);
    const { store, lines } = open(env, { prisma: shared(), strict: true });
    bridge.fault({ kind: "refuse", times: 2 });
    await expect(create(store)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(await create(store)).toEqual({ swapped: true });
    expect(lines.all[0]).toMatch(/^warn .*Redis connection failed/);
    bridge.clearFaults();
  });

  test("R48 no line, error or event holds a token, a password, a host or a key", async () => {
    const secrets = ["wrong-token-7f3a", "pass-9c1e", "key-5b2d", "127.0.0.1", "secret.upstash.io"];
    const texts: string[] = [];
    for (const env of [
      pair("wrong-token-7f3a"),
      { REDIS_URL: "redis://someone:pass-9c1e@secret.upstash.io" },
      { REDIS_URL: "redis://default:pass-9c1e/@secret.upstash.io" },
      { REDIS_URL: "redis://:pass-9c1e@127.0.0.1:6379" },
      { KV_REST_API_URL: "wrong-token-7f3a", KV_REST_API_TOKEN: "https://secret.upstash.io" },
      {
        KV_REST_API_URL: "http://secret.example.com/pass-9c1e",
        KV_REST_API_TOKEN: "wrong-token-7f3a",
      },
    ]) {
      const { store, lines } = open(env, {
        strict: true,
        onEvent: (event) => texts.push(JSON.stringify(event)),
      });
      const error: unknown = await store.read("key-5b2d").catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "STORE_MISCONFIGURED" });
      texts.push(String(error), JSON.stringify(error), (error as Error).stack ?? "", ...lines.all);
      expect(lines.all.length).toBeGreaterThan(0);
    }
    for (const secret of secrets) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  });

  test("F52 a fallback does not hide that the first store's token is wrong: every hour has its lines", async () => {
    await withClock(async (clock) => {
      const { store, lines } = open(pair("wrong-token"), { prisma: shared() });
      for (let minutes = 0; minutes < 60; minutes++) {
        await create(store);
        clock.advance(61);
      }
      expect(lines.all.filter((line) => line.startsWith(FAILED))).toHaveLength(60);
    });
  });
});

describe("without a Redis", () => {
  test("R57 a missing table is an error line with the mend, too", async () => {
    const refuse = async () => {
      const message = "Cannot use database: its table does not exist; apply the migration";
      throw new StoreError("none", message, "STORE_MISCONFIGURED");
    };
    const { store, lines } = open({}, { prisma: { read: refuse, write: refuse } });
    await store.write("key", "v", Date.now() + 60_000, null);
    expect(lines.all).toContain(
      "error [Session Store] Prisma connection failed: its table does not exist; apply the migration",
    );
  });

  test("R57 what the variables say wrong is passed over with a warning, and stops where strict", async () => {
    const env = {
      UPSTASH_REDIS_REST_URL: "https://one.upstash.io",
      KV_REST_API_URL: await refusedUrl(),
      KV_REST_API_TOKEN: "token",
    };
    const says =
      "UPSTASH_REDIS_REST_URL: UPSTASH_REDIS_REST_TOKEN is missing; set it to the REST token from Upstash's console";
    const { store, lines } = open(env);
    await store.write("key", "v", Date.now() + 60_000, null);
    expect(lines.all[0]).toBe(
      `warn [Session Store] ${says} (passed over for KV_REST_API_URL and KV_REST_API_TOKEN)`,
    );
    const strict = open(env, { strict: true });
    await expect(strict.store.read("key")).rejects.toMatchObject({
      code: "STORE_MISCONFIGURED",
      message: `Cannot use Redis: ${says}`,
    });
  });

  test("R57 an environment that Deno may not read names the permission", async () => {
    const refuse = () => {
      throw new Error("NotCapable");
    };
    const { store, lines } = open({ get: refuse, toObject: refuse });
    await store.write("key", "v", Date.now() + 60_000, null);
    expect(lines.all[0]).toMatch(/^error .*the environment may not be read; .*--allow-env=UPSTASH/);
  });

  test("R56 memory is not asked where it is forbidden: the request fails instead", async () => {
    const broken = faultyStore(shared());
    broken.fail("write", "refused", { times: Number.MAX_SAFE_INTEGER });
    const { store, lines } = open({}, { prisma: broken.store, memory: false });
    const call = store.write("key", "v", Date.now() + 60_000, null);
    await expect(call).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "none" });
    expect(lines.all.join()).not.toMatch(/Memory/);
  });

  test("R56 a session that began in memory is gone once a shared store answers, and lives 15 minutes at most", async () => {
    await withClock(async (clock) => {
      const broken = faultyStore(shared());
      for (const operation of ["read", "write"] as const) {
        broken.fail(operation, "refused", { times: Number.MAX_SAFE_INTEGER });
      }
      const { store, lines } = open({}, { prisma: broken.store });
      const sessions = createSessions<{ n: number }>({ secrets: [SECRET], store });
      const first = await sessions.open(null);
      first.data.n = 1;
      const cookie = await sessions.save(first);
      const header = `${cookie?.name}=${cookie?.value}`;
      expect((await sessions.open(header)).data.n).toBe(1);
      expect(lines.all.filter((line) => line.includes("Memory store in use"))).toHaveLength(1);
      clock.advance(899);
      expect((await sessions.open(header)).data.n).toBe(1);
      clock.advance(2);
      await expect(sessions.open(header)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      broken.heal();
      clock.advance(20);
      expect((await sessions.open(header)).isNew).toBe(true);
    });
  });
});
