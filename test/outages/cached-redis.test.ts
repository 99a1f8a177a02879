// cachedStore({ authority: sql, cache: redis }) while Redis, the cache, fails in every way. See docs/outages.md.

import { cachedStore } from "coatcheck";
import { redisStore, upstash } from "coatcheck/redis";
import { prismaStore } from "coatcheck/prisma";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openShop } from "../behaviour/setup.ts";
import { describeWith } from "../support/needs.ts";
import { startProxy } from "../support/proxy.ts";
import { startRedis } from "../support/redis.ts";
import { startUpstash } from "../support/upstash.ts";
import { cached, MAX_STALE_MS, PATIENT } from "./compositions.ts";
import { count, found, leave, look, signedIn, skip } from "./story.ts";
import { type Instance, startWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterEach(() => world.heal());

afterAll(() => world?.stop());

const compose = cached();
const patient = cached(PATIENT);

/** What holds while Redis gives no answer, and when it does again: SQL alone is enough. */
async function storyOf([one, two]: [Instance, Instance], again: () => Promise<void>) {
  const before = await signedIn(one);
  expect(await look(two, before)).toBe("ann 0");
  return async () => {
    expect(await count(one, before)).toBe(200);
    expect(await look(two, before)).toBe("ann 1");
    const during = await signedIn(two);
    const copy = during.copy();
    expect(await count(one, during)).toBe(200);
    expect(await leave(two, during)).toBe(200);
    expect(await look(one, copy)).toBe("nobody");
    await again();
    // What Redis brings back is older than what was written meanwhile. Whoever wrote is not taken in; others are told
    // in time.
    expect(await look(one, before)).toBe("ann 1");
    expect(await look(one, copy)).toBe("nobody");
    skip(MAX_STALE_MS);
    expect(await look(two, before)).toBe("ann 1");
    expect(await look(two, copy)).toBe("nobody");
  };
}

describeWith("postgres")("Redis, as a cache over SQL", () => {
  test("Redis slow: everything is answered, only later", async () => {
    const [one, two] = world.open(patient);
    for (const { network } of [one, two]) await network.redis.trouble({ kind: "slow", ms: 150 });
    const jar = await signedIn(one);
    const copy = jar.copy();
    expect(await count(two, jar)).toBe(200);
    expect(await look(one, jar)).toBe("ann 1");
    expect(await leave(one, jar)).toBe(200);
    expect(await look(two, copy)).toBe("nobody");
    expect([...one.steps, ...two.steps]).toEqual([]);
  });

  test("Redis frozen: SQL alone serves everybody, and nothing that Redis kept undoes it", async () => {
    const tell = await storyOf(world.open(compose), async () => world.redis.resume());
    world.redis.pause();
    await tell();
  }, 90_000);

  test("Redis down: SQL alone serves everybody, and nothing that Redis kept undoes it", async () => {
    const tell = await storyOf(world.open(patient), () => world.redis.restart());
    await world.redis.kill();
    await tell();
  }, 60_000);

  test("R55 F14 F49 Redis back with old data: what was ended stays so, at once where it was ended, elsewhere in time", async () => {
    const [one, two] = world.open(patient);
    const jar = await signedIn(one);
    const other = await signedIn(one);
    expect(await look(two, jar)).toBe("ann 0");
    await world.redis.keepCopy();
    const copy = jar.copy();
    expect(await count(one, other)).toBe(200);
    expect(await leave(one, jar)).toBe(200);
    await world.redis.restart("copy");
    expect(await look(one, copy)).toBe("nobody");
    expect(await look(one, other)).toBe("ann 1");
    skip(MAX_STALE_MS);
    expect(await look(two, copy)).toBe("nobody");
    expect(await look(two, other)).toBe("ann 1");
    expect(await count(two, other)).toBe(200);
    expect(await look(one, other)).toBe("ann 2");
  });

  test("F53 Redis back empty: nobody is signed out, nothing is lost, and what was ended stays so", async () => {
    const [one, two] = world.open(patient);
    const jar = await signedIn(one);
    const ended = await signedIn(one);
    const copy = ended.copy();
    expect(await count(two, jar)).toBe(200);
    expect(await leave(one, ended)).toBe(200);
    await world.redis.restart("nothing");
    for (const instance of [one, two]) {
      expect(await look(instance, jar)).toBe("ann 1");
      expect(await look(instance, copy)).toBe("nobody");
    }
  });

  test("R55 Redis reachable from some instances only: an end there is known to the others in time, a change too", async () => {
    const [cut, whole] = world.open(patient);
    const jar = await signedIn(whole);
    const other = await signedIn(whole);
    await cut.network.redis.trouble({ kind: "refuse" });
    expect(await look(cut, jar)).toBe("ann 0");
    expect(await look(whole, other)).toBe("ann 0");
    const copy = jar.copy();
    expect(await count(cut, other)).toBe(200);
    expect(await leave(cut, jar)).toBe(200);
    expect(await look(cut, copy)).toBe("nobody");
    expect(await look(cut, other)).toBe("ann 1");
    skip(MAX_STALE_MS);
    expect(await look(whole, copy)).toBe("nobody");
    expect(await look(whole, other)).toBe("ann 1");
    // The other way round nothing is in between: whoever cannot reach Redis asks SQL.
    expect(await count(whole, other)).toBe(200);
    expect(await look(cut, other)).toBe("ann 2");
  });

  test("R55 Redis replicated with lag: an end is known to readers of the replica in time, and changes are made on what is new", async () => {
    const line = await startProxy(world.redis.port);
    const replica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(line.port)] });
    const near = await startUpstash({ redisPort: world.redis.port, replicaPort: replica.port });
    const client = await world.sql.connect();
    try {
      const [one] = world.open(patient);
      const { url, token } = near;
      const two = openShop(
        cachedStore({
          authority: prismaStore(client.session, { timeoutMs: 5_000 }),
          cache: redisStore(upstash({ url, token, timeoutMs: 5_000 })),

          ...PATIENT,
        }),
      );
      const jar = await signedIn(one);
      const other = await signedIn(one);
      await found(two, jar, "ann 0");
      await line.trouble({ kind: "hang" });
      const copy = jar.copy();
      expect(await count(one, other)).toBe(200);
      expect(await leave(one, jar)).toBe(200);
      expect(await count(two, other)).toBe(200);
      expect(await look(two, other)).toBe("ann 2");
      skip(MAX_STALE_MS);
      expect(await look(two, copy)).toBe("nobody");
      expect(await look(one, other)).toBe("ann 2");
    } finally {
      await client.$disconnect();
      await near.stop();
      await replica.stop();
      await line.stop();
    }
  });
});
