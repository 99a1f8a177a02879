import { memoryStore, type SessionEvent, type Store, StoreError } from "coatcheck";
import { storeFromEnv, type StoreFromEnvOptions } from "coatcheck/env";
import { describe, expect, test, vi } from "vitest";
import { withClock } from "../../support/clock.ts";
import { keepLines, type Lines } from "../../support/lines.ts";
import { type Faulty, faultyStore } from "../../support/stores.ts";

const READY = "info [Session Store] ✅ Redis store initialized successfully";
const REFUSED = "warn [Session Store] Redis connection failed: The test's store refuses";
const FALLBACK = "info [Session Store] ✅ PrismaSessionStore initialized as fallback";
const DECIDES = "info [Session Store] ✅ Prisma store initialized successfully";
const BACK = "info [Session Store] Redis answers again";
const UNSET = "info [Session Store] Redis is not used: no variable names a Redis";
const ENDLESS = { times: Number.MAX_SAFE_INTEGER };
const IN_MEMORY =
  "sessions are lost when this process ends, unknown to every other, and gone after 15 minutes";

function memoryLine(why: string): string {
  return `warn [Session Store] ⚠️ Memory store in use (${why}): ${IN_MEMORY}`;
}

/** A store that other instances see, and that fails on demand. */
function shared(): Faulty {
  const { read, write } = memoryStore();
  return faultyStore({ read, write });
}

function breakDown(faulty: Faulty): void {
  faulty.fail("read", "refused", ENDLESS);
  faulty.fail("write", "refused", ENDLESS);
}

/** One that refuses as where a token is wrong. */
function misconfigured(what = "Redis"): Store {
  const refuse = async () => {
    const message = `Cannot use ${what}: WRONGPASS; check token, rights and prefix`;
    throw new StoreError("none", message, "STORE_MISCONFIGURED");
  };
  return { read: refuse, write: refuse };
}

interface Scene {
  readonly store: Store;
  readonly redis: Faulty;
  readonly prisma: Faulty;
  readonly lines: Lines;
  readonly events: SessionEvent[];
}

