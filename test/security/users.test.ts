// Whose sessions: R28, R31 to R33, R35, R42, F7 and F42. The stories in test/behaviour/users.ts say more.

import { memoryStore, memoryUsers, type SessionOptions, StoreError } from "coatcheck";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Act, COOKIE, codeOf, type Data, openShop, rejection } from "../behaviour/setup.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import { dumpingStore, pausingStore } from "../support/stores.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

const signInAs =
  (user: string): Act =>
  (session) =>
    session.signIn(user);

async function isIn(shop: ReturnType<typeof openShop>, jar: Jar): Promise<boolean> {
  return (await shop.open(jar)).userId !== undefined;
}

function open(options: Partial<SessionOptions<Data>> = {}) {
  return openShop(memoryStore(), { users: memoryUsers(), ...options });
}

test("R28 what is dangerous asks for a fresh proof, and an old one, a renewal or a new id is none", async () => {
  const shop = open({ idleTimeout: 1000 });
  const jar = cookieJar();
  await shop.visit(jar, signInAs("ada"));
  for (const act of [undefined, (session) => session.regenerate()] satisfies (Act | undefined)[]) {
    pass(300);
    await shop.visit(jar, act);
    expect((await shop.open(jar)).isFresh(299)).toBe(false);
  }
  await shop.visit(jar, (session) => session.elevate());
  expect((await shop.open(jar)).isFresh(1)).toBe(true);
  expect(() => shop.sessions.user("ada")).not.toThrow();
  const session = await shop.open(jar);
  for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => session.isFresh(wrong)).toThrow(RangeError);
  }
  expect(() => session.isFresh("300" as unknown as number)).toThrow(TypeError);
});

describe("ending them all", () => {
  test("R31 a sign-in that is being saved when it is called leaves no session, wherever it stands", async () => {
    const users = memoryUsers();
    for (const place of ["before write", "after write"] as const) {
      const store = memoryStore();
      const pausing = pausingStore(store);
      const jar = cookieJar();
      const parked = pausing.park(place);
      const signingIn = openShop(pausing.store, { users }).visit(jar, signInAs("ada"));
      await parked.reached;
      const shop = openShop(store, { users });
      await shop.sessions.user("ada").endAll();
      parked.resume();
      await signingIn;
      expect(await isIn(shop, jar)).toBe(false);
      expect((await shop.sessions.user("ada").list()).sessions).toEqual([]);
    }
  });

  test("R31 how far it reaches: a sign-in whose save begins after it is another one", async () => {
    const store = memoryStore();
    const users = memoryUsers();
    const shop = openShop(store, { users });
    const session = await shop.open(null);
    session.signIn("ada");
    await shop.sessions.user("ada").endAll();
    const cookie = await shop.sessions.save(session);
    expect((await shop.open(`${COOKIE}=${cookie?.value}`)).userId).toBe("ada");
  });

  test("R31 it says so where it cannot be confirmed, and asked again it goes on", async () => {
    const store = memoryStore();
    let isDown = false;
    const users = memoryUsers();
    const shop = openShop(
      {
        read: (key) => store.read(key),
        async write(...row) {
          if (isDown) throw new StoreError("unknown", "silent");
          return store.write(...row);
        },
      },
      { users },
    );
    const jar = cookieJar();
    await shop.visit(jar, signInAs("ada"));
    isDown = true;
    expect(codeOf(await rejection(shop.sessions.user("ada").endAll()))).toBe("STORE_UNAVAILABLE");
    isDown = false;
    await shop.sessions.user("ada").endAll();
    expect(await isIn(shop, jar)).toBe(false);
  });
});

test("R32 a handle opens nothing, is in no cookie, and ends nobody else's session", async () => {
  const dump = dumpingStore(memoryStore());
  const shop = openShop(dump.store, { users: memoryUsers() });
  const jar = cookieJar();
  await shop.visit(jar, signInAs("ada"));
  const [listed] = (await shop.sessions.user("ada").list()).sessions;
  const { handle = "" } = listed ?? {};
  expect(JSON.stringify(listed)).not.toContain(jar.get(COOKIE)?.slice(0, 43));
  for (const [key] of dump.rows) expect(JSON.stringify(listed)).not.toContain(key.slice(0, 12));
  expect((await shop.open(`${COOKIE}=${handle}`)).isNew).toBe(true);
  for (const user of ["bob", "Ada", "ada ", "*"]) {
    expect(await shop.sessions.user(user).end(handle)).toBe(false);
  }
  expect(await isIn(shop, jar)).toBe(true);
});

