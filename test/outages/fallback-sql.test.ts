// fallbackStore([redis, sql, memory]) while SQL, the second of the list, fails in every way. See docs/outages.md.

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Jar } from "../support/jar.ts";
import { describeWith } from "../support/needs.ts";
import { fallback, PATIENT } from "./compositions.ts";
import { count, found, leave, look, signedIn } from "./story.ts";
import { type Instance, startWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterEach(() => world.heal());

afterAll(() => world?.stop());

const compose = fallback();
const patient = fallback(PATIENT);

/**
 * Somebody who signed in while Redis was out of reach, so that the session lives in SQL. On an instance of its own: one
 * that got no answer from Redis creates nothing there for a second.
 */
async function signedInBelow(): Promise<Jar> {
  const [instance] = world.open(patient);
  await instance.network.redis.trouble({ kind: "refuse" });
  const jar = await signedIn(instance);
  await instance.network.redis.mend();
  await found(instance, jar, "ann 0");
  return jar;
}

/** What holds while SQL gives no answer, and when it does again. */
async function storyOf([one, two]: [Instance, Instance], again: () => Promise<void>) {
  const below = await signedInBelow();
  return async () => {
    // Whose session is in Redis learns nothing of it.
    const jar = await signedIn(one);
    const copy = jar.copy();
    expect(await count(two, jar)).toBe(200);
    expect(await look(one, jar)).toBe("ann 1");
    expect(await leave(one, jar)).toBe(200);
    expect(await look(two, copy)).toBe("nobody");
    // Redis alone cannot say that a session is not there.
    expect(await look(one, below)).toBe("503");
    expect(await count(two, below)).toBe(503);
    await again();
    await found(one, below, "ann 0");
    await found(two, below, "ann 0");
  };
}

describeWith("postgres")("SQL, between Redis and memory", () => {
  test("SQL slow: whose session is in Redis learns nothing of it, and the others wait", async () => {
    const [one, two] = world.open(patient);
    const below = await signedInBelow();
    const jar = await signedIn(one);
    for (const { network } of [one, two]) await network.sql.trouble({ kind: "slow", ms: 150 });
    const before = one.asked.sql.commands;
    expect(await count(one, jar)).toBe(200);
    expect(await look(one, jar)).toBe("ann 1");
    expect(one.asked.sql.commands).toBe(before);
    expect(await count(two, below)).toBe(200);
    expect(await look(one, below)).toBe("ann 1");
  });

  test("SQL frozen: its sessions wait, those in Redis do not, and all are back when it thaws", async () => {
    const tell = await storyOf(world.open(compose), async () => world.sql.resume());
    world.sql.pause();
    await tell();
  }, 60_000);

  test("SQL down: its sessions wait, those in Redis do not, and all are back when it is", async () => {
    const tell = await storyOf(world.open(compose), () => world.sql.restart());
    await world.sql.kill();
    await tell();
  }, 60_000);

  test("SQL back with old data: what was written there since is undone, and nothing in Redis is", async () => {
    const [one, two] = world.open(patient);
    const jar = await signedIn(one);
    const below = await signedInBelow();
    const putBack = await world.keepRows();
    expect(await count(one, below)).toBe(200);
    expect(await count(one, jar)).toBe(200);
    await putBack();
    // This is what a store that forgets does.
    expect(await look(two, below)).toBe("ann 0");
    expect(await look(two, jar)).toBe("ann 1");
  });

  test("SQL back empty: who had a session there is signed out, everybody else is not", async () => {
    const [one, two] = world.open(patient);
    const jar = await signedIn(one);
    const below = await signedInBelow();
    await world.emptyRows();
    expect(await look(two, below)).toBe("nobody");
    expect(await look(two, jar)).toBe("ann 0");
  });

  test("SQL reachable from some instances only: the others wait, and no end is undone", async () => {
    const [cut, whole] = world.open(patient);
    const below = await signedInBelow();
    const copy = below.copy();
    await cut.network.sql.trouble({ kind: "refuse" });
    expect(await look(cut, below)).toBe("503");
    expect(await count(whole, below)).toBe(200);
    expect(await leave(whole, below)).toBe(200);
    expect(await look(cut, copy)).toBe("503");
    await cut.network.sql.mend();
    await found(cut, copy, "nobody");
  });
});
