// A visitor signs out: the session ends everywhere, and stays ended.

import { expect } from "chai";
import { cookieJar } from "../support/jar.ts";
import { dumpingStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import {
  codeOf,
  COOKIE,
  onMemory,
  onStores,
  openShop,
  rejection,
  sessionCookie,
  thrown,
} from "./setup.ts";

export const cases: readonly Case[] = [
  ...onStores(
    "R29 F13 destroy ends the session everywhere, and a replayed cookie is refused",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
      const thief = jar.copy();
      const response = await shop.visit(jar, (session) => session.destroy());
      expect(response.status).to.equal(200);
      expect(jar.header()).to.equal(null);
      for (const instance of [shop, openShop(store)]) {
        const replay = await instance.open(thief);
        expect(replay.isNew).to.equal(true);
        expect(replay.data.cart).to.deep.equal([]);
      }
      expect(shop.types()).to.deep.equal(["created", "destroyed", "gone"]);
    },
  ),

  ...onStores(
    "R29 what follows a logout with the ended cookie does not bring the session back",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
      const thief = jar.copy();
      await shop.visit(jar, (session) => session.destroy());
      const reading = await shop.visit(thief);
      expect(sessionCookie(reading)).to.equal(undefined);
      const writing = shop.visit(thief, ({ data }) => void data.n++);
      expect(codeOf(await rejection(writing))).to.equal("SESSION_CONFLICT");
      await shop.visit(thief, (session) => session.destroy());
      expect((await shop.open(jar)).isNew).to.equal(true);
    },
  ),

  ...onStores(
    "a new session after a logout has a new id and none of the old data",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
      const old = jar.get(COOKIE);
      await shop.visit(jar, (session) => session.destroy());
      await shop.visit(jar, ({ data }) => void data.n++);
      expect(jar.get(COOKIE)).to.not.equal(old);
      expect((await shop.open(jar)).data).to.deep.equal({ cart: [], n: 1 });
    },
  ),

  onMemory(
    "R16 F22 the deletion cookie repeats every attribute, and browsers follow it",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      const response = await shop.visit(jar, (session) => session.destroy());
      expect(sessionCookie(response)).to.equal(
        "__Host-session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax",
      );
      expect(response.headers.get("Cache-Control")).to.equal("no-store");
      expect(jar.refused).to.deep.equal([]);
      expect(jar.get(COOKIE)).to.equal(undefined);
    },
  ),

  onMemory("R16 F22 with Domain, Path, SameSite=None and Partitioned too", async (store) => {
    const shop = openShop(store, {
      cookie: { domain: "shop.example", path: "/", sameSite: "none", partitioned: true },
    });
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void data.n++);
    const response = await shop.visit(jar, (session) => session.destroy());
    const line = sessionCookie(response, "__Secure-session") ?? "";
    for (const part of ["Domain=shop.example", "Path=/", "Secure", "HttpOnly", "Partitioned"]) {
      expect(line.split("; ")).to.include(part);
    }
    expect(line).to.match(/SameSite=None/);
    expect(jar.refused).to.deep.equal([]);
    expect(jar.header()).to.equal(null);
  }),

  ...onStores("R9 logout of nobody writes nothing and sets no cookie", async (store) => {
    const dump = dumpingStore(store);
    const shop = openShop(dump.store);
    const response = await shop.visit(cookieJar(), (session) => session.destroy());
    expect(response.headers.getSetCookie()).to.deep.equal([]);
    expect(shop.counts.commands).to.equal(0);
    expect(dump.rows.size).to.equal(0);
    expect(shop.events).to.deep.equal([]);
  }),

  ...onStores("R11 F29 a forged cookie ends nobody's session, and is cleared", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void data.n++);
    const [id = ""] = (jar.get(COOKIE) ?? "").split(".");
    const forger = cookieJar();
    forger.put(`${COOKIE}=${id}.${"A".repeat(43)}; Path=/; Secure`);
    shop.counts.reset();
    const response = await shop.visit(forger, (session) => session.destroy());
    expect(shop.counts.commands).to.equal(0);
    expect(sessionCookie(response)).to.match(/; Max-Age=0;/);
    expect(forger.header()).to.equal(null);
    expect((await shop.open(jar)).data.n).to.equal(1);
  }),

  onMemory("whatever is done to the session afterwards throws SESSION_DESTROYED", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void data.n++);
    await shop.visit(jar, (session) => {
      session.destroy();
      const uses = [
        () => session.data,
        () => session.update((data) => void data.n++),
        () => session.flash("note"),
        () => session.flash("note", 1),
        () => session.regenerate(),
        () => session.destroy(),
      ];
      for (const use of uses) expect(codeOf(thrown(use))).to.equal("SESSION_DESTROYED");
    });
  }),

  ...onStores(
    "changes and a regenerate of the same request are dropped by destroy",
    async (store) => {
      const dump = dumpingStore(store);
      const shop = openShop(dump.store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      await shop.visit(jar, (session) => {
        session.data.note = "last words";
        session.flash("bye", true);
        session.regenerate();
        session.destroy();
      });
      expect(jar.header()).to.equal(null);
      expect(dump.texts.join("\n")).to.not.contain("last words");
      expect(dump.rows.size).to.equal(1);
    },
  ),

  onMemory("data that JSON cannot carry does not stand in the way of a logout", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void data.n++);
    const thief = jar.copy();
    await shop.visit(jar, (session) => {
      session.data.value = new Date();
      session.destroy();
    });
    expect((await shop.open(thief)).isNew).to.equal(true);
  }),

  ...onStores("R46 destroy holds when the response is a 5xx", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void data.n++);
    const thief = jar.copy();
    const response = await shop.visit(jar, (session) => {
      session.destroy();
      return new Response("broken", { status: 500 });
    });
    expect(response.status).to.equal(500);
    expect(await response.text()).to.equal("broken");
    expect(jar.header()).to.equal(null);
    expect((await shop.open(thief)).isNew).to.equal(true);
  }),

  ...onStores(
    "R46 destroy holds when the handler throws, and what it threw comes through",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      const problem = new Error("the page is broken");
      const visiting = shop.visit(jar, (session) => {
        session.data.n = 99;
        session.destroy();
        throw problem;
      });
      expect(await rejection(visiting)).to.equal(problem);
      expect((await shop.open(jar)).isNew).to.equal(true);
    },
  ),

  onMemory(
    "R34 clearSiteData adds Clear-Site-Data to a logout and to nothing else",
    async (store) => {
      const shop = openShop(store, { clearSiteData: true });
      const jar = cookieJar();
      const first = await shop.visit(jar, ({ data }) => void data.n++);
      expect(first.headers.get("Clear-Site-Data")).to.equal(null);
      const last = await shop.visit(jar, (session) => session.destroy());
      expect(last.headers.get("Clear-Site-Data")).to.equal('"cookies", "storage"');
      const plain = openShop(store);
      await plain.visit(jar, ({ data }) => void data.n++);
      const quiet = await plain.visit(jar, (session) => session.destroy());
      expect(quiet.headers.get("Clear-Site-Data")).to.equal(null);
    },
  ),
];
