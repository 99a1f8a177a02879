// What a session cannot hold is said before anything is written, and what cannot be read harms one visitor at most.

import { expect } from "chai";
import { memoryStore, SessionDataError, SessionSizeError } from "coatcheck";
import { cookieJar } from "../support/jar.ts";
import { dumpingStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import { codeOf, onMemory, onStores, openShop, rejection, sessionCookie, thrown } from "./setup.ts";

class Money {
  readonly cents = 100;
}

function cycle(): object {
  const self: Record<string, unknown> = {};
  self["again"] = { self };
  return self;
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

const UNFIT: readonly (readonly [what: string, make: () => unknown, path: string])[] = [
  ["a function", () => ({ run: () => 1 }), "data.value.run"],
  ["a symbol", () => [Symbol("x")], "data.value[0]"],
  ["a BigInt", () => ({ amount: { big: 1n } }), "data.value.amount.big"],
  ["a Date", () => ({ at: new Date() }), "data.value.at"],
  ["a Map", () => new Map([["a", 1]]), "data.value"],
  ["a Set", () => [1, [new Set()]], "data.value[1][0]"],
  ["a RegExp", () => ({ "a b": /x/ }), 'data.value["a b"]'],
  ["a class instance", () => ({ price: new Money() }), "data.value.price"],
  ["bytes", () => ({ key: new Uint8Array(2) }), "data.value.key"],
  ["NaN", () => [0, Number.NaN], "data.value[1]"],
  ["Infinity", () => ({ most: -Infinity }), "data.value.most"],
  ["undefined in a list", () => [1, undefined], "data.value[1]"],
  ["a promise", () => ({ later: Promise.resolve(1) }), "data.value.later"],
  [
    "an own __proto__",
    () => JSON.parse('{"a":{"__proto__":{"admin":true}}}'),
    "data.value.a.__proto__",
  ],
  ["a property called by a symbol", () => ({ inner: { [Symbol("x")]: 1 } }), "data.value.inner"],
];

export const cases: readonly Case[] = [
  ...UNFIT.map(([what, make, path]) =>
    onMemory(`R37 ${what} is refused with its path, before any write`, async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      shop.counts.reset();
      const visiting = shop.visit(jar, ({ data }) => {
        data.n = 99;
        data.value = make();
      });
      const error = (await rejection(visiting)) as SessionDataError;
      expect(error).to.be.instanceOf(SessionDataError);
      expect(error.code).to.equal("SESSION_DATA_INVALID");
      expect(error.path).to.equal(path);
      expect(shop.counts.writes).to.equal(0);
      expect((await shop.open(jar)).data).to.deep.equal({ cart: [], n: 1 });
    }),
  ),

  onMemory(
    "R37 a hole in a list, a cycle and endless depth are refused, and nothing hangs",
    async (store) => {
      const holes: unknown[] = [];
      holes[2] = 1;
      const shop = openShop(store);
      for (const value of [holes, cycle(), deep(100_000)]) {
        const error = await rejection(
          shop.visit(cookieJar(), ({ data }) => void (data.value = value)),
        );
        expect(codeOf(error)).to.equal("SESSION_DATA_INVALID");
      }
      expect(shop.counts.commands).to.equal(0);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void (data.value = deep(400)));
      expect((await shop.open(jar)).data.value).to.deep.equal(deep(400));
    },
  ),

  onMemory("R37 one value in two places is no cycle", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    const shared = { a: 1 };
    await shop.visit(jar, ({ data }) => void (data.value = [shared, { shared }]));
    expect((await shop.open(jar)).data.value).to.deep.equal([{ a: 1 }, { shared: { a: 1 } }]);
  }),

  onMemory(
    "R37 F37 a key that looks like a prototype's property stays a key, and pollutes nothing",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      const value: unknown = JSON.parse(
        '{"constructor":{"prototype":{"polluted":1}},"toString":2}',
      );
      await shop.visit(jar, ({ data }) => void (data.value = value));
      expect((await shop.open(jar)).data.value).to.deep.equal(value);
      expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
    },
  ),

  ...onStores(
    "R38 data over maxBytes is a typed error before any write, and at the limit it is saved",
    async (store) => {
      const shop = openShop(store, { maxBytes: 200 });
      const jar = cookieJar();
      const empty = JSON.stringify({ cart: [], n: 1, note: "" }).length;
      await shop.visit(jar, ({ data }) => {
        data.n = 1;
        data.note = "x".repeat(200 - empty);
      });
      shop.counts.reset();
      const visiting = shop.visit(jar, ({ data }) => void (data.note += "x"));
      const error = (await rejection(visiting)) as SessionSizeError;
      expect(error).to.be.instanceOf(SessionSizeError);
      expect(error.code).to.equal("SESSION_TOO_LARGE");
      expect([error.bytes, error.limit]).to.deep.equal([201, 200]);
      expect(shop.counts.writes).to.equal(0);
      expect((await shop.open(jar)).data.note).to.have.length(200 - empty);
    },
  ),

  onMemory("R38 bytes are those of UTF-8, not characters", async (store) => {
    const shop = openShop(store, { maxBytes: 200 });
    const visiting = shop.visit(cookieJar(), ({ data }) => void (data.note = "🧥".repeat(50)));
    const error = (await rejection(visiting)) as SessionSizeError;
    expect(error.bytes).to.equal(JSON.stringify({ cart: [], n: 0, note: "" }).length + 200);
    expect(shop.counts.commands).to.equal(0);
  }),

  onMemory("R38 flash values count too", async (store) => {
    const shop = openShop(store, { maxBytes: 200 });
    const visiting = shop.visit(cookieJar(), (session) => session.flash("note", "x".repeat(200)));
    expect(codeOf(await rejection(visiting))).to.equal("SESSION_TOO_LARGE");
    expect(shop.counts.commands).to.equal(0);
  }),

  ...onStores("R38 the default is 64 KiB", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void (data.note = "x".repeat(65_000)));
    expect((await shop.open(jar)).data.note).to.have.length(65_000);
    const visiting = shop.visit(jar, ({ data }) => void (data.note += "x".repeat(600)));
    expect(codeOf(await rejection(visiting))).to.equal("SESSION_TOO_LARGE");
  }),

  ...onStores(
    "R40 a record that does not decode is no session, reported, and no endless error",
    async (store) => {
      const texts = [
        "",
        "garbage",
        '{"cart":["tea"]}',
        "v1",
        "v9 0123456789abcdef {}\n{}",
        'v1 0123456789abcdef {"createdAt":1}\n{}',
        'v1 0123456789abcdef {"createdAt":"1","seenAt":"1"}\n{}',
        `v1 0123456789abcdef {"createdAt":${Date.now()},"seenAt":${Date.now()}}\n{"cart":`,
        `v1 0123456789abcdef {"createdAt":${Date.now()},"seenAt":${Date.now()}}\n[]`,
        `v1 0123456789abcdef {"createdAt":${Date.now()},"seenAt":${Date.now()}}\n{"__proto__":{"a":1}}`,
        `v1 0123456789abcdef {"createdAt":${Date.now()},"seenAt":${Date.now()},"flash":7}\n{}`,
        "\u0000\ufffd",
      ];
      for (const text of texts) {
        const label = JSON.stringify(text);
        const dump = dumpingStore(store);
        const shop = openShop(dump.store);
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
        const [[key, value] = ["", ""]] = dump.rows;
        await store.write(key, text, Date.now() + 60_000, value);
        for (let times = 0; times < 2; times++) {
          const response = await shop.visit(jar, (session) => {
            expect(session.isNew, label).to.equal(true);
            expect(session.data, label).to.deep.equal({ cart: [], n: 0 });
          });
          expect(response.status, label).to.equal(200);
          expect(sessionCookie(response), label).to.equal(undefined);
        }
        expect(shop.events.at(-1), label).to.include({ type: "gone", found: "corrupt" });
        const response = await shop.visit(jar, ({ data }) => void data.n++);
        expect(sessionCookie(response), label).to.be.a("string");
        expect((await shop.open(jar)).data, label).to.deep.equal({ cart: [], n: 1 });
      }
    },
  ),

  ...onStores("R40 R29 a record that does not decode can be ended", async (store) => {
    const dump = dumpingStore(store);
    const shop = openShop(dump.store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void data.n++);
    const [[key, value] = ["", ""]] = dump.rows;
    await store.write(key, "garbage", Date.now() + 60_000, value);
    const response = await shop.visit(jar, (session) => session.destroy());
    expect(response.status).to.equal(200);
    expect(jar.header()).to.equal(null);
    expect(await store.read(key)).to.not.equal("garbage");
  }),

  {
    name: "an initial that answers no object, or a promise, says so when it is used",
    run: async () => {
      for (const answer of [undefined, null, 7, Promise.resolve({ cart: [], n: 0 })]) {
        const shop = openShop(memoryStore(), { initial: () => answer as never });
        const session = await shop.open(null);
        expect(thrown(() => session.data)).to.be.instanceOf(TypeError);
      }
    },
  },

  {
    name: "R10 R25 what is wrong with the options is said at construction, and no secret is quoted",
    run: async () => {
      const store = memoryStore();
      const wrong: Record<string, unknown>[] = [
        { secrets: [] },
        { secrets: ["short secret"] },
        { secrets: "a text of more than thirty-two bytes, alone" },
        { store: {} },
        { initial: {} },
        { schema: {} },
        { maxBytes: 0 },
        { maxBytes: 1.5 },
        { whenUnavailable: "ignore" },
        { clearSiteData: "yes" },
        { onEvent: "log" },
        { unknownOption: 1 },
        { cookie: { name: "a b" } },
        { cookie: { name: "__Host-x", secure: false } },
        { cookie: { name: "__Host-x", path: "/shop" } },
        { cookie: { name: "__host-x", domain: "shop.example" } },
        { cookie: { sameSite: "none", secure: false } },
        { cookie: { partitioned: true, secure: false } },
        { cookie: { sameSite: "Lax; Domain=evil.example" } },
        { cookie: { path: "/; Domain=evil.example" } },
        { cookie: { domain: "shop.example\r\nSet-Cookie: a=b" } },
        { cookie: { httpOnly: false } },
      ];
      for (const options of wrong) {
        const error = thrown(() => openShop(store, options)) as Error;
        expect(error.name, JSON.stringify(options)).to.match(/^(Type|Range)Error$/);
        expect(error.message).to.not.contain("short secret");
      }
    },
  },
];
