// A session ends by itself: after a time without requests, and after its lifetime whatever happens.

import { expect } from "chai";
import { createSessions, memoryStore, type Store } from "coatcheck";
import { withClock } from "../support/clock.ts";
import { cookieJar } from "../support/jar.ts";
import { faultyStore, pausingStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import { COOKIE, onMemory, onStores, openShop, SECRET, sessionCookie, thrown } from "./setup.ts";

const HOUR = { idleTimeout: 3600, lifetime: 36_000 };

/** A store that keeps every row far longer than it is told. */
function keepingStore(inner: Store): Store {
  return {
    read: (key) => inner.read(key),
    write(key, value, expiresAt, expected) {
      const kept = expiresAt > Date.now() ? expiresAt + 1_000_000_000 : expiresAt;
      return inner.write(key, value, kept, expected);
    },
  };
}

function maxAgeOf(line: string | undefined): number {
  return Number(/; Max-Age=(\d+);/.exec(line ?? "")?.[1]);
}

export const cases: readonly Case[] = [
  ...onStores(
    "R22 R24 a session without requests ends with the idle timeout, also where the store still has the row",
    async (store) => {
      await withClock(async (clock) => {
        const shop = openShop(keepingStore(store), HOUR);
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.n++);
        const kept = jar.header();
        clock.advance(3599);
        expect((await shop.open(kept)).data.n).to.equal(1);
        clock.advance(1);
        const session = await shop.open(kept);
        expect(session.isNew).to.equal(true);
        expect(session.data).to.deep.equal({ cart: [], n: 0 });
        expect(shop.events.at(-1)).to.include({ type: "gone", during: "load", found: "expired" });
      });
    },
  ),

  ...onStores(
    "R22 R23 F17 the lifetime ends a session that is visited all the time",
    async (store) => {
      await withClock(async (clock) => {
        const shop = openShop(keepingStore(store), HOUR);
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.n++);
        const kept = jar.header();
        for (let at = 0; at < 35_000; at += 1000) {
          clock.advance(1000);
          await shop.visit(jar, ({ data }) => void expect(data.n).to.equal(1));
        }
        clock.advance(999);
        expect((await shop.open(kept)).isNew).to.equal(false);
        clock.advance(1);
        expect((await shop.open(kept)).isNew).to.equal(true);
      });
    },
  ),

  ...onStores(
    "R4 R24 a change after the expiry begins a new session under a new id",
    async (store) => {
      await withClock(async (clock) => {
        const shop = openShop(keepingStore(store), HOUR);
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void (data.note = "old"));
        const thief = cookieJar();
        thief.put(`${jar.header()}; Path=/; Secure`);
        clock.advance(3600);
        const response = await shop.visit(thief, ({ data }) => void data.n++);
        expect(sessionCookie(response)).to.be.a("string");
        expect(thief.get(COOKIE)).to.not.equal(jar.get(COOKIE));
        expect((await shop.open(thief)).data).to.deep.equal({ cart: [], n: 1 });
      });
    },
  ),

  ...onStores(
    "R22 today's options count, not those of the day when the row was written",
    async (store) => {
      await withClock(async (clock) => {
        const jar = cookieJar();
        await openShop(store).visit(jar, ({ data }) => void data.n++);
        clock.advance(600);
        expect((await openShop(store, { idleTimeout: 601 }).open(jar)).isNew).to.equal(false);
        expect((await openShop(store, { idleTimeout: 600 }).open(jar)).isNew).to.equal(true);
        expect((await openShop(store, { lifetime: 600 }).open(jar)).isNew).to.equal(true);
      });
    },
  ),

  ...onStores(
    "R26 nothing is renewed before a tenth of the idle timeout, and at a tenth it is",
    async (store) => {
      await withClock(async (clock) => {
        const shop = openShop(store, HOUR);
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.n++);
        shop.counts.reset();
        clock.advance(359);
        const early = await shop.visit(jar);
        expect(sessionCookie(early)).to.equal(undefined);
        expect(shop.counts.writes).to.equal(0);
        clock.advance(1);
        const due = await shop.visit(jar);
        expect(maxAgeOf(sessionCookie(due))).to.equal(3600);
        expect(shop.counts.writes).to.equal(1);
        const next = await shop.visit(jar);
        expect(sessionCookie(next)).to.equal(undefined);
        expect(shop.counts.writes).to.equal(1);
        clock.advance(3599);
        expect((await shop.open(jar)).data.n).to.equal(1);
      });
    },
  ),

  ...onStores("a renewal keeps the id and the data", async (store) => {
    await withClock(async (clock) => {
      const shop = openShop(store, HOUR);
      const jar = cookieJar();
      await shop.visit(jar, (session) => {
        session.data.n++;
        session.flash("note", "saved");
      });
      const token = jar.get(COOKIE);
      clock.advance(400);
      await shop.visit(jar);
      expect(jar.get(COOKIE)).to.equal(token);
      const session = await shop.open(jar);
      expect(session.data).to.deep.equal({ cart: [], n: 1 });
      expect(session.flash("note")).to.equal("saved");
      expect(session.expiresAt).to.equal(clock.now + 3_600_000);
    });
  }),

  ...onStores("R26 a renewal rides on a write, which then sets the cookie", async (store) => {
    await withClock(async (clock) => {
      const shop = openShop(store, HOUR);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      clock.advance(400);
      shop.counts.reset();
      const response = await shop.visit(jar, ({ data }) => void data.n++);
      expect(maxAgeOf(sessionCookie(response))).to.equal(3600);
      expect(shop.counts.writes).to.equal(1);
    });
  }),

  ...onStores("R23 a change before a renewal is due moves no expiry", async (store) => {
    await withClock(async (clock) => {
      const shop = openShop(store, HOUR);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      const { expiresAt } = await shop.open(jar);
      clock.advance(300);
      await shop.visit(jar, ({ data }) => void data.n++);
      expect((await shop.open(jar)).expiresAt).to.equal(expiresAt);
      clock.advance(3299);
      expect((await shop.open(jar)).data.n).to.equal(2);
      clock.advance(1);
      expect((await shop.open(jar)).isNew).to.equal(true);
    });
  }),

  ...onStores(
    "R26 a renewal that meets another request's write is tried once, and harms nobody",
    async (store) => {
      await withClock(async (clock) => {
        const pausing = pausingStore(store);
        const shop = openShop(pausing.store, HOUR);
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.n++);
        clock.advance(400);
        shop.counts.reset();
        const parked = pausing.park("before write");
        const renewing = shop.visit(jar);
        await parked.reached;
        await openShop(store, HOUR).visit(jar, ({ data }) => void data.n++);
        parked.resume();
        const response = await renewing;
        expect(response.status).to.equal(200);
        expect(sessionCookie(response)).to.equal(undefined);
        expect(shop.counts.writes).to.equal(1);
        expect((await shop.open(jar)).data.n).to.equal(2);
      });
    },
  ),

  ...onStores(
    "R26 R51 F43 a renewal that gets no answer leaves the response as it is",
    async (store) => {
      await withClock(async (clock) => {
        const faulty = faultyStore(store);
        const shop = openShop(faulty.store, HOUR);
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.n++);
        clock.advance(400);
        for (const fault of ["refused", "silent", "garbage", "thrown"] as const) {
          shop.counts.reset();
          faulty.fail("write", fault);
          const response = await shop.visit(jar, () => new Response("page", { status: 201 }));
          expect(response.status, fault).to.equal(201);
          expect(await response.text(), fault).to.equal("page");
          expect(response.headers.getSetCookie(), fault).to.deep.equal([]);
          expect(shop.counts.writes, fault).to.equal(1);
          expect((await shop.open(jar)).data.n, fault).to.equal(1);
        }
      });
    },
  ),

  ...onStores("R30 F10 a renewal that meets a logout brings nothing back", async (store) => {
    await withClock(async (clock) => {
      const pausing = pausingStore(store);
      const shop = openShop(pausing.store, HOUR);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      const thief = jar.copy();
      clock.advance(400);
      const parked = pausing.park("before write");
      const renewing = shop.visit(thief);
      await parked.reached;
      await openShop(store, HOUR).visit(jar, (session) => session.destroy());
      parked.resume();
      const response = await renewing;
      expect(response.status).to.equal(200);
      expect(sessionCookie(response)).to.equal(undefined);
      expect((await shop.open(thief)).isNew).to.equal(true);
    });
  }),

  onMemory("R23 the cookie lives as long as the session may, and no longer", async (store) => {
    await withClock(async (clock) => {
      const shop = openShop(store, { idleTimeout: 3600, lifetime: 5000 });
      const jar = cookieJar();
      const first = await shop.visit(jar, ({ data }) => void data.n++);
      expect(maxAgeOf(sessionCookie(first))).to.equal(3600);
      clock.advance(2000);
      const second = await shop.visit(jar);
      expect(maxAgeOf(sessionCookie(second))).to.equal(3000);
      clock.advance(3000);
      expect(jar.header()).to.equal(null);
    });
  }),

  onMemory("R15 the cookie lives 400 days at most", async (store) => {
    await withClock(async () => {
      const shop = openShop(store, { idleTimeout: 34_560_000, lifetime: 34_560_000 });
      const response = await shop.visit(cookieJar(), ({ data }) => void data.n++);
      expect(maxAgeOf(sessionCookie(response))).to.equal(400 * 86_400);
    });
  }),

  onMemory(
    "R25 F16 a duration that is no whole number of seconds in range throws at construction",
    async (store) => {
      const wrong: unknown[] = [
        0,
        -1,
        1.5,
        Number.NaN,
        Infinity,
        34_560_001,
        "3600",
        "1h 30m",
        "",
        null,
      ];
      for (const name of ["idleTimeout", "lifetime"]) {
        for (const value of wrong) {
          const options = { secrets: [SECRET], store, [name]: value };
          const error = thrown(() => createSessions(options)) as Error;
          expect(error.name).to.match(/^(Type|Range)Error$/);
          expect(error.message).to.contain(name);
        }
      }
    },
  ),

  {
    name: "isNew, createdAt and expiresAt say when a session begins and ends",
    run: () =>
      withClock(async (clock) => {
        const shop = openShop(memoryStore(), HOUR);
        const jar = cookieJar();
        const createdAt = clock.now;
        await shop.visit(jar, (session) => {
          expect(session.isNew).to.equal(true);
          expect(session.unavailable).to.equal(false);
          expect(session.expiresAt).to.equal(createdAt + 3_600_000);
          session.data.n++;
        });
        clock.advance(100);
        const session = await shop.open(jar);
        expect(session.isNew).to.equal(false);
        expect(session.createdAt).to.equal(createdAt);
        expect(session.expiresAt).to.equal(createdAt + 3_600_000);
      }),
  },
];
