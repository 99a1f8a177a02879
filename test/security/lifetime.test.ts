// Expiry, renewal and the end of sessions.

import { memoryStore, type SessionOptions, type Store } from "coatcheck";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { encodeRecord } from "../../src/record.ts";
import { createTokens, newHandle, newId } from "../../src/token.ts";
import { type Act, COOKIE, type Data, openShop, rejection, SECRET } from "../behaviour/setup.ts";
import { cookieJar } from "../support/jar.ts";
import { dumpingStore, pausingStore } from "../support/stores.ts";

const START = 1_700_000_000_000;
const change: Act = (session) => void session.data.n++;

/** A store that never forgets, as one whose expiry failed, or was lost in a restore. */
function immortalStore(): Store & { rows: Map<string, string>; expiries: number[] } {
  const rows = new Map<string, string>();
  const expiries: number[] = [];
  return {
    rows,
    expiries,
    read: async (key) => rows.get(key) ?? null,
    async write(key, value, expiresAt, expected) {
      const current = rows.get(key) ?? null;
      if (current !== expected) return { swapped: false, current };
      expiries.push(expiresAt);
      rows.set(key, value);
      return { swapped: true };
    },
  };
}

function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

async function begin(store: Store, options: Partial<SessionOptions<Data>> = {}) {
  const shop = openShop(store, options);
  const jar = cookieJar();
  await shop.visit(jar, change);
  return { shop, jar, cookie: jar.header() ?? "" };
}

describe("time", () => {
  test("R22 R24 F15 an idle session is over by its own times, though the store still has it", async () => {
    const store = immortalStore();
    const { shop, cookie } = await begin(store, { idleTimeout: 100 });
    pass(99);
    expect((await shop.open(cookie)).isNew).toBe(false);
    pass(1);
    expect((await shop.open(cookie)).isNew).toBe(true);
    expect(store.rows.size).toBe(1);
  });

  test("R22 R24 a row that came back from a backup, with an expiry of the store's own, is over too", async () => {
    const store = immortalStore();
    const { rows } = store;
    const { shop, jar, cookie } = await begin(store, { idleTimeout: 100 });
    const backup = new Map(rows);
    await shop.visit(jar, (session) => session.destroy());
    pass(200);
    for (const [key, text] of backup) rows.set(key, text);
    expect((await shop.open(cookie)).isNew).toBe(true);
  });

  test("R23 F17 no visit, change or renewal moves the end of the lifetime", async () => {
    const { shop, jar } = await begin(immortalStore(), { idleTimeout: 100, lifetime: 500 });
    for (let visit = 0; visit < 9; visit++) {
      pass(50);
      await shop.visit(jar, change);
      const session = await shop.open(jar);
      expect(session.isNew).toBe(false);
      expect(session.expiresAt).toBeLessThanOrEqual(START + 500_000);
    }
    const cookie = jar.header();
    pass(50);
    expect((await shop.open(cookie)).isNew).toBe(true);
  });

  test("R23 F17 regenerate does not move it either", async () => {
    const { shop, jar } = await begin(immortalStore(), { idleTimeout: 100, lifetime: 200 });
    for (const _ of [1, 2, 3]) {
      pass(50);
      await shop.visit(jar, (session) => session.regenerate());
      expect((await shop.open(jar)).createdAt).toBe(START);
    }
    const cookie = jar.header();
    pass(50);
    expect((await shop.open(cookie)).isNew).toBe(true);
  });

  test("R23 the lifetime counts from the sign-in, where the record knows one", async () => {
    const store = immortalStore();
    const shop = openShop(store, { lifetime: 100 });
    const id = newId();
    const record = { createdAt: START - 90_000, seenAt: START, flash: new Map(), data: "{}" };
    const times = { signedInAt: START - 10_000, authenticatedAt: START };
    const identity = { user: "u1", handle: newHandle(), ...times };
    const tokens = createTokens([SECRET], COOKIE);
    store.rows.set(tokens.keyOf(id), encodeRecord({ ...record, identity }));
    const cookie = `${COOKIE}=${tokens.sign(id)}`;
    pass(80);
    expect((await shop.open(cookie)).isNew).toBe(false);
    pass(10);
    expect((await shop.open(cookie)).isNew).toBe(true);
  });

  test("R24 the store is told the sooner of idle timeout and lifetime", async () => {
    const store = immortalStore();
    const { shop, jar } = await begin(store, { idleTimeout: 100, lifetime: 150 });
    expect(store.expiries).toEqual([START + 100_000]);
    pass(80);
    await shop.visit(jar, change);
    expect(store.expiries.at(-1)).toBe(START + 150_000);
  });

  test("R24 the cookie lives no longer than the row", async () => {
    const { shop, jar } = await begin(memoryStore(), { idleTimeout: 100, lifetime: 150 });
    pass(80);
    const response = await shop.visit(jar, change);
    expect(response.headers.getSetCookie().join()).toContain("Max-Age=70;");
  });

  test.each([
    Number.NaN,
    -1,
    0,
    1.5,
    Infinity,
    34_560_001,
    "1h",
    "1h 30m",
    "",
    "3600",
    null,
    true,
    60n,
    {},
    [],
  ])("R25 F16 %s is no duration: it throws, and never means for ever", (value) => {
    for (const option of ["idleTimeout", "lifetime"]) {
      expect(() => openShop(memoryStore(), { [option]: value })).toThrow(option);
    }
  });

  test("R26 a renewal is due after a tenth of the idle timeout, and costs nothing before", async () => {
    const { shop, jar } = await begin(memoryStore(), { idleTimeout: 1_000 });
    shop.counts.reset();
    pass(99);
    expect((await shop.visit(jar)).headers.getSetCookie()).toEqual([]);
    expect(shop.counts.writes).toBe(0);
    pass(1);
    expect((await shop.visit(jar)).headers.getSetCookie()).toHaveLength(1);
    expect(shop.counts.writes).toBe(1);
    expect((await shop.visit(jar)).headers.getSetCookie()).toEqual([]);
    expect(shop.counts.writes).toBe(1);
  });

  test("R26 F10 a renewal creates no row: one that went meanwhile stays away", async () => {
    const pausing = pausingStore(memoryStore());
    const dumping = dumpingStore(pausing.store);
    const { shop, jar } = await begin(dumping.store, { idleTimeout: 1_000 });
    pass(500);
    const parked = pausing.park("after read");
    const visiting = shop.visit(jar.copy());
    await parked.reached;
    for (const [key, text] of dumping.rows) await dumping.store.write(key, "", 0, text);
    expect(dumping.rows.size).toBe(0);
    parked.resume();
    const response = await visiting;
    expect([response.status, response.headers.getSetCookie()]).toEqual([200, []]);
    expect(dumping.rows.size).toBe(0);
  });
});

