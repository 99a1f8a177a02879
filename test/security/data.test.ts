// What is stored, and what becomes of it between writers.

import { memoryStore, type Store } from "coatcheck";
import { redisStore } from "coatcheck/redis";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { COOKIE, openShop, rejection } from "../behaviour/setup.ts";
import { cookieJar } from "../support/jar.ts";
import { dumpingStore } from "../support/stores.ts";

async function begin(store: Store = memoryStore(), maxBytes = 65_536) {
  const shop = openShop(store, { maxBytes });
  const jar = cookieJar();
  await shop.visit(jar, (session) => void session.data.n++);
  return { shop, jar };
}

describe("two writers", () => {
  test("R36 changes of different properties all survive, and functions never lose", async () => {
    const { shop, jar } = await begin();
    const sessions = await Promise.all(Array.from({ length: 8 }, () => shop.open(jar)));
    for (const [at, session] of sessions.entries()) {
      session.update((data) => void data.n++);
      if (at === 0) session.data.note = "first";
      if (at === 1) session.data.other = "second";
    }
    await Promise.all(sessions.map((session) => shop.sessions.save(session)));
    expect((await shop.open(jar)).data).toMatchObject({ n: 9, note: "first", other: "second" });
    expect(shop.types()).toContain("conflict");
  });

  test("R36 no write rests on what it has not seen: each expects what was read, stamp and all", async () => {
    const inner = memoryStore();
    const expectations: (string | null)[] = [];
    const store: Store = {
      read: inner.read,
      write(key, value, expiresAt, expected) {
        expectations.push(expected);
        return inner.write(key, value, expiresAt, expected);
      },
    };
    const { shop, jar } = await begin(store);
    for (let visit = 0; visit < 3; visit++) {
      await shop.visit(jar, (session) => void session.data.n++);
    }
    expect(expectations[0]).toBeNull();
    expect(expectations.slice(1).every((each) => each?.startsWith("v1 "))).toBe(true);
    expect(new Set(expectations).size).toBe(4);
  });

  test("R36 a writer that never gets through is told so, in bounded time, and has written nothing", async () => {
    const inner = memoryStore();
    const real = Date.now;
    let writers = 0;
    let busy = false;
    const store: Store = {
      read: inner.read,
      async write(key, value, expiresAt, expected) {
        if (!busy || expected === null) return inner.write(key, value, expiresAt, expected);
        // Time flies: each attempt takes a fifth of a second.
        Date.now = () => real() + writers * 200;
        const row = (await inner.read(key)) ?? "";
        const other = row.replace(/^v1 \S+/, `v1 ${String(++writers).padStart(16, "0")}`);
        await inner.write(key, other, expiresAt, row);
        return inner.write(key, value, expiresAt, expected);
      },
    };
    const { shop, jar } = await begin(store);
    const session = await shop.open(jar);
    session.data.note = "never";
    busy = true;
    const before = Date.now();
    expect(await rejection(shop.sessions.save(session))).toMatchObject({
      code: "SESSION_CONFLICT",
    });
    expect(Date.now() - before).toBeLessThan(7_000);
    expect((await shop.open(jar)).data.note).toBeUndefined();
  });
});

