// fallbackStore([redis, sql, memory]) while Redis, the first of the list, fails in every way. See docs/outages.md.

import { fallbackStore, memoryStore } from "coatcheck";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { startRedis } from "../support/redis.ts";
import { startProxy } from "../support/proxy.ts";
import { startUpstash } from "../support/upstash.ts";
import { redisStore, upstash } from "coatcheck/redis";
import { openShop } from "../behaviour/setup.ts";
import { fallback, PATIENT } from "./compositions.ts";
import { count, enter, found, leave, look, signedIn } from "./story.ts";
import { type Instance, startWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterEach(() => world.heal());

afterAll(() => world?.stop());

const compose = fallback();
const patient = fallback(PATIENT);

/** What holds while Redis gives no answer, and when it does again. */
async function storyOf([one, two]: [Instance, Instance], again: () => Promise<void>) {
  const before = await signedIn(two);
  const cookie = before.header();
  return async () => {
    expect(await look(one, before)).toBe("503");
    expect(await count(one, before)).toBe(503);
    expect(await leave(two, before)).toBe(503);
    expect(before.header()).toBe(cookie);

    // Whoever signs in now has a session in SQL, for all instances.
    const during = await signedIn(one);
    const copy = during.copy();
    expect(await count(two, during)).toBe(200);
    expect(await look(one, during)).toBe("ann 1");
    expect(one.steps.map(({ type }) => type)).toEqual(["stepped-down"]);

    await again();
    await found(one, before, "ann 0");
    expect(await look(one, during)).toBe("ann 1");
    expect(await leave(one, during)).toBe(200);
    await found(two, before, "ann 0");
    expect(await look(two, copy)).toBe("nobody");
    expect(one.steps.map(({ type }) => type)).toEqual(["stepped-down", "stepped-up"]);
  };
}

describeWith("postgres")("Redis, before SQL and memory", () => {
  test("Redis slow: everything is answered, only later, and nobody else is asked", async () => {
    const [one, two] = world.open(patient);
    for (const { network } of [one, two]) await network.redis.trouble({ kind: "slow", ms: 150 });
    const jar = await signedIn(one);
    const copy = jar.copy();
    expect(await count(two, jar)).toBe(200);
    expect(await look(one, jar)).toBe("ann 1");
    expect(await leave(two, jar)).toBe(200);
    expect(one.steps).toEqual([]);
    expect(one.asked.sql.commands + two.asked.sql.writes).toBe(0);
    expect(await look(one, copy)).toBe("nobody");
  });

  test("Redis frozen: its sessions wait, new ones live in SQL, and all are back when it thaws", async () => {
    const tell = await storyOf(world.open(compose), async () => world.redis.resume());
    world.redis.pause();
    await tell();
  }, 60_000);

  test("Redis down: its sessions wait, new ones live in SQL, and all are back when it is", async () => {
    const tell = await storyOf(world.open(patient), () => world.redis.restart());
    await world.redis.kill();
    await tell();
  }, 60_000);

  test("F11 F18 F47 Redis down, and back: no row is ever in two stores, nor copied from one to the other", async () => {
    const [one] = world.open(patient);
    const there = await signedIn(one);
    await one.network.redis.trouble({ kind: "refuse" });
    const below = await signedIn(one);
    await one.network.redis.mend();
    await count(one, below);
    await count(one, there);
    await leave(one, below);
    const keys = (await world.redis.command(["KEYS", "session:*"])) as Buffer[];
    const inRedis = keys.map((key) => key.toString().slice("session:".length));
    const inSql = (await world.rows()).map(({ key }) => key);
    expect(inRedis.length).toBeGreaterThan(0);
    expect(inSql.length).toBeGreaterThan(0);
    expect(inRedis.filter((key) => inSql.includes(key))).toEqual([]);
  });

  test("F45 Redis down: a session lives as long in SQL as it would have in Redis", async () => {
    const [one] = world.open(patient);
    await one.network.redis.trouble({ kind: "refuse" });
    const jar = await signedIn(one);
    const { expiresAt } = await one.open(jar);
    const rows = await world.rows();
    expect(rows.map((row) => row.expiresAt.getTime())).toContain(expiresAt);
  });

  test("Redis back with old data: what was written since is undone, and nothing else is", async () => {
    const [one, two] = world.open(patient);
    const old = await signedIn(one);
    const gone = await signedIn(one);
    await world.redis.keepCopy();
    await count(one, old);
    const copy = gone.copy();
    await leave(one, gone);
    await one.network.redis.trouble({ kind: "refuse" });
    const below = await signedIn(one);
    await one.network.redis.mend();
    await world.redis.restart("copy");
    // This is what a store that forgets does, and why there is cachedStore.
    expect(await look(two, old)).toBe("ann 0");
    expect(await look(two, copy)).toBe("ann 0");
    expect(await look(two, below)).toBe("ann 0");
  });

  test("Redis back empty: who had a session there is signed out, everybody else is not", async () => {
    const [one, two] = world.open(patient);
    const there = await signedIn(one);
    await one.network.redis.trouble({ kind: "refuse" });
    const below = await signedIn(one);
    await one.network.redis.mend();
    await world.redis.restart("nothing");
    expect(await look(two, there)).toBe("nobody");
    expect(await look(two, below)).toBe("ann 0");
    expect(await enter(two, there)).toBe(200);
    expect(await look(one, there)).toBe("ann 0");
  });

  test("Redis reachable from some instances only: the others wait, and no end is undone", async () => {
    const [cut, whole] = world.open(patient);
    const jar = await signedIn(cut);
    const copy = jar.copy();
    await cut.network.redis.trouble({ kind: "refuse" });
    expect(await look(cut, jar)).toBe("503");
    expect(await look(whole, jar)).toBe("ann 0");
    const below = await signedIn(cut);
    expect(await look(whole, below)).toBe("ann 0");
    expect(await leave(whole, jar)).toBe(200);
    expect(await look(cut, copy)).toBe("503");
    await cut.network.redis.mend();
    await found(cut, copy, "nobody");
    expect(await look(cut, below)).toBe("ann 0");
  });

  test("Redis replicated with lag: a read may be old, but no change is lost and nothing ended is saved again", async () => {
    const line = await startProxy(world.redis.port);
    const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(line.port)] });
    const near = await startUpstash({ redisPort: world.redis.port, replicaPort: replica.port });
    try {
      const { url, token } = near;
      const [far] = world.open(patient);
      const shop = openShop(fallbackStore([redisStore(upstash({ url, token })), memoryStore()]));
      const jar = await signedIn(far);
      const ended = await signedIn(far);
      const copy = ended.copy();
      await found(shop, ended, "ann 0");
      await line.trouble({ kind: "hang" });
      expect(await count(far, jar)).toBe(200);
      expect(await leave(far, ended)).toBe(200);
      expect(await look(shop, jar)).toBe("ann 0");
      expect(await look(shop, copy)).toBe("ann 0");
      // What was read there is old: the swap, at the primary, is made on what stands there now, or not at all.
      expect(await count(shop, jar)).toBe(200);
      expect(await look(far, jar)).toBe("ann 2");
      await count(shop, copy);
      expect(await look(far, copy)).toBe("nobody");
      await line.mend();
      await found(shop, jar, "ann 2");
      await found(shop, copy, "nobody");
    } finally {
      await near.stop();
      await replica.stop();
      await line.stop();
    }
  });
});
