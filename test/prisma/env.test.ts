// A shop on Redis, Prisma and memory as the environment names them: real parts, which fail and come back.

import { createSessions, type Sessions } from "coatcheck";
import { storeFromEnv, type StoreFromEnvOptions } from "coatcheck/env";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { withClock } from "../support/clock.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import { keepLines, type Lines } from "../support/lines.ts";
import { describeWithRedis } from "../support/needs.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";
import { type Client, type Database, openClient } from "./databases.ts";
import { makeLibsql } from "./libsql.ts";
import { PrismaLibSql } from "@prisma/adapter-libsql";

const READY = "info [Session Store] ✅ Redis store initialized successfully";
const FALLBACK = "info [Session Store] ✅ PrismaSessionStore initialized as fallback";
const BACK = "info [Session Store] Redis answers again";
const SECRET = "a secret of more than thirty-two bytes, for tests";
/** More than the time between two probes of a store that was given up. */
const PROBED = 20;

let redis: RedisProcess;
let bridge: UpstashBridge;
let database: Database;
let prisma: Client;

beforeAll(async () => {
  database = await makeLibsql();
  prisma = await database.connect();
  redis = await startRedis();
  bridge = await startUpstash({ redisPort: redis.port });
});

afterAll(async () => {
  await bridge?.stop();
  await redis?.stop();
  await prisma?.$disconnect();
  await database?.stop();
});

beforeEach(async () => {
  bridge.clearFaults();
  await redis.command(["FLUSHALL"]);
  await prisma.$executeRawUnsafe("DELETE FROM Session");
});

interface Shop {
  readonly lines: Lines;
  readonly sessions: Sessions<{ cart: string[] }>;
  /** One request: adds tea and answers how many there are now; a text instead is the status of a refusal. */
  visit(jar: Jar): Promise<number | string>;
}

function openShop(options: StoreFromEnvOptions = {}, env: object = variables()): Shop {
  const lines = keepLines();
  const own = { prisma, logger: lines.logger, timeoutMs: 5000, budgetMs: 20_000 };
  const sessions = createSessions<{ cart: string[] }>({
    secrets: [SECRET],
    store: storeFromEnv(env, { ...own, ...options }),
    initial: () => ({ cart: [] }),
  });
  const handle = sessions.handler(async (_request, getSession) => {
    const session = await getSession();
    return Response.json(session.data.cart.push("tea"));
  });
  return {
    lines,
    sessions,
    async visit(jar) {
      const response = await handle(jar.request());
      jar.take(response);
      return response.ok ? ((await response.json()) as number) : String(response.status);
    },
  };
}

function variables(): object {
  return { UPSTASH_REDIS_REST_URL: bridge.url, UPSTASH_REDIS_REST_TOKEN: bridge.token };
}

async function countRows(): Promise<number> {
  const rows = await prisma.$queryRawUnsafe("SELECT key FROM Session");
  return (rows as unknown[]).length;
}

function refuse(): void {
  bridge.fault({ kind: "quota", times: Number.POSITIVE_INFINITY });
}

describeWithRedis("Redis, Prisma, memory", () => {
  test("a session stays where it began: an outage hides it and loses nothing, either way", async () => {
    await withClock(async (clock) => {
      const shop = openShop();
      const [early, late] = [cookieJar(), cookieJar()];
      expect([await shop.visit(early), await shop.visit(early)]).toEqual([1, 2]);
      expect(shop.lines.take()).toEqual([READY]);
      refuse();
      expect(await shop.visit(early)).toBe("503");
      expect([await shop.visit(late), await shop.visit(late)]).toEqual([1, 2]);
      expect(shop.lines.take()).toEqual([
        "warn [Session Store] Redis connection failed: max daily; a limit of the plan is reached: Upstash's console shows which, and until when",
        FALLBACK,
      ]);
      expect(await countRows()).toBe(1);
      bridge.clearFaults();
      clock.advance(PROBED);
      expect([await shop.visit(early), await shop.visit(late)]).toEqual([3, 3]);
      expect(shop.lines.take()).toEqual([BACK]);
      // A new one begins in Redis again.
      expect(await shop.visit(cookieJar())).toBe(1);
      expect(await countRows()).toBe(1);
    });
  });

  test("a logout in an outage ends what is there, and never brings anything back", async () => {
    await withClock(async (clock) => {
      const shop = openShop();
      refuse();
      const jar = cookieJar();
      expect(await shop.visit(jar)).toBe(1);
      const header = jar.header();
      const session = await shop.sessions.open(header);
      session.destroy();
      await shop.sessions.save(session);
      bridge.clearFaults();
      clock.advance(PROBED);
      expect((await shop.sessions.open(header)).isNew).toBe(true);
    });
  });

  test("Redis that freezes: new sessions begin further down, and when it thaws it has its own again", async () => {
    const own = await startRedis();
    const front = await startUpstash({ redisPort: own.port });
    try {
      const env = { REDIS_URL: front.url, REDIS_TOKEN: front.token };
      const shop = openShop({}, env);
      const jar = cookieJar();
      expect(await shop.visit(jar)).toBe(1);
      own.pause();
      const frozen = openShop({ timeoutMs: 200 }, env);
      // A create that is not answered is tried again, once, and lands further down.
      expect(await frozen.visit(cookieJar())).toBe(1);
      expect(frozen.lines.all).toEqual([
        "warn [Session Store] Redis connection failed: no answer within 200 ms",
        FALLBACK,
      ]);
      expect(await frozen.visit(jar)).toBe("503");
      own.resume();
      expect(await shop.visit(jar)).toBe(2);
    } finally {
      await front.stop();
      await own.stop();
    }
  });

  test("an old database, whose token is not its password, is named with both ways out", async () => {
    // Upstash's hosts cannot be asked here: their address leads to the bridge.
    const real = globalThis.fetch;
    globalThis.fetch = async (_url, init) => real(bridge.url, init);
    try {
      const shop = openShop({}, { REDIS_URL: "rediss://default:password@old.upstash.io:6379" });
      expect(await shop.visit(cookieJar())).toBe(1);
      expect(shop.lines.all).toEqual([
        "error [Session Store] Redis connection failed: WRONGPASS; the password in REDIS_URL is not the REST token, as in old databases: set UPSTASH_REDIS_REST_TOKEN beside it, to the REST token from Upstash's console or to what ACL RESTTOKEN default <password> answers in redis-cli",
        FALLBACK,
      ]);
      const mended = openShop(
        {},
        {
          REDIS_URL: "rediss://default:password@old.upstash.io:6379",
          UPSTASH_REDIS_REST_TOKEN: bridge.token,
        },
      );
      expect(await mended.visit(cookieJar())).toBe(1);
      expect(mended.lines.all).toEqual([READY]);
    } finally {
      globalThis.fetch = real;
    }
  });
});