describe("what does not come back as it was", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;

  test.each<[string, unknown, string]>([
    ["a Date", [0, 1, { when: new Date() }], "data.value[2].when"],
    ["a Map", { map: new Map() }, "data.value.map"],
    ["a BigInt", { sum: 1n }, "data.value.sum"],
    ["NaN", [Number.NaN], "data.value[0]"],
    ["a function", { "a b": () => 1 }, 'data.value["a b"]'],
    ["a class instance", new URL("http://localhost"), "data.value"],
    ["a cycle", cycle, "data.value.self"],
    ["an own __proto__", JSON.parse('{"__proto__":{"admin":true}}'), "data.value.__proto__"],
  ])("R37 F37 %s is refused with its path, before any command", async (_, value, path) => {
    const { shop, jar } = await begin();
    const session = await shop.open(jar);
    shop.counts.reset();
    session.data.value = value;
    const error = await rejection(shop.sessions.save(session));
    expect(error).toMatchObject({ code: "SESSION_DATA_INVALID", path });
    expect(shop.counts.commands).toBe(0);
  });

  test("R37 F37 a stored __proto__ is no session, and pollutes nothing", async () => {
    const rows = dumpingStore(memoryStore());
    const { shop, jar } = await begin(rows.store);
    const [[key, text] = ["", ""]] = rows.rows;
    for (const own of ['"__proto__":{"admin":true}', '"__pro\\u0074o__":{"admin":true}']) {
      const before = rows.rows.get(key) ?? null;
      const evil = text.replace(/\n\{.*$/, `\n{${own},"n":1}`);
      await rows.store.write(key, evil, Date.now() + 60_000, before);
      const session = await shop.open(jar);
      expect(session.isNew).toBe(true);
      expect((session.data as unknown as { admin?: boolean }).admin).toBeUndefined();
      expect(({} as { admin?: boolean }).admin).toBeUndefined();
    }
  });

  test("R37 F37 keys from a client, spread over the data, pollute nothing", async () => {
    const { shop, jar } = await begin();
    const body = JSON.parse('{"constructor":{"prototype":{"admin":true}},"note":"x"}') as object;
    await shop.visit(jar, (session) => void Object.assign(session.data, body));
    const { data } = await shop.open(jar);
    expect(Object.hasOwn(data, "constructor")).toBe(true);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe("size", () => {
  test("R38 data over maxBytes is refused with both numbers, before any command", async () => {
    const { shop, jar } = await begin();
    const session = await shop.open(jar);
    shop.counts.reset();
    session.data.note = "é".repeat(40_000);
    const error = await rejection(shop.sessions.save(session));
    expect(error).toMatchObject({ code: "SESSION_TOO_LARGE", limit: 65_536 });
    expect((error as { bytes: number }).bytes).toBeGreaterThan(80_000);
    expect(shop.counts.commands).toBe(0);
  });

  test("R38 flash values count", async () => {
    const { shop, jar } = await begin(memoryStore(), 200);
    const session = await shop.open(jar);
    session.flash("notice", "x".repeat(200));
    expect(await rejection(shop.sessions.save(session))).toMatchObject({
      code: "SESSION_TOO_LARGE",
    });
  });

  test("R38 two writers do not exceed together what each of them keeps", async () => {
    const { shop, jar } = await begin(memoryStore(), 200);
    const [first, second] = [await shop.open(jar), await shop.open(jar)];
    first.data.note = "x".repeat(100);
    second.data.other = "x".repeat(100);
    await shop.sessions.save(first);
    expect(await rejection(shop.sessions.save(second))).toMatchObject({
      code: "SESSION_TOO_LARGE",
    });
    expect((await shop.open(jar)).data.other).toBeUndefined();
  });
});

describe("a record that does not decode", () => {
  test.each<[string, (text: string) => string]>([
    ["nothing", () => ""],
    ["somebody else's", () => "hello"],
    ["bare JSON", (text) => text.slice(text.indexOf("\n") + 1)],
    ["half of it", (text) => text.slice(0, text.length / 2)],
    ["another version", (text) => text.replace("v1", "v9")],
    ["another header", (text) => text.replace('"createdAt"', '"created"')],
    ["times that are no numbers", (text) => text.replace(/"seenAt":\d+/, '"seenAt":"now"')],
    ["a list for data", (text) => text.replace(/\n.*$/, "\n[]")],
    ["a value that a client parsed and wrote again", (text) => JSON.stringify(text)],
  ])("R40 (%s) is no session, is reported, and lets the visitor go on", async (_, spoil) => {
    const rows = dumpingStore(memoryStore());
    const { shop, jar } = await begin(rows.store);
    const [[key, text] = ["", ""]] = rows.rows;
    await rows.store.write(key, spoil(text), Date.now() + 60_000, text);
    const old = jar.header();
    const response = await shop.visit(jar, (session) => {
      expect([session.isNew, session.data.n]).toEqual([true, 0]);
      session.data.n = 5;
    });
    expect(response.status).toBe(200);
    expect(shop.events).toContainEqual(
      expect.objectContaining({ type: "gone", during: "load", found: "corrupt" }),
    );
    // It goes on under another id: what stood there is not built upon.
    expect(jar.header()).not.toBe(old);
    expect((await shop.open(jar)).data.n).toBe(5);
    expect((await shop.open(old)).isNew).toBe(true);
  });

  test("R40 the logout of one works", async () => {
    const rows = dumpingStore(memoryStore());
    const { shop, jar } = await begin(rows.store);
    const [[key, text] = ["", ""]] = rows.rows;
    await rows.store.write(key, "garbage", Date.now() + 60_000, text);
    const response = await shop.visit(jar, (session) => session.destroy());
    expect([response.status, jar.get(COOKIE)]).toEqual([200, undefined]);
  });
});

describe("the namespace", () => {
  function recording() {
    const keys: string[] = [];
    const send = async (command: string[]) => {
      keys.push(String(command[0] === "GET" ? command[1] : command[3]));
      return command[0] === "GET" ? null : 1;
    };
    return { keys, send };
  }

  test("R41 F34 every key in Redis begins with the prefix, and two prefixes share none", async () => {
    for (const prefix of [undefined, "shop:", "blog:"]) {
      const { keys, send } = recording();
      const store = redisStore(send, prefix === undefined ? {} : { prefix });
      await begin(store);
      await store.read("k".repeat(43));
      expect(keys.length).toBeGreaterThan(1);
      for (const key of keys)
        expect(key).toMatch(new RegExp(`^${prefix ?? "session:"}[\\w-]{43}$`));
    }
  });

  test("R41 F34 there is no empty prefix", () => {
    const { send } = recording();
    for (const prefix of ["", null, 5]) {
      expect(() => redisStore(send, { prefix: prefix as string })).toThrow(/prefix/);
    }
  });

  test("R41 nothing that a client sends chooses a key of its own", async () => {
    const { keys, send } = recording();
    const shop = openShop(redisStore(send));
    for (const value of ["user:1", "../user:1", "session:x", "x\r\nDEL user:1"]) {
      await shop.open(`${COOKIE}=${value}`);
    }
    expect(keys).toEqual([]);
  });
});

test("R42 the documentation says that nothing is staged in a session before the second factor", () => {
  const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");
  const sentence = readme
    .replaceAll(/\s+/g, " ")
    .split(/(?<=\.)\s/)
    .find((each) => /second factor/i.test(each));
  expect(sentence).toMatch(/password|secret/i);
});