function openScene(options: StoreFromEnvOptions = {}, env: object = {}): Scene {
  const [redis, prisma, lines] = [shared(), shared(), keepLines()];
  const events: SessionEvent[] = [];
  const store = storeFromEnv(env, {
    redis: redis.store,
    prisma: prisma.store,
    logger: lines.logger,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { store, redis, prisma, lines, events };
}

let keys = 0;
const newKey = () => `key ${keys++}`;
const soon = () => Date.now() + 60_000;
const create = (store: Store, key = newKey()) => store.write(key, "one", soon(), null);

describe("before the first request", () => {
  test("nothing is read, asked or printed", async () => {
    const lines = keepLines();
    let asked = 0;
    const env = new Proxy({}, { get: () => asked++, ownKeys: () => (asked++, []) });
    const redis = shared();
    storeFromEnv(env, { redis: redis.store, logger: lines.logger });
    storeFromEnv(env, { logger: lines.logger });
    expect(asked).toBe(0);
    expect(lines.all).toEqual([]);
  });

  test("variables may be set later, as where a build loads the module without them", async () => {
    const env: Record<string, string> = {};
    const lines = keepLines();
    const store = storeFromEnv(env, { logger: lines.logger, memory: false });
    env["UPSTASH_REDIS_REST_URL"] = "https://example.upstash.io";
    await expect(store.read("key")).rejects.toThrow(/UPSTASH_REDIS_REST_TOKEN is missing/);
  });
});

describe("options that are wrong", () => {
  test.each([
    [{ mode: "both" }, TypeError, /mode must be fallback or cached/],
    [{ mode: "cached" }, TypeError, /mode cached needs prisma/],
    [
      { mode: "cached", prisma: shared().store, memory: true },
      TypeError,
      /memory must be left out/,
    ],
    [{ prisma: "prisma" }, TypeError, /prisma must be Prisma's client/],
    [{ prisma: {} }, TypeError, /prisma has no model session; copy it from prisma\/schema\.prisma/],
    [{ prisma: { session: {} } }, TypeError, /the delegate has no findFirst/],
    [{ redis: "redis://" }, TypeError, /redis must be a client/],
    [{ redis: {} }, TypeError, /redis must be a client of @upstash\/redis/],
    [{ redis: true }, TypeError, /redis must be a client/],
    [{ redis: { sendCommand() {}, getSlotRandomNode() {} } }, TypeError, /a cluster of node-redis/],
    [{ memory: "yes" }, TypeError, /memory must be true or false/],
    [{ strict: 1 }, RangeError, /strict must be true or false/],
    [{ logger: { info() {} } }, TypeError, /logger must be an object with info, warn and error/],
    [{ onEvent: "log" }, TypeError, /onEvent must be a function/],
    [{ prefix: "" }, TypeError, /prefix must be text/],
    [{ timeoutMs: 0 }, RangeError, /timeoutMs must be a whole number of milliseconds/],
    [{ budgetMs: 1.5 }, RangeError, /budgetMs must be a whole number of milliseconds/],
    [{ prisme: {} }, TypeError, /prisme must be left out/],
  ])("%j throw at once", (options, Kind, says) => {
    const make = () => storeFromEnv({}, options as unknown as StoreFromEnvOptions);
    expect(make).toThrow(Kind);
    expect(make).toThrow(says);
    expect(make).toThrow(/^Cannot create /);
  });

  test.each([[undefined], [null], ["env"]])("an environment that is %j throws", (env) => {
    expect(() => storeFromEnv(env as unknown as object)).toThrow(TypeError);
    expect(() => storeFromEnv(env as unknown as object)).toThrow(/give process\.env/);
  });

  test("what is undefined is left out", async () => {
    const lines = keepLines();
    const none = { prisma: undefined, redis: undefined, mode: undefined, memory: undefined };
    const store = storeFromEnv({}, { ...none, onEvent: undefined, logger: lines.logger });
    expect(await create(store)).toEqual({ swapped: true });
  });
});

describe("the log", () => {
  test("says that Redis answers, once", async () => {
    const { store, lines } = openScene();
    for (let times = 0; times < 3; times++) {
      await create(store);
      await store.read(newKey());
    }
    expect(lines.all).toEqual([READY]);
  });

  test("says that Prisma took over, and why, once; and that Redis is back", async () => {
    await withClock(async (clock) => {
      const { store, redis, lines } = openScene();
      await create(store);
      expect(lines.take()).toEqual([READY]);
      breakDown(redis);
      for (let times = 0; times < 5; times++) await create(store);
      expect(lines.take()).toEqual([REFUSED, FALLBACK]);
      clock.advance(20);
      await create(store);
      expect(lines.take()).toEqual([]);
      redis.heal();
      clock.advance(20);
      for (let times = 0; times < 3; times++) await create(store);
      expect(lines.take()).toEqual([BACK]);
    });
  });

  test("says it again where Redis stops again, though not within a minute", async () => {
    await withClock(async (clock) => {
      const { store, redis, lines } = openScene();
      const stop = async () => {
        breakDown(redis);
        await create(store);
        redis.heal();
        await create(store);
      };
      await stop();
      expect(lines.take()).toEqual([REFUSED, FALLBACK, READY]);
      await stop();
      expect(lines.take()).toEqual([BACK]);
      clock.advance(61);
      await stop();
      expect(lines.take()).toEqual([REFUSED, FALLBACK, BACK]);
      // A clock that was set back does not silence it.
      clock.advance(-3600);
      await stop();
      expect(lines.take()).toEqual([REFUSED, FALLBACK, BACK]);
    });
  });

  test("says of Prisma what it says of Redis, and names both where memory is left", async () => {
    await withClock(async (clock) => {
      const { store, redis, prisma, lines } = openScene();
      breakDown(redis);
      breakDown(prisma);
      await create(store);
      expect(lines.take()).toEqual([
        REFUSED,
        "warn [Session Store] Prisma connection failed: The test's store refuses",
        memoryLine("Redis: The test's store refuses; Prisma: The test's store refuses"),
      ]);
      prisma.heal();
      await create(store);
      expect(lines.take()).toEqual([FALLBACK]);
      clock.advance(61);
      breakDown(prisma);
      await create(store);
      prisma.heal();
      await create(store);
      expect(lines.take()).toEqual([
        "warn [Session Store] Prisma connection failed: The test's store refuses",
        memoryLine("Redis: The test's store refuses; Prisma: The test's store refuses"),
        "info [Session Store] Prisma answers again",
      ]);
    });
  });

  test("does not say that Prisma took over where it was only asked for a row that Redis has not", async () => {
    const { store, lines } = openScene();
    expect(await store.read(newKey())).toBe(null);
    expect(await store.write(newKey(), "two", soon(), "one")).toEqual({
      swapped: false,
      current: null,
    });
    expect(lines.all).toEqual([READY]);
  });

  test("names what is not there", async () => {
    const without = openScene({ redis: undefined });
    await create(without.store);
    expect(without.lines.all).toEqual([UNSET, FALLBACK]);
    const off = openScene({ redis: false, prisma: undefined });
    await create(off.store);
    expect(off.lines.all).toEqual([
      "info [Session Store] Redis is not used: redis is false",
      memoryLine("redis is false; prisma is not given"),
    ]);
    const nothing = openScene({ redis: undefined, prisma: undefined });
    await create(nothing.store);
    expect(nothing.lines.all).toEqual([
      UNSET,
      memoryLine("no variable names a Redis; prisma is not given"),
    ]);
  });

  test("goes to the console where no logger is given", async () => {
    const spies = (["info", "warn", "error"] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation(() => undefined),
    );
    try {
      await create(storeFromEnv({}, { redis: shared().store }));
      await create(storeFromEnv({}, { redis: misconfigured() }));
      expect(spies.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1]);
      expect(spies[0]?.mock.calls[0]).toEqual([READY.slice("info ".length)]);
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  });

  test("a logger and an observer that fail do not fail the request", async () => {
    const fail = () => {
      throw new Error("the disk is full");
    };
    const logger = { info: fail, warn: async () => fail(), error: fail };
    const { store, redis } = openScene({ logger, onEvent: fail });
    breakDown(redis);
    expect(await create(store)).toEqual({ swapped: true });
  });

  test("a store of the application's that fails in its own words is not quoted", async () => {
    const read = () => Promise.reject(new Error("secret key and value"));
    const { store, lines } = openScene({ redis: { read, write: read }, memory: false });
    await expect(store.read("key")).rejects.toThrow("Cannot use Redis: it failed");
    expect(lines.all).toEqual([
      "warn [Session Store] Redis connection failed: it failed",
      FALLBACK,
    ]);
  });
});

describe("memory", () => {
  test("is left as soon as a shared store answers, and what was in it stays out of sight", async () => {
    await withClock(async (clock) => {
      const { store, redis, prisma } = openScene();
      breakDown(redis);
      breakDown(prisma);
      const key = newKey();
      await create(store, key);
      expect(await store.read(key)).toBe("one");
      redis.heal();
      prisma.heal();
      clock.advance(20);
      expect(await store.read(key)).toBe(null);
    });
  });

  test.each([
    [{}, 2],
    [{ NODE_ENV: "production" }, 2],
    [{ NODE_ENV: "production", VERCEL_ENV: "preview" }, 2],
    [{ NODE_ENV: "development" }, 1],
    [{ NODE_ENV: "test" }, 1],
    [{ NODE_ENV: "production", VERCEL_ENV: "development" }, 1],
  ])("in %j warns of the second entry: %i lines in all", async (env, count) => {
    const { store, redis, lines } = openScene({ prisma: undefined }, env);
    for (let times = 0; times < 2; times++) {
      breakDown(redis);
      for (let calls = 0; calls < 3; calls++) {
        await create(store);
      }
      redis.heal();
      await withClock(async (clock) => {
        clock.advance(20);
        await create(store);
      });
    }
    expect(lines.all.filter((line) => line.includes("Memory store in use"))).toHaveLength(count);
  });

  test("is local, and so is a store that has nothing else", async () => {
    expect(openScene().store.isLocal).toBe(false);
    expect(openScene({ redis: false, prisma: undefined }).store.isLocal).toBe(true);
  });

  test("is never asked where it is forbidden, and then nothing is created", async () => {
    const { store, redis, prisma, lines } = openScene({ memory: false });
    breakDown(redis);
    breakDown(prisma);
    await expect(create(store)).rejects.toMatchObject({ outcome: "none" });
    expect(lines.all.join()).not.toMatch(/Memory/);
    const nothing = openScene({ memory: false, redis: false, prisma: undefined });
    await expect(create(nothing.store)).rejects.toMatchObject({
      code: "STORE_MISCONFIGURED",
      message:
        "Cannot use Redis: redis is false; prisma is not given; memory is forbidden: set the variables, or give a client",
    });
  });
});

describe("mode cached", () => {
  test("says that both answer, and who takes over", async () => {
    const { store, redis, lines } = openScene({ mode: "cached" });
    const key = newKey();
    await create(store, key);
    expect(await store.read(key)).toBe("one");
    expect(lines.take()).toEqual([DECIDES, READY]);
    breakDown(redis);
    expect(await store.read(key)).toBe("one");
    expect(lines.take()).toEqual([REFUSED, FALLBACK]);
  });

  test("is Prisma alone where no variable names a Redis", async () => {
    const { store, prisma, lines } = openScene({ mode: "cached", redis: undefined });
    const key = newKey();
    await create(store, key);
    expect(await prisma.store.read(key)).toBe("one");
    expect(lines.all).toEqual([UNSET, DECIDES]);
    breakDown(prisma);
    await expect(create(store)).rejects.toMatchObject({ outcome: "none" });
    expect(lines.all.join()).not.toMatch(/Memory/);
  });

  test("keeps rows where mode fallback finds them, and copies where it does not", async () => {
    const commands: string[] = [];
    const redis = async ([name, ...rest]: [string, ...string[]]) => {
      commands.push(`${name} ${rest[name === "GET" ? 0 : 2]}`);
      return name === "GET" ? null : 1;
    };
    const { store, prisma } = openScene({ mode: "cached", redis, prefix: "shop:" });
    await create(store, "one");
    expect(commands).toEqual(["EVALSHA shop:copy:one"]);
    const later = openScene({ redis, prisma: prisma.store, prefix: "shop:" });
    expect(await later.store.read("one")).toBe("one");
    expect(commands.at(-1)).toBe("GET shop:one");
  });
});

describe("events", () => {
  test("tell of each step down and up", async () => {
    await withClock(async (clock) => {
      const { store, redis, events } = openScene();
      breakDown(redis);
      await create(store);
      redis.heal();
      clock.advance(20);
      await create(store);
      expect(events).toEqual([
        {
          type: "stepped-down",
          store: 0,
          outcome: "none",
          code: "STORE_UNAVAILABLE",
          message: "The test's store refuses",
        },
        { type: "stepped-up", store: 0 },
      ]);
    });
  });
});

describe("a Redis that may be read and not written", () => {
  test("is not said to answer again with each read, nor to be the one that serves", () =>
    withClock(async (clock) => {
      const { write } = misconfigured();
      const redis = { read: async () => null, write };
      const { store, lines } = openScene({ redis });
      for (let n = 0; n < 5; n++) {
        const key = newKey();
        await create(store, key);
        expect(await store.read(key)).toBe("one");
        clock.advance(61);
      }
      const failed =
        "error [Session Store] Redis connection failed: WRONGPASS; check token, rights and prefix";
      expect(lines.all.filter((line) => line === failed)).toHaveLength(5);
      expect(lines.all.filter((line) => line === FALLBACK)).toHaveLength(1);
      expect(lines.all).not.toContain(BACK);
      expect(lines.all).not.toContain(READY);
    }));
});
