// The list of a user's sessions where entries and rows do not agree: what is run out, moved, late or read from a copy.

import { expect } from "chai";
import { cachedStore, memoryStore, memoryUsers, type SessionOptions } from "coatcheck";
import { type Clock, withClock } from "../support/clock.ts";
import { type Actor, everyInterleaving } from "../support/interleave.ts";
import { cookieJar } from "../support/jar.ts";
import { faultyStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import { codeOf, COOKIE, type Data, openShop, rejection, type Shop } from "./setup.ts";
import { cookieOf, handlesOf, inMemory } from "./users-setup.ts";

/** A case that plays two actors in every order, each over a shop in memory of its own. */
function inEveryOrder(
  name: string,
  arrange: (given: Given, clock: Clock) => Promise<Meeting>,
): Case {
  return {
    name,
    async run() {
      await withClock(async (clock) => {
        const orders = await everyInterleaving(async () => {
          const store = memoryStore();
          const users = memoryUsers();
          const shop = openShop(store, { users });
          const limited = (maxPerUser: number) => openShop(store, { users, maxPerUser });
          const { actors, check } = await arrange({ shop, limited }, clock);
          const played = Object.entries(actors).map(([actor, act]): [string, Actor] => [
            actor,
            (view) => act((options) => openShop(view.store, { users: view.users, ...options })),
          ]);
          return { store, users, actors: Object.fromEntries(played), check };
        });
        expect(orders).to.be.above(1);
      });
    },
  };
}

interface Given {
  readonly shop: Shop;
  /** The same one, with a limit. */
  readonly limited: (maxPerUser: number) => Shop;
}

/** What each of several does, in a shop that waits for its turn; and what must be so when all have finished. */
interface Meeting {
  readonly actors: Readonly<
    Record<string, (enter: (options?: Partial<SessionOptions<Data>>) => Shop) => Promise<void>>
  >;
  readonly check: () => Promise<void>;
}

export const cases: readonly Case[] = [
  inMemory(
    "R31 a list that reads an old copy takes away no session that was renewed since",
    async ({ store, users }) => {
      await withClock(async (clock) => {
        const cache = memoryStore();
        const faulty = faultyStore(cache);
        const cut = openShop(cachedStore({ authority: store, cache: faulty.store }), {
          users: { ...users, touch: () => Promise.reject(new Error("down")) },
        });
        const other = openShop(cachedStore({ authority: store, cache }), { users });
        const ada = await cookieOf(cut, "ada");
        clock.advance(86_390);
        expect(await handlesOf(other)).to.have.length(1);
        // One machine loses Redis and the index, renews the session, and can tell neither.
        faulty.fail("read", "refused", { times: Infinity });
        faulty.fail("write", "refused", { times: Infinity });
        await cut.sessions.save(await cut.open(ada));
        clock.advance(15);
        await handlesOf(other);
        clock.advance(60);
        faulty.heal();
        await other.sessions.user("ada").endAll();
        expect((await other.open(ada)).isNew).to.equal(true);
      });
    },
  ),

  inMemory(
    "a list of a thousand sessions that have run out asks for few of them at a time",
    async ({ shop }) => {
      await withClock(async (clock) => {
        const first = await cookieOf(shop, "ada");
        for (let times = 0; times < 1000; times++) await cookieOf(shop, "ada");
        clock.advance(80_000);
        await shop.sessions.save(await shop.open(first));
        clock.advance(7000);
        const last = await cookieOf(shop, "ada");
        const { user } = shop.sessions;
        const found: string[] = [];
        let after: string | undefined;
        do {
          shop.counts.reset();
          const page = await user("ada").list({ after });
          expect(shop.counts.commands).to.be.at.most(5 * 21);
          found.push(...page.sessions.map(({ handle }) => handle));
          after = page.next;
        } while (after !== undefined);
        const handles = [last, first].map(async (cookie) => (await shop.open(cookie)).handle);
        expect(found).to.deep.equal(await Promise.all(handles));
      });
    },
  ),

  inMemory(
    "R33 sessions that have run out hide none that is over a limit",
    async ({ store, users, shop }) => {
      await withClock(async (clock) => {
        const cookies: string[] = [];
        const signIn = async (options: Partial<SessionOptions<Data>>) => {
          cookies.push(await cookieOf(openShop(store, { users, ...options }), "ada"));
          clock.advance(1);
        };
        for (let times = 0; times < 5; times++) await signIn({});
        const used = [...cookies];
        for (let times = 0; times < 60; times++) await signIn({});
        for (let visits = 0; visits < 9; visits++) {
          clock.advance(3 * 3600);
          for (const cookie of used) await shop.sessions.save(await shop.open(cookie));
        }
        for (let times = 0; times < 3; times++) {
          await signIn({ maxPerUser: 2 });
          const opened = await Promise.all(cookies.map((cookie) => shop.open(cookie)));
          expect(opened.filter(({ isNew }) => !isNew)).to.have.length(2);
        }
      });
    },
  ),

  inMemory(
    "end() answers true for a session that it ends, though only the entry of an old id led there",
    async ({ store, users, shop }) => {
      const jar = cookieJar();
      await shop.visit(jar, (session) => session.signIn("ada"));
      const deaf = openShop(store, {
        users: { ...users, remove: () => Promise.reject(new Error("down")) },
      });
      const old = await shop.open(jar);
      const { handle = "" } = old;
      await deaf.visit(jar, (session) => session.regenerate());
      expect(await shop.sessions.user("ada").end(handle)).to.equal(true);
      expect((await shop.open(jar)).isNew).to.equal(true);
      expect(await shop.sessions.user("ada").end(handle)).to.equal(false);
    },
  ),

  inEveryOrder("end() beside a new id answers true, in every order", async ({ shop }) => {
    let answer: boolean | undefined;
    const ada = await cookieOf(shop, "ada");
    const { handle = "" } = await shop.open(ada);
    return {
      actors: {
        async regenerates(enter) {
          const { open, sessions } = enter();
          const session = await open(ada);
          if (session.isNew) return;
          session.regenerate();
          await sessions.save(session);
        },
        async ends(enter) {
          answer = await enter().sessions.user("ada").end(handle);
        },
      },
      async check() {
        expect(answer).to.equal(true);
        expect(await handlesOf(shop)).to.deep.equal([]);
      },
    };
  }),

  inEveryOrder(
    "R33 a renewal beside a sign-out leaves no entry that counts, in every order",
    async ({ shop }, clock) => {
      const stays = await cookieOf(shop, "ada");
      clock.advance(1);
      const leaves = await cookieOf(shop, "ada");
      clock.advance(3 * 3600);
      return {
        actors: {
          async renews(enter) {
            const { open, sessions } = enter();
            await sessions.save(await open(leaves));
          },
          async "signs out, and in elsewhere"(enter) {
            const mine = enter({ maxPerUser: 2 });
            const session = await mine.open(leaves);
            session.signOut();
            await mine.sessions.save(session);
            await cookieOf(mine, "ada");
          },
        },
        async check() {
          expect((await shop.open(leaves)).isNew).to.equal(true);
          expect((await shop.open(stays)).userId).to.equal("ada");
          expect(await handlesOf(shop)).to.have.length(2);
        },
      };
    },
  ),

  inMemory(
    "R31 a session that the index has lost is entered again by a renewal, unless it has ended",
    async ({ store, users, shop }) => {
      await withClock(async (clock) => {
        for (const isOut of [false, true]) {
          const ada = await cookieOf(shop, "ada");
          clock.advance(3 * 3600);
          let name = "";
          const lost = openShop(store, {
            users: {
              ...users,
              async touch(user, entry) {
                name = user;
                await users.remove(user, [entry.key]);
                return users.touch(user, entry);
              },
              async add(...entry) {
                const session = await shop.open(ada);
                if (isOut) session.signOut();
                await shop.sessions.save(session);
                await users.add(...entry);
              },
            },
          });
          await lost.sessions.save(await lost.open(ada));
          expect(await users.list(name, { limit: 9 })).to.have.length(isOut ? 0 : 1);
          await shop.sessions.user("ada").endAll();
          expect((await shop.open(ada)).isNew).to.equal(true);
        }
      });
    },
  ),

  inEveryOrder(
    "R33 a session that is ended while it gets a new id leaves no entry that counts, in every order",
    async ({ shop, limited }, clock) => {
      const stays = await cookieOf(shop, "ada");
      clock.advance(1);
      const leaves = await cookieOf(shop, "ada");
      const { handle = "" } = await shop.open(leaves);
      return {
        actors: {
          async proves(enter) {
            const { open, sessions } = enter();
            const session = await open(leaves);
            if (session.isNew) return;
            session.elevate();
            await sessions.save(session);
          },
          async ends(enter) {
            await enter().sessions.user("ada").end(handle);
          },
        },
        async check() {
          clock.advance(1);
          await cookieOf(limited(2), "ada");
          expect((await shop.open(stays)).userId).to.equal("ada");
        },
      };
    },
  ),

  inMemory(
    "R31 a session that cannot be ended keeps none of the others from it",
    async ({ store, users, shop }) => {
      const cookies = [await cookieOf(shop, "ada"), await cookieOf(shop, "ada")];
      cookies.push(await cookieOf(shop, "ada"));
      const faulty = faultyStore(store);
      const { user } = openShop(faulty.store, { users }).sessions;
      faulty.fail("write", "refused");
      expect(codeOf(await rejection(user("ada").endAll()))).to.equal("STORE_UNAVAILABLE");
      const open = async () => {
        const all = await Promise.all(cookies.map((cookie) => shop.open(cookie)));
        return all.filter(({ isNew }) => !isNew);
      };
      expect(await open()).to.have.length(1);
      await user("ada").endAll();
      expect(await open()).to.have.length(0);
    },
  ),

  inMemory(
    "R31 data that the schema throws at keeps nobody from listing and ending",
    async ({ store, users, shop }) => {
      const session = await shop.open(null);
      session.signIn("ada");
      session.data.n = 13;
      const cookie = `${COOKIE}=${(await shop.sessions.save(session))?.value}`;
      const validate = (value: unknown) => {
        if ((value as Data).n === 13) throw new Error("unlucky");
        return { value: value as Data };
      };
      const strict = openShop(store, {
        users,
        schema: { "~standard": { version: 1, vendor: "own", validate } },
      });
      const { handle = "" } = session;
      expect(await handlesOf(strict)).to.deep.equal([handle]);
      expect(await strict.sessions.user("ada").end(handle)).to.equal(true);
      expect((await shop.open(cookie)).isNew).to.equal(true);
    },
  ),

  inMemory("R42 a place in a list that no page has named gives a page, or says so", async (own) => {
    const { shop } = own;
    await cookieOf(shop, "ada");
    const list = async (after: string) =>
      (await shop.sessions.user("ada").list({ after })).sessions;
    expect(await list("999999999999999-x")).to.have.length(1);
    expect(await list("0-x")).to.have.length(0);
    for (const after of ["9999999999999999-x", "1e9-x", "-", "1-", "1-!", ""]) {
      expect(await rejection(list(after)), after).to.be.instanceOf(TypeError);
    }
  }),

  inMemory("whoever has signed out is nobody at once", async ({ shop }) => {
    const session = await shop.open(await cookieOf(shop, "ada"));
    session.signOut();
    const { userId, handle, authenticatedAt } = session;
    expect([userId, handle, authenticatedAt]).to.deep.equal([undefined, undefined, undefined]);
    expect(session.isFresh(60)).to.equal(false);
    const { user } = shop.sessions;
    expect(codeOf(await rejection(user("ada").endOthers(session)))).to.equal(
      "SESSION_NOT_SIGNED_IN",
    );
  }),

  inMemory(
    "who signs in on a session that nobody could read sees their data after the commit, too",
    async ({ store, users, shop }) => {
      const ada = await cookieOf(shop, "ada");
      const faulty = faultyStore(store);
      const anonymous = openShop(faulty.store, { users, whenUnavailable: "anonymous" });
      faulty.fail("read", "refused");
      const session = await anonymous.open(ada);
      expect(session.data.n).to.equal(0);
      session.signIn("ada");
      session.data.n = 5;
      await anonymous.sessions.commit(session, new Response());
      expect(session.data.n).to.equal(5);
    },
  ),
];