describe("the end", () => {
  test("R29 F13 a copy of the cookie opens nothing after destroy, on any instance", async () => {
    const store = memoryStore();
    const { shop, jar, cookie } = await begin(store);
    await shop.visit(jar, (session) => session.destroy());
    for (const instance of [
      shop,
      openShop(store),
      openShop(store, { secrets: [SECRET, SECRET] }),
    ]) {
      const session = await instance.open(cookie);
      expect([session.isNew, session.data.n]).toEqual([true, 0]);
    }
  });

  test("R29 F13 nor after its mark has gone", async () => {
    const { shop, jar, cookie } = await begin(memoryStore());
    await shop.visit(jar, (session) => session.destroy());
    pass(61);
    expect((await shop.open(cookie)).isNew).toBe(true);
    pass(100_000_000);
    expect((await shop.open(cookie)).isNew).toBe(true);
  });

  const LATE: [string, Act][] = [
    ["a change", change],
    ["a function", (session) => session.update((data) => void data.n++)],
    ["a flash value", (session) => void session.flash("a", 1)],
    ["a regenerate", (session) => session.regenerate()],
    [
      "a regenerate with a change",
      (session) => {
        session.data.userId = "ann";
        session.regenerate();
      },
    ],
    ["a renewal", () => undefined],
  ];

  test.each(LATE)(
    "R30 F8 F9 F10 %s that began before a destroy and ends after it brings nothing back",
    async (_, act) => {
      for (const place of ["after read", "before write"] as const) {
        const pausing = pausingStore(memoryStore());
        const dumping = dumpingStore(pausing.store);
        const { shop, jar, cookie } = await begin(dumping.store, { idleTimeout: 1_000 });
        pass(500);
        const parked = pausing.park(place);
        const late = shop.visit(jar.copy(), act).catch((error: unknown) => error);
        await parked.reached;
        // Elsewhere, so that nothing of it waits here.
        const logout = openShop(dumping.store, { idleTimeout: 1_000 });
        const browser = jar.copy();
        await logout.visit(browser, (session) => session.destroy());
        parked.resume();
        const answer = await late;
        expect((await shop.open(cookie)).isNew).toBe(true);
        for (const text of dumping.rows.values()) expect(text).toContain('{"moved":null}');
        if (answer instanceof Response) expect(answer.headers.getSetCookie()).toEqual([]);
        else expect(answer).toMatchObject({ code: "SESSION_CONFLICT" });
      }
    },
  );

  test("R30 F8 a logout that began before a regenerate ended beats it, whatever the order of their writes", async () => {
    for (const [skip, place] of [
      [0, "before write"],
      [0, "after write"],
      [1, "before write"],
      [1, "after write"],
    ] as const) {
      const pausing = pausingStore(memoryStore());
      const { shop, jar } = await begin(pausing.store);
      const other = openShop(pausing.store);
      const session = await other.open(jar.header());
      session.destroy();
      const browser = jar.copy();
      const parked = pausing.park(place, skip);
      const login = shop.visit(browser, (each) => each.regenerate()).catch(() => undefined);
      await parked.reached;
      await other.sessions.save(session);
      parked.resume();
      await login;
      expect((await shop.open(browser.header())).isNew).toBe(true);
      expect((await shop.open(jar.header())).isNew).toBe(true);
    }
  });

  test("F9 a row that is deleted between a save's read and its write is not written in part or whole", async () => {
    const pausing = pausingStore(memoryStore());
    const dumping = dumpingStore(pausing.store);
    const { shop, jar } = await begin(dumping.store);
    const session = await shop.open(jar);
    session.data.note = "late";
    const parked = pausing.park("before write");
    const saving = shop.sessions.save(session);
    await parked.reached;
    for (const [key, text] of dumping.rows) await dumping.store.write(key, "", 0, text);
    parked.resume();
    expect(await saving).toBeNull();
    expect(dumping.rows.size).toBe(0);
    expect(shop.types()).toContain("gone");
  });

  test("F4 F13 an old state of the session, held by the application, opens nothing after the end", async () => {
    const { shop, jar } = await begin(memoryStore());
    const held = await shop.open(jar);
    await shop.visit(jar, (session) => session.destroy());
    held.data.note = "late";
    expect(await shop.sessions.save(held)).toBeNull();
    held.regenerate();
    expect(await rejection(shop.sessions.save(held))).toMatchObject({ code: "SESSION_CONFLICT" });
  });
});
