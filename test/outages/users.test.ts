// Users and the list of their sessions over stores made of stores, while one of them fails. See docs/outages.md.

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { codeOf } from "../behaviour/setup.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import { describeWith } from "../support/needs.ts";
import { cached, fallback, MAX_STALE_MS, PATIENT } from "./compositions.ts";
import { PROBE_MS, skip } from "./story.ts";
import { type Instance, startWorld, type World } from "./world.ts";

let world: World;
let people = 0;
/** Each test has a user of its own, in one database. */
let user = "";

beforeAll(async () => {
  world = await startWorld();
});

afterEach(() => world.heal());

afterAll(() => world?.stop());

/** Signs in on one device; answers the status. */
async function enter(shop: Instance, jar: Jar): Promise<number | string> {
  return shop.visit(jar, (session) => session.signIn(user)).then(({ status }) => status, codeOf);
}

async function device(shop: Instance): Promise<Jar> {
  const jar = cookieJar();
  expect(await enter(shop, jar)).toBe(200);
  return jar;
}

/** Who a visitor is: the user, `nobody`, or `503`. */
async function who(shop: Instance, jar: Jar): Promise<string> {
  let shown = "";
  const { status } = await shop.visit(jar.copy(), ({ userId }) => {
    shown = userId === user ? "the user" : (userId ?? "nobody");
  });
  return status === 200 ? shown : String(status);
}

/** `ended`, or the code of the error. */
async function endAll(shop: Instance): Promise<string> {
  return shop.sessions
    .user(user)
    .endAll()
    .then(() => "ended", codeOf);
}

async function listed(shop: Instance): Promise<number> {
  return (await shop.sessions.user(user).list()).sessions.length;
}

/** Asks until a store that was down has been noticed to be back. */
async function until(what: string, ask: () => Promise<string>): Promise<void> {
  const asking = async () => {
    const answer = await ask();
    if (answer !== what) skip(PROBE_MS);
    return answer;
  };
  await expect.poll(asking, { timeout: 15_000, interval: 250 }).toBe(what);
}

function open(...given: Parameters<World["open"]>): [Instance, Instance] {
  user = `user ${++people}`;
  return world.open(...given);
}

describeWith("postgres")("users over fallbackStore, with their index in SQL", () => {
  test("R31 R54 endAll says so while a store with a session of theirs is down, and ends it when asked again", async () => {
    const [one, two] = open(fallback(PATIENT), "sql");
    const before = await device(one);
    await world.redis.kill();
    expect(await who(two, before)).toBe("503");
    const during = await device(two);
    expect(await endAll(one)).toBe("STORE_UNAVAILABLE");
    await world.redis.restart();
    await until("ended", () => endAll(one));
    await until("nobody", () => who(two, before));
    for (const jar of [before, during]) expect(await who(one, jar)).toBe("nobody");
    expect(await listed(one)).toBe(0);
  }, 60_000);

  test("R31 R49 an endAll that was answered while Redis was frozen is not undone when it thaws", async () => {
    const [one, two] = open(fallback(PATIENT), "sql");
    world.redis.pause();
    await until("200", async () => String(await enter(one, cookieJar())));
    const jar = await device(one);
    const other = await device(two);
    world.redis.resume();
    await until("ended", () => endAll(two));
    for (const each of [jar, other]) {
      await until("nobody", () => who(one, each));
      await until("nobody", () => who(two, each));
    }
  }, 90_000);

  test("R51 R52 while the index is down nobody signs in, and sessions of Redis go on", async () => {
    const [one, two] = open(fallback(PATIENT), "sql");
    const jar = await device(one);
    await world.sql.kill();
    expect(await who(two, jar)).toBe("the user");
    expect(await enter(two, cookieJar())).toBe(503);
    expect(await endAll(two)).toBe("STORE_UNAVAILABLE");
    await world.sql.restart();
    await until("ended", () => endAll(two));
    await until("nobody", () => who(one, jar));
  }, 60_000);
});

describeWith("postgres")("users over cachedStore, with their index in SQL", () => {
  test("R31 R55 endAll is answered while Redis is down, and holds everywhere at once", async () => {
    const [one, two] = open(cached(PATIENT), "sql");
    const jars = [await device(one), await device(two)];
    await world.redis.kill();
    expect(await endAll(one)).toBe("ended");
    for (const jar of jars) {
      expect(await who(one, jar)).toBe("nobody");
      expect(await who(two, jar)).toBe("nobody");
    }
    await world.redis.restart();
    skip(MAX_STALE_MS + PROBE_MS);
    for (const jar of jars) expect(await who(two, jar)).toBe("nobody");
  }, 60_000);

  test("R31 R55 where the instance is cut off from Redis, the others refuse within maxStaleMs", async () => {
    const [one, two] = open(cached(PATIENT), "sql");
    const jar = await device(two);
    expect(await who(two, jar)).toBe("the user");
    await one.network.redis.trouble({ kind: "refuse" });
    expect(await endAll(one)).toBe("ended");
    expect(await who(one, jar)).toBe("nobody");
    skip(MAX_STALE_MS);
    expect(await who(two, jar)).toBe("nobody");
    expect(await listed(two)).toBe(0);
  }, 60_000);

  test("R31 R54 while SQL is down endAll says so, and asked again it ends them all", async () => {
    const [one, two] = open(cached(PATIENT), "sql");
    const jar = await device(one);
    await world.sql.kill();
    expect(await endAll(two)).toBe("STORE_UNAVAILABLE");
    await world.sql.restart();
    await until("ended", () => endAll(two));
    await until("nobody", () => who(two, jar));
  }, 60_000);
});

describeWith("postgres")("users with their index in a Redis that forgets", () => {
  test("a session that the index has lost goes on, and is listed again once it is renewed", async () => {
    const [one, two] = open(cached(PATIENT), "redis");
    const jar = await device(one);
    await world.redis.command(["FLUSHALL"]);
    expect(await listed(two)).toBe(0);
    expect(await endAll(two)).toBe("ended");
    expect(await who(two, jar), "nobody knew of it").toBe("the user");
    skip(8_640_000);
    expect((await two.visit(jar)).status).toBe(200);
    expect(await listed(one)).toBe(1);
    expect(await endAll(one)).toBe("ended");
    expect(await who(one, jar)).toBe("nobody");
  }, 60_000);
});
