// A visitor fills a basket: when a session begins, what it keeps, and when it is written.

import { expect } from "chai";
import { createSessions, memoryStore } from "coatcheck";
import { withClock } from "../support/clock.ts";
import { cookieJar } from "../support/jar.ts";
import { dumpingStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import { COOKIE, onMemory, onStores, openShop, SECRET, sessionCookie } from "./setup.ts";

export const cases: readonly Case[] = [
  ...onStores(
    "R9 F35 a first visit that changes nothing sets no cookie and writes no row",
    async (store) => {
      const dump = dumpingStore(store);
      const shop = openShop(dump.store);
      const jar = cookieJar();
      const response = await shop.visit(jar, (session) => {
        expect(session.isNew).to.equal(true);
        expect(session.data).to.deep.equal({ cart: [], n: 0 });
      });
      expect(response.headers.getSetCookie()).to.deep.equal([]);
      expect(shop.counts.commands).to.equal(0);
      expect(dump.rows.size).to.equal(0);
      expect(shop.events).to.deep.equal([]);
    },
  ),

  ...onStores("R9 a change that is taken back leaves no session either", async (store) => {
    const shop = openShop(store);
    const response = await shop.visit(cookieJar(), (session) => {
      session.data.cart.push("tea");
      session.data.cart.pop();
    });
    expect(sessionCookie(response)).to.equal(undefined);
    expect(shop.counts.commands).to.equal(0);
  }),

  ...onStores(
    "the first change creates the session and sets its cookie, and a reload reads it",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      const response = await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
      expect(sessionCookie(response)).to.be.a("string");
      expect(shop.types()).to.deep.equal(["created"]);
      const reload = await shop.visit(jar, (session) => {
        expect(session.isNew).to.equal(false);
        expect(session.data).to.deep.equal({ cart: ["tea"], n: 0 });
      });
      expect(sessionCookie(reload)).to.equal(undefined);
    },
  ),

  ...onStores("another instance with the same secrets and store reads it too", async (store) => {
    const jar = cookieJar();
    await openShop(store).visit(jar, ({ data }) => void data.cart.push("tea"));
    expect((await openShop(store).open(jar)).data.cart).to.deep.equal(["tea"]);
  }),

  ...onStores("edits in place are found, however deep", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => {
      data.value = { list: [{ deep: { count: 1 } }] };
    });
    await shop.visit(jar, ({ data }) => {
      const { list } = data.value as { list: { deep: { count: number } }[] };
      for (const item of list) item.deep.count++;
      list.push({ deep: { count: 7 } });
    });
    expect((await shop.open(jar)).data.value).to.deep.equal({
      list: [{ deep: { count: 2 } }, { deep: { count: 7 } }],
    });
  }),

  ...onStores("a property that is deleted stays deleted", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => {
      data.note = "gift";
    });
    await shop.visit(jar, ({ data }) => {
      delete data.note;
    });
    expect((await shop.open(jar)).data).to.not.have.property("note");
  }),

  ...onStores("a property set to undefined counts as absent", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void (data.note = "gift"));
    await shop.visit(jar, ({ data }) => void (data.value = undefined));
    expect(shop.counts.writes).to.equal(1);
    await shop.visit(jar, ({ data }) => void Reflect.set(data, "note", undefined));
    expect((await shop.open(jar)).data).to.deep.equal({ cart: [], n: 0 });
  }),

  ...onStores("types of values survive", async (store) => {
    const value = {
      text: 'naïve 日本語 🧥 \u0000 \u2028 \\ " \r\n',
      number: -1.5e-9,
      large: Number.MAX_SAFE_INTEGER,
      digits: "007",
      yes: true,
      no: false,
      nothing: null,
      empty: "",
      list: [[], {}, [1, "1"]],
      "a key: with = ; , and spaces": 1,
      ["toString"]: "own",
      constructor: { name: "own" },
    };
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void (data.value = value));
    expect((await shop.open(jar)).data.value).to.deep.equal(value);
  }),

  ...onStores(
    "reading alone writes nothing, and writing the same value again neither",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void (data.n = 1));
      shop.counts.reset();
      const read = await shop.visit(jar, ({ data }) => void expect(data.n).to.equal(1));
      const same = await shop.visit(jar, ({ data }) => {
        data.n = 1;
        data.cart = [];
      });
      expect(shop.counts.writes).to.equal(0);
      expect(sessionCookie(read)).to.equal(undefined);
      expect(sessionCookie(same)).to.equal(undefined);
    },
  ),

  ...onStores("a change of data alone sets no cookie", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void data.n++);
    const response = await shop.visit(jar, ({ data }) => void data.n++);
    expect(sessionCookie(response)).to.equal(undefined);
    expect((await shop.open(jar)).data.n).to.equal(2);
  }),

  onMemory(
    "R12 the cookie is __Host-, Secure, HttpOnly, SameSite=Lax, without Domain, for the idle timeout",
    async (store) => {
      const jar = cookieJar();
      const response = await withClock(() =>
        openShop(store).visit(jar, ({ data }) => void data.n++),
      );
      expect(sessionCookie(response)).to.match(
        /^__Host-session=[\w-]{43}\.[\w-]{43}; Path=\/; Max-Age=86400; Secure; HttpOnly; SameSite=Lax$/,
      );
      expect(jar.refused).to.deep.equal([]);
      expect(jar.get(COOKIE)).to.be.a("string");
    },
  ),

  onMemory("cookie options are followed, and browsers take the result", async (store) => {
    const jar = cookieJar();
    const shop = openShop(store, {
      cookie: { domain: "shop.example", sameSite: "none", partitioned: true },
    });
    const response = await shop.visit(jar, ({ data }) => void data.n++);
    expect(sessionCookie(response, "__Secure-session")).to.match(
      /; Path=\/; Domain=shop\.example; Max-Age=86400; Secure; HttpOnly; SameSite=None; Partitioned$/,
    );
    expect(jar.refused).to.deep.equal([]);
    expect((await shop.open(jar)).data.n).to.equal(1);
  }),

  onMemory(
    "with secure: false the cookie is called session, works over http, and an event says so",
    async (store) => {
      const jar = cookieJar("http://localhost");
      const shop = openShop(store, { cookie: { secure: false } });
      expect(shop.types()).to.deep.equal(["insecure"]);
      const response = await shop.visit(jar, ({ data }) => void data.n++);
      expect(sessionCookie(response, "session")).to.not.match(/Secure/);
      expect((await shop.open(jar)).data.n).to.equal(1);
    },
  ),

  onMemory("without initial the data begins empty", async (store) => {
    const sessions = createSessions<{ n?: number }>({ secrets: [SECRET], store });
    const session = await sessions.open(null);
    expect(session.data).to.deep.equal({});
    session.data.n = 1;
    const cookie = await sessions.save(session);
    const again = await sessions.open(`${cookie?.name}=${cookie?.value}`);
    expect(again.data).to.deep.equal({ n: 1 });
  }),

  onMemory(
    "initial is called once for each session that is asked for and not stored",
    async (store) => {
      let calls = 0;
      const shop = openShop(store, {
        initial: () => {
          calls++;
          return { cart: [], n: 0 };
        },
      });
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => {
        data.cart.push("tea");
        expect(data.cart).to.have.length(1);
      });
      expect(calls).to.equal(1);
      await shop.visit(jar, ({ data }) => void expect(data.cart).to.have.length(1));
      expect(calls).to.equal(1);
    },
  ),

  onMemory("two visitors have nothing in common", async (store) => {
    const shop = openShop(store);
    const [one, two] = [cookieJar(), cookieJar()];
    await shop.visit(one, ({ data }) => void data.cart.push("tea"));
    await shop.visit(two, ({ data }) => void data.cart.push("milk"));
    expect((await shop.open(one)).data.cart).to.deep.equal(["tea"]);
    expect((await shop.open(two)).data.cart).to.deep.equal(["milk"]);
    expect(one.get(COOKIE)).to.not.equal(two.get(COOKIE));
  }),

  {
    name: "R3 the store never sees the id, and the key as a cookie opens nothing",
    run: async () => {
      const dump = dumpingStore(memoryStore());
      const shop = openShop(dump.store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      await shop.visit(jar, ({ data }) => void data.n++);
      const [id = "", mac = ""] = (jar.get(COOKIE) ?? "").split(".");
      expect(id).to.have.length(43);
      const everything = JSON.stringify([dump.texts, shop.events]);
      expect(everything).to.not.contain(id);
      expect(everything).to.not.contain(mac);
      const [key = ""] = dump.rows.keys();
      for (const posed of [key, `${key}.${mac}`, `${key}.${key}`]) {
        expect((await shop.open(`${COOKIE}=${posed}`)).isNew).to.equal(true);
      }
    },
  },
];
