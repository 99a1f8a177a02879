// Ends that the store did not confirm, and whose browser does not come back: the instance finishes them on its next
// operations, a few at a time, and never at the cost of the request that carries them.

import { expect } from "chai";
import type { Store } from "coatcheck";
import { withClock } from "../support/clock.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import { type Faulty, faultyStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import { onMemory, onStores, openShop, type Shop } from "./setup.ts";

interface Scene {
  readonly shop: Shop;
  readonly faulty: Faulty;
  /** Browsers as they were before their logout; none has come back. */
  readonly gone: readonly Jar[];
  /** Another visitor, with a session. */
  readonly visitor: Jar;
  /** How many of the sessions still open. */
  left(): Promise<number>;
}

/** So many logouts that met an outage. The store is down until it is healed. */
async function openScene(store: Store, ends: number): Promise<Scene> {
  const faulty = faultyStore(store);
  const shop = openShop(faulty.store);
  const gone = Array.from({ length: ends }, () => cookieJar());
  const visitor = cookieJar();
  for (const jar of [...gone, visitor]) await shop.visit(jar, ({ data }) => void data.n++);
  const sessions = await Promise.all(gone.map((jar) => shop.open(jar)));
  faulty.fail("write", "refused", { times: Number.POSITIVE_INFINITY });
  for (const session of sessions) {
    session.destroy();
    await shop.sessions.save(session).catch(() => undefined);
  }
  shop.counts.reset();
  return {
    shop,
    faulty,
    gone,
    visitor,
    async left() {
      const opened = await Promise.all(gone.map((jar) => openShop(store).open(jar)));
      return opened.filter(({ isNew }) => !isNew).length;
    },
  };
}

export const cases: readonly Case[] = [
  ...onStores(
    "R54 a logout whose browser never comes back is finished by another visitor's request",
    async (store) => {
      const { shop, faulty, visitor, left } = await openScene(store, 1);
      expect(await left()).to.equal(1);
      faulty.heal();
      const response = await shop.visit(visitor, ({ data }) => void expect(data.n).to.equal(1));
      expect([response.status, response.headers.getSetCookie()]).to.deep.equal([200, []]);
      expect(await left()).to.equal(0);
      expect(shop.types().filter((type) => /confirmed|destroyed/.test(type))).to.deep.equal([
        "unconfirmed",
        "destroyed",
      ]);
      // The request's read; the end's read and write; and then no more.
      expect([shop.counts.reads, shop.counts.writes]).to.deep.equal([2, 1]);
      await shop.visit(visitor);
      expect([shop.counts.reads, shop.counts.writes]).to.deep.equal([3, 1]);
    },
  ),

  ...onStores("R54 also by one that only begins a session", async (store) => {
    const { shop, faulty, left } = await openScene(store, 1);
    faulty.heal();
    await shop.visit(cookieJar(), ({ data }) => void data.n++);
    expect(await left()).to.equal(0);
  }),

  onMemory("R54 a request that asks no store finishes nothing", async (store) => {
    const { shop, faulty, left } = await openScene(store, 1);
    faulty.heal();
    await shop.visit(cookieJar());
    expect(shop.counts.commands).to.equal(0);
    expect(await left()).to.equal(1);
  }),

  onMemory("R54 three are tried by one request, until none is left", async (store) => {
    const { shop, faulty, visitor, left } = await openScene(store, 8);
    faulty.heal();
    const lefts: number[] = [];
    for (let time = 0; time < 4; time++) {
      await shop.visit(visitor);
      lefts.push(await left());
    }
    expect(lefts).to.deep.equal([5, 2, 0, 0]);
  }),

  onMemory(
    "R54 while they fail, one is tried each second, and no request fails or waits for more",
    async (store) => {
      await withClock(async (clock) => {
        const { shop, faulty, gone, visitor, left } = await openScene(store, 8);
        // The store answers reads alone, as one does whose quota is used up.
        clock.advance(10);
        for (let tenth = 0; tenth < 100; tenth++) {
          const response = await shop.visit(visitor, ({ data }) => {
            expect(data.n).to.equal(1);
          });
          expect(response.status).to.equal(200);
          clock.advance(0.1);
        }
        expect(shop.counts.writes).to.be.within(9, 11);
        expect(shop.counts.reads).to.be.within(109, 111);
        expect(await left()).to.equal(8);
        const unconfirmed = shop.types().filter((type) => type === "unconfirmed");
        expect(unconfirmed, "told once each").to.have.length(gone.length);
        faulty.heal();
        clock.advance(1);
        for (let time = 0; time < 3; time++) await shop.visit(visitor);
        expect(await left()).to.equal(0);
      });
    },
  ),

  onMemory("R54 a clock that is set back does not stop them", async (store) => {
    await withClock(async (clock) => {
      const { shop, faulty, visitor, left } = await openScene(store, 1);
      await shop.visit(visitor);
      faulty.heal();
      clock.advance(-60);
      await shop.visit(visitor);
      expect(await left()).to.equal(0);
    });
  }),

  onMemory("R54 requests side by side do not all carry them", async (store) => {
    const { shop, faulty, visitor, left } = await openScene(store, 3);
    faulty.heal();
    await Promise.all(Array.from({ length: 20 }, () => shop.visit(visitor.copy())));
    expect(await left()).to.equal(0);
    expect(shop.counts.writes).to.equal(3);
  }),

  onMemory("R54 a thousand are kept at most, and the oldest goes first", async (store) => {
    const { shop, faulty, gone, visitor, left } = await openScene(store, 1002);
    faulty.heal();
    for (let time = 0; time < 400; time++) await shop.visit(visitor);
    expect(await left()).to.equal(2);
    for (const jar of gone.slice(0, 2)) {
      expect((await openShop(store).open(jar)).isNew).to.equal(false);
    }
  }),

  ...onStores(
    "R54 an instance that knows of an open end does not serve its session, though the store would",
    async (store) => {
      const { shop, faulty, gone, left } = await openScene(store, 1);
      const [jar = cookieJar()] = gone;
      const kept = jar.header();
      // Writes fail, reads do not.
      const response = await shop.visit(jar, () => new Response("the account"));
      expect(response.status).to.equal(503);
      expect(response.headers.getSetCookie()).to.deep.equal([]);
      expect(jar.header()).to.equal(kept);
      faulty.heal();
      const after = await shop.visit(jar, ({ isNew }) => void expect(isNew).to.equal(true));
      expect(after.headers.getSetCookie()[0]).to.match(/^__Host-session=; /);
      expect(await left()).to.equal(0);
    },
  ),
];