test("R32 an index that names another user's row ends and shows nothing of theirs", async () => {
  const inner = memoryUsers();
  let isLying = false;
  const shop = open({
    users: {
      ...inner,
      // As one whose table compares "a" and "A" as equal.
      list: (user, query) => inner.list(isLying ? first : user, query),
    },
  });
  let first = "";
  const add = vi.spyOn(inner, "add");
  const jar = cookieJar();
  const spied = openShop(shop.sessions.store, { users: inner });
  await spied.visit(jar, signInAs("ada"));
  first = add.mock.calls[0]?.[0] ?? "";
  const { handle = "" } = await spied.open(jar);
  isLying = true;
  expect((await shop.sessions.user("bob").list()).sessions).toEqual([]);
  expect(await shop.sessions.user("bob").end(handle)).toBe(false);
  expect(await isIn(spied, jar)).toBe(true);
});

test("R33 with a limit the oldest sign-in goes, whoever was seen last", async () => {
  const shop = open({ maxPerUser: 2 });
  const jars: Jar[] = [];
  for (let at = 0; at < 3; at++) {
    pass(60);
    const jar = cookieJar();
    await shop.visit(jar, signInAs("ada"));
    jars.push(jar);
    const [oldest] = jars;
    if (oldest) await shop.visit(oldest);
  }
  expect(await Promise.all(jars.map((jar) => isIn(shop, jar)))).toEqual([false, true, true]);
  expect(() => open({ maxPerUser: 0 })).toThrow(RangeError);
  expect(() => openShop(memoryStore(), { maxPerUser: 3 })).toThrow(/maxPerUser needs users/);
});

test("R35 another user on the same browser gets a new id, no data, no flash, and not the same handle", async () => {
  const shop = open();
  const jar = cookieJar();
  await shop.visit(jar, (session) => {
    session.signIn("ada", { meta: { of: "Ada" } });
    session.data.note = "Ada's";
    session.flash("notice", "Ada's");
  });
  const before = jar.get(COOKIE);
  const { handle } = await shop.open(jar);
  await shop.visit(jar, signInAs("bob"));
  expect(jar.get(COOKIE)?.slice(0, 43)).not.toBe(before?.slice(0, 43));
  const session = await shop.open(jar);
  expect(session.data).toEqual({ cart: [], n: 0 });
  expect(session.flash("notice")).toBe(undefined);
  expect(session.handle).not.toBe(handle);
  expect(JSON.stringify(await shop.sessions.user("bob").list())).not.toContain("Ada");
});

test("R42 F42 who has proven a password alone is signed in nowhere: not for guards, not in a list", async () => {
  const shop = open();
  const jar = cookieJar();
  await shop.visit(jar, (session) => {
    session.data.value = { awaits: "second factor", of: "ada" };
    session.regenerate();
  });
  const session = await shop.open(jar);
  expect([session.userId, session.handle, session.authenticatedAt]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(session.isFresh(34_560_000)).toBe(false);
  expect((await shop.sessions.user("ada").list()).sessions).toEqual([]);
});

test("F7 a request with the old id, sent while a sign-in is under way, is carried out for nobody", async () => {
  const store = memoryStore();
  const users = memoryUsers();
  const pausing = pausingStore(store);
  const shop = openShop(pausing.store, { users });
  const jar = cookieJar();
  await shop.visit(jar, ({ data }) => void data.n++);
  const stranger = jar.copy();
  // The new row is there, the old one is not marked yet.
  const parked = pausing.park("before write", 1);
  const signingIn = shop.visit(jar, signInAs("ada"));
  await parked.reached;
  const seen: (string | undefined)[] = [];
  const response = await openShop(store, { users }).visit(stranger, ({ userId }) => {
    seen.push(userId);
  });
  parked.resume();
  await signingIn;
  expect(response.headers.getSetCookie()).toEqual([]);
  await shop.visit(stranger, ({ userId }) => void seen.push(userId));
  expect(seen).toEqual([undefined, undefined]);
  expect((await shop.open(jar)).userId).toBe("ada");
});