describeWithRedis("a change of what is configured", () => {
  test("Redis that is added finds the sessions that Prisma has", async () => {
    const jar = cookieJar();
    expect(await openShop({}, {}).visit(jar)).toBe(1);
    const shop = openShop();
    expect([await shop.visit(jar), await shop.visit(jar)]).toEqual([2, 3]);
    expect(await countRows()).toBe(1);
  });

  test("from cached to fallback nobody is signed out", async () => {
    const jar = cookieJar();
    const cached = openShop({ mode: "cached" });
    expect([await cached.visit(jar), await cached.visit(jar)]).toEqual([1, 2]);
    expect(await openShop().visit(jar)).toBe(3);
  });

  test("from fallback to cached those sign in again whose sessions are in Redis, which keeps them", async () => {
    const jar = cookieJar();
    const fallback = openShop();
    expect(await fallback.visit(jar)).toBe(1);
    const header = jar.header();
    const cached = openShop({ mode: "cached" });
    expect((await cached.sessions.open(header)).isNew).toBe(true);
    expect((await fallback.sessions.open(header)).data.cart).toEqual(["tea"]);
  });
});

describeWithRedis("mode cached", () => {
  test("an outage of Redis is not noticed by anybody", async () => {
    await withClock(async (clock) => {
      const shop = openShop({ mode: "cached" });
      const jar = cookieJar();
      expect(await shop.visit(jar)).toBe(1);
      refuse();
      for (const count of [2, 3, 4, 5]) expect(await shop.visit(jar)).toBe(count);
      bridge.clearFaults();
      clock.advance(PROBED);
      expect(await shop.visit(jar)).toBe(6);
      expect(shop.lines.all.map((line) => line.replace(/failed: .*/, "failed"))).toEqual([
        "info [Session Store] ✅ Prisma store initialized successfully",
        READY,
        "warn [Session Store] Redis connection failed",
        FALLBACK,
        BACK,
      ]);
    });
  });
});

describe("Prisma alone", () => {
  test("keeps the sessions where no variable names a Redis", async () => {
    const shop = openShop({}, {});
    const jar = cookieJar();
    expect([await shop.visit(jar), await shop.visit(jar)]).toEqual([1, 2]);
    expect(shop.lines.all).toEqual([
      "info [Session Store] Redis is not used: no variable names a Redis",
      FALLBACK,
    ]);
  });

  test("the model itself is taken as well, and one of another table is refused by its fields", async () => {
    const jar = cookieJar();
    expect(await openShop({ prisma: prisma.session }, {}).visit(jar)).toBe(1);
    expect(await openShop({}, {}).visit(jar)).toBe(2);
    expect(() => storeFromEnv({}, { prisma: prisma.prismaSession })).toThrow(
      /the model has no field key of type String/,
    );
  });

  test("a missing table is an error line that names the mend, and memory takes over", async () => {
    const empty = await openClient("sqlite", {
      adapter: new PrismaLibSql({ url: "file::memory:?cache=shared" }),
    });
    const shop = openShop({ prisma: empty }, {});
    expect(await shop.visit(cookieJar())).toBe(1);
    const reason =
      "its table does not exist; apply the migration for this database in prisma/migrations";
    expect(shop.lines.all).toEqual([
      "info [Session Store] Redis is not used: no variable names a Redis",
      `error [Session Store] Prisma connection failed: ${reason}`,
      `warn [Session Store] ⚠️ Memory store in use (no variable names a Redis; Prisma: ${reason}): sessions are lost when this process ends, unknown to every other, and gone after 15 minutes`,
    ]);
    await empty.$disconnect();
  });

  test("rows that have expired do not pile up", async () => {
    const store = storeFromEnv({}, { prisma, logger: keepLines().logger, timeoutMs: 10_000 });
    const clock = Date.now;
    Date.now = () => clock() - 120_000;
    await store.write("old", "v1 old", Date.now() + 60_000, null);
    Date.now = clock;
    for (let writes = 1; writes < 90; writes++) {
      await store.write(`key ${writes}`, "v1 one", Date.now() + 60_000, null);
    }
    expect(await countRows()).toBe(89);
  });
});
