// cachedStore({ authority: sql, cache: redis }) while SQL, which decides, fails, alone or with Redis. See docs/outages.md.

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { cached, MAX_STALE_MS, PATIENT } from "./compositions.ts";
import { count, enter, found, leave, look, signedIn, skip } from "./story.ts";
import { cookieJar } from "../support/jar.ts";
import { type Instance, startWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterEach(() => world.heal());

afterAll(() => world?.stop());

const compose = cached();
const patient = cached(PATIENT);

/** What holds while SQL gives no answer: copies are read as long as they are fresh, and nothing is changed. */
async function storyOf([one, two]: [Instance, Instance], begin: () => Promise<void>) {
  const jar = await signedIn(one);
  const ended = await signedIn(one);
  const copy = ended.copy();
  // For a second after its own write, an instance takes no other's word for what is newer: clocks may differ.
  skip(1001);
  expect(await leave(two, ended)).toBe(200);
  const leaving = await signedIn(one);
  const stolen = leaving.copy();
  await begin();
  expect(await look(two, jar)).toBe("ann 0");
  // A sign-out that is not confirmed is none, but it is not forgotten either: the browser now has a cookie that ends.
  expect(await leave(two, leaving)).toBe(503);
  expect(leaving.header()).not.toBe(stolen.header());
  // Redis was told of the end, so that is known as well.
  expect(await look(one, copy)).toBe("nobody");
  const cookie = jar.header();
  skip(MAX_STALE_MS);
  expect(await look(two, jar)).toBe("503");
  expect(await count(one, jar)).toBe(503);
  expect(await enter(one, cookieJar())).toBe(503);
  expect(jar.header()).toBe(cookie);
  return async () => {
    for (const instance of [one, two]) {
      await found(instance, jar, "ann 0");
      await found(instance, copy, "nobody");
    }
    // On any instance.
    await one.visit(leaving);
    expect(leaving.header()).toBe(null);
    expect(await look(one, stolen)).toBe("nobody");
    await found(two, stolen, "nobody");
    expect(await count(two, jar)).toBe(200);
    expect(await look(one, jar)).toBe("ann 1");
  };
}

describeWith("postgres")("SQL, behind a cache in Redis", () => {
  test("both up: a read costs Redis one command and SQL none, and an end is known everywhere at once", async () => {
    const [one, two] = world.open(patient);
    const jar = await signedIn(one);
    const copy = jar.copy();
    expect(await count(two, jar)).toBe(200);
    const before = [two.asked.redis.commands, two.asked.sql.commands];
    expect(await look(two, jar)).toBe("ann 1");
    expect([two.asked.redis.commands, two.asked.sql.commands]).toEqual([
      (before[0] ?? 0) + 1,
      before[1],
    ]);
    expect(await leave(two, jar)).toBe(200);
    expect(await look(one, copy)).toBe("nobody");
  });

  test("SQL slow: everything is answered, only later, and what has a copy is not late at all", async () => {
    const [one, two] = world.open(patient);
    for (const { network } of [one, two]) await network.sql.trouble({ kind: "slow", ms: 150 });
    const jar = await signedIn(one);
    const copy = jar.copy();
    skip(1001);
    expect(await count(two, jar)).toBe(200);
    const before = one.asked.sql.commands;
    expect(await look(one, jar)).toBe("ann 1");
    expect(one.asked.sql.commands).toBe(before);
    expect(await leave(one, jar)).toBe(200);
    expect(await look(two, copy)).toBe("nobody");
  });

  test("SQL frozen: what has a fresh copy is read, nothing is changed, and all is there when it thaws", async () => {
    const tell = await storyOf(world.open(compose), async () => world.sql.pause());
    world.sql.resume();
    await tell();
  }, 90_000);

  test("SQL down: what has a fresh copy is read, nothing is changed, and all is there when it is back", async () => {
    const tell = await storyOf(world.open(patient), () => world.sql.kill());
    await world.sql.restart();
    await tell();
  }, 60_000);

  test("SQL back empty: copies are read for a moment, but nothing is made of them", async () => {
    const [one, two] = world.open(patient);
    const jar = await signedIn(one);
    await world.emptyRows();
    // This is what a store that forgets does, and the one that decides must not.
    expect(await look(two, jar)).toBe("ann 0");
    await count(two, jar);
    expect(await look(two, jar)).toBe("nobody");
    expect(await world.rows()).toEqual([]);
  });

  test("SQL reachable from some instances only: the others read fresh copies, and change nothing", async () => {
    const [cut, whole] = world.open(patient);
    const jar = await signedIn(whole);
    const copy = jar.copy();
    await cut.network.sql.trouble({ kind: "refuse" });
    expect(await look(cut, jar)).toBe("ann 0");
    expect(await count(cut, jar)).toBe(503);
    expect(await count(whole, jar)).toBe(200);
    expect(await look(cut, jar)).toBe("ann 1");
    expect(await leave(whole, jar)).toBe(200);
    expect(await look(cut, copy)).toBe("nobody");
    await cut.network.sql.mend();
    await found(cut, jar, "nobody");
  });

  test("both slow: everything is answered, only later", async () => {
    const [one, two] = world.open(patient);
    for (const { network } of [one, two]) {
      await network.redis.trouble({ kind: "slow", ms: 100 });
      await network.sql.trouble({ kind: "slow", ms: 100 });
    }
    const jar = await signedIn(one);
    expect(await count(two, jar)).toBe(200);
    expect(await look(one, jar)).toBe("ann 1");
    expect([...one.steps, ...two.steps]).toEqual([]);
  });

  test("both frozen: nobody is answered, nobody is signed out, and all is there when they thaw", async () => {
    const [one, two] = world.open(compose);
    const jar = await signedIn(one);
    world.redis.pause();
    world.sql.pause();
    expect(await look(one, jar)).toBe("503");
    expect(await count(two, jar)).toBe(503);
    expect(await enter(one, cookieJar())).toBe(503);
    world.redis.resume();
    world.sql.resume();
    await found(one, jar, "ann 0");
    await found(two, jar, "ann 0");
  }, 60_000);

  test("both down: nobody is answered, nobody is signed out, and all is there when they are back", async () => {
    const [one, two] = world.open(patient);
    const jar = await signedIn(one);
    expect(await count(two, jar)).toBe(200);
    await world.redis.kill();
    await world.sql.kill();
    expect(await look(one, jar)).toBe("503");
    expect(await count(two, jar)).toBe(503);
    await world.redis.restart();
    await world.sql.restart();
    await found(one, jar, "ann 1");
    await found(two, jar, "ann 1");
  }, 60_000);

  test("both reachable from some instances only: the others wait, and learn of an end when they are back", async () => {
    const [cut, whole] = world.open(patient);
    const jar = await signedIn(cut);
    const copy = jar.copy();
    await cut.network.redis.trouble({ kind: "refuse" });
    await cut.network.sql.trouble({ kind: "refuse" });
    expect(await look(cut, jar)).toBe("503");
    expect(await count(whole, jar)).toBe(200);
    expect(await leave(whole, jar)).toBe(200);
    expect(await look(cut, copy)).toBe("503");
    await cut.network.redis.mend();
    await cut.network.sql.mend();
    await found(cut, copy, "nobody");
  });
});
