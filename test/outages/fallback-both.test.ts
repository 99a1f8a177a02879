// fallbackStore([redis, sql, memory]) while both shared stores work, and while both fail. See docs/outages.md.

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { cookieJar } from "../support/jar.ts";
import { describeWith } from "../support/needs.ts";
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

/** What holds while neither gives an answer, and when both do again. */
async function storyOf([one, two]: [Instance, Instance], again: () => Promise<void>) {
  const before = await signedIn(one);
  const ended = await signedIn(one);
  const copy = ended.copy();
  expect(await leave(one, ended)).toBe(200);
  return async () => {
    // Nobody is signed out, and what was ended stays so: no memory stands in for a session that it never had.
    expect(await look(one, before)).toBe("503");
    expect(await look(one, copy)).toBe("503");
    expect(await look(two, before)).toBe("503");

    // New sessions are this instance's alone, once it has found out. Another one cannot say that there is none.
    const during = cookieJar();
    await expect.poll(() => enter(one, during), { timeout: 15_000 }).toBe(200);
    expect(await count(one, during)).toBe(200);
    expect(await look(one, during)).toBe("ann 1");
    expect(await look(two, during)).toBe("503");
    expect(one.steps.map((step) => "store" in step && [step.type, step.store])).toEqual([
      ["stepped-down", 0],
      ["stepped-down", 1],
    ]);

    await again();
    await found(one, before, "ann 0");
    await found(two, before, "ann 0");
    await found(one, copy, "nobody");
    // A shared store answers: memory is not asked any more, and says so by a session that is gone.
    await found(one, during, "nobody");
  };
}

describeWith("postgres")("Redis and SQL, before memory", () => {
  test("both up: sessions live in Redis, for every instance, and nobody else is asked", async () => {
    const [one, two] = world.open(patient);
    const jar = await signedIn(one);
    const copy = jar.copy();
    expect(await count(two, jar)).toBe(200);
    expect(await look(one, jar)).toBe("ann 1");
    expect(await leave(two, jar)).toBe(200);
    expect([one.asked.sql.commands, two.asked.sql.commands]).toEqual([0, 0]);
    expect(await look(one, copy)).toBe("nobody");
    expect([...one.steps, ...two.steps]).toEqual([]);
  });

  test("both slow: everything is answered, only later", async () => {
    const [one, two] = world.open(patient);
    for (const { network } of [one, two]) {
      await network.redis.trouble({ kind: "slow", ms: 150 });
      await network.sql.trouble({ kind: "slow", ms: 150 });
    }
    const jar = await signedIn(one);
    const copy = jar.copy();
    expect(await count(two, jar)).toBe(200);
    expect(await leave(one, jar)).toBe(200);
    expect(await look(two, copy)).toBe("nobody");
    expect([...one.steps, ...two.steps]).toEqual([]);
  });

  test("R56 F44 both frozen: memory takes new sessions alone, and nothing once they thaw", async () => {
    const tell = await storyOf(world.open(compose), async () => {
      world.redis.resume();
      world.sql.resume();
    });
    world.redis.pause();
    world.sql.pause();
    await tell();
  }, 90_000);

  test("R56 F44 both down: memory takes new sessions alone, and nothing once they are back", async () => {
    const tell = await storyOf(world.open(compose), async () => {
      await world.redis.restart();
      await world.sql.restart();
    });
    await world.redis.kill();
    await world.sql.kill();
    await tell();
  }, 90_000);

  test("both reachable from some instances only: the others wait, and take new sessions for themselves", async () => {
    const [cut, whole] = world.open(patient);
    const jar = await signedIn(cut);
    const copy = jar.copy();
    await cut.network.redis.trouble({ kind: "refuse" });
    await cut.network.sql.trouble({ kind: "refuse" });
    expect(await look(cut, jar)).toBe("503");
    const own = cookieJar();
    await expect.poll(() => enter(cut, own)).toBe(200);
    expect(await look(cut, own)).toBe("ann 0");
    // The others know that they do not have it, and leave the cookie as it is.
    expect(await look(whole, own)).toBe("nobody");
    expect(await look(cut, own)).toBe("ann 0");
    expect(await count(whole, jar)).toBe(200);
    expect(await leave(whole, jar)).toBe(200);
    expect(await look(cut, copy)).toBe("503");
    await cut.network.redis.mend();
    await cut.network.sql.mend();
    await found(cut, copy, "nobody");
    expect(await look(cut, own)).toBe("nobody");
  });
});
