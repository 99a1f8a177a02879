// A visitor signs in: a new id, the same data, and the old id dead at once.

import { expect } from "chai";
import { memoryStore } from "coatcheck";
import { withClock } from "../support/clock.ts";
import { cookieJar } from "../support/jar.ts";
import { dumpingStore, faultyStore, pausingStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import { type Act, codeOf, COOKIE, onStores, openShop, rejection, sessionCookie } from "./setup.ts";

const signIn: Act = (session) => {
  session.data.userId = "ada";
  session.regenerate();
};

export const cases: readonly Case[] = [
  ...onStores(
    "R8 F2 F4 regenerate gives a new id with the same data, and the old cookie is dead at once",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
      const thief = jar.copy();
      const response = await shop.visit(jar, signIn);
      expect(sessionCookie(response)).to.be.a("string");
      expect(jar.get(COOKIE)?.slice(0, 43)).to.not.equal(thief.get(COOKIE)?.slice(0, 43));
      expect((await shop.open(jar)).data).to.deep.equal({ cart: ["tea"], n: 0, userId: "ada" });
      const stolen = await openShop(store).open(thief);
      expect(stolen.isNew).to.equal(true);
      expect(stolen.data).to.deep.equal({ cart: [], n: 0 });
      expect(shop.types()).to.deep.equal(["created", "regenerated"]);
    },
  ),

  ...onStores(
    "R8 whoever comes with the old cookie gets none, and their change is a conflict",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      const thief = jar.copy();
      await shop.visit(jar, signIn);
      const reading = await shop.visit(thief, ({ data }) => void expect(data.n).to.equal(0));
      expect(sessionCookie(reading)).to.equal(undefined);
      const late = shop.visit(thief, ({ data }) => void (data.note = "mine"));
      expect(codeOf(await rejection(late))).to.equal("SESSION_CONFLICT");
      expect((await shop.open(jar)).data).to.deep.equal({ cart: [], n: 1, userId: "ada" });
    },
  ),

  ...onStores("R23 F17 regenerate moves neither createdAt nor the lifetime", async (store) => {
    await withClock(async (clock) => {
      const shop = openShop(store, { idleTimeout: 3600, lifetime: 7200 });
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      const { createdAt } = await shop.open(jar);
      clock.advance(3000);
      await shop.visit(jar, signIn);
      clock.advance(3000);
      await shop.visit(jar);
      const later = await shop.open(jar);
      expect(later.createdAt).to.equal(createdAt);
      expect(later.expiresAt).to.equal(createdAt + 7_200_000);
      clock.advance(1200);
      expect((await shop.open(jar)).isNew).to.equal(true);
    });
  }),

  ...onStores("a first visit that signs in gets one session", async (store) => {
    const dump = dumpingStore(store);
    const shop = openShop(dump.store);
    const jar = cookieJar();
    await shop.visit(jar, signIn);
    expect((await shop.open(jar)).data.userId).to.equal("ada");
    expect(dump.rows.size).to.equal(1);
    expect(shop.counts.writes).to.equal(1);
  }),

  ...onStores("regenerate without a change gives a new id too", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void data.n++);
    const before = jar.get(COOKIE);
    await shop.visit(jar, (session) => session.regenerate());
    expect(jar.get(COOKIE)).to.not.equal(before);
    expect((await shop.open(jar)).data.n).to.equal(1);
  }),

  ...onStores("R9 regenerate of nobody, with nothing to keep, writes nothing", async (store) => {
    const shop = openShop(store);
    const response = await shop.visit(cookieJar(), (session) => session.regenerate());
    expect(sessionCookie(response)).to.equal(undefined);
    expect(shop.counts.commands).to.equal(0);
  }),

  ...onStores("R4 F1 an id chosen by somebody else is not adopted by a sign-in", async (store) => {
    const elsewhere = openShop(memoryStore());
    const jar = cookieJar();
    await elsewhere.visit(jar, ({ data }) => void data.n++);
    // Genuine, as the secrets are the same, but of no session here.
    const planted = jar.get(COOKIE);
    const shop = openShop(store);
    await shop.visit(jar, ({ data }) => void data.n++);
    expect(jar.get(COOKIE)).to.not.equal(planted);
    expect((await shop.open(`${COOKIE}=${planted}`)).isNew).to.equal(true);
  }),

  ...onStores(
    "R8 F5 where the new row cannot be created the old session stays as it was, and 503 sets no cookie",
    async (store) => {
      const faulty = faultyStore(store);
      const shop = openShop(faulty.store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      faulty.fail("write", "refused");
      const response = await shop.visit(jar, signIn);
      expect(response.status).to.equal(503);
      expect(response.headers.getSetCookie()).to.deep.equal([]);
      expect((await shop.open(jar)).data).to.deep.equal({ cart: [], n: 1 });
    },
  ),

  ...onStores(
    "R8 where the old id cannot be revoked the new row is removed and the sign-in fails",
    async (store) => {
      const dump = dumpingStore(store);
      const faulty = faultyStore(dump.store);
      const shop = openShop(faulty.store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      for (const fault of ["refused", "silent"] as const) {
        faulty.fail("write", fault, { skip: 1 });
        const response = await shop.visit(jar, signIn);
        expect(response.status, fault).to.equal(503);
        expect(response.headers.getSetCookie(), fault).to.deep.equal([]);
        expect(dump.rows.size, fault).to.equal(1);
        expect((await shop.open(jar)).data, fault).to.deep.equal({ cart: [], n: 1 });
      }
      expect(shop.types()).to.not.contain("regenerated");
    },
  ),

  ...onStores(
    "R8 F48 a revocation that was applied and not answered is a success",
    async (store) => {
      for (const fault of ["applied", "thrown"] as const) {
        const faulty = faultyStore(store);
        const shop = openShop(faulty.store);
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.n++);
        const thief = jar.copy();
        faulty.fail("write", fault, { skip: 1 });
        const response = await shop.visit(jar, signIn);
        expect(response.status, fault).to.equal(200);
        expect((await shop.open(jar)).data.userId, fault).to.equal("ada");
        expect((await shop.open(thief)).isNew, fault).to.equal(true);
        expect(shop.types()).to.include.members(["regenerated", "store-recovered"]);
      }
    },
  ),

  ...onStores(
    "F48 a new row that was created and not answered is created once more under another id",
    async (store) => {
      const faulty = faultyStore(store);
      const shop = openShop(faulty.store);
      const jar = cookieJar();
      faulty.fail("write", "applied");
      const response = await shop.visit(jar, ({ data }) => void data.n++);
      expect(response.status).to.equal(200);
      expect((await shop.open(jar)).data.n).to.equal(1);
      faulty.fail("write", "silent");
      await shop.visit(jar, signIn);
      expect((await shop.open(jar)).data.userId).to.equal("ada");
    },
  ),

  ...onStores(
    "several logins in a row leave one session, and every older cookie is dead",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      const older = [];
      for (let n = 0; n < 3; n++) {
        older.push(jar.copy());
        await shop.visit(jar, signIn);
      }
      for (const jar of older) expect((await shop.open(jar)).isNew).to.equal(true);
      expect((await shop.open(jar)).data.userId).to.equal("ada");
    },
  ),

  ...onStores(
    "R8 a sign-in that comes second, or after a logout, leaves no row behind",
    async (store) => {
      for (const first of [signIn, ((session) => session.destroy()) satisfies Act]) {
        const dump = dumpingStore(store);
        const pausing = pausingStore(dump.store);
        const shop = openShop(pausing.store);
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.n++);
        const parked = pausing.park("before write", 1);
        const losing = shop.visit(jar.copy(), signIn).catch(codeOf);
        await parked.reached;
        await shop.visit(jar, first);
        const rows = dump.rows.size - 1;
        parked.resume();
        const answer = await losing;
        expect(answer instanceof Response ? answer.headers.getSetCookie() : answer).to.deep.equal(
          first === signIn ? "SESSION_CONFLICT" : [],
        );
        expect(dump.rows.size).to.equal(rows);
      }
    },
  ),
];
