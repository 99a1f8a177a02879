// Users where something goes wrong, or comes at an odd moment: nobody is signed out by a fault, nothing is carried over,
// and no end is forgotten.

import { expect } from "chai";
import { type Store, StoreError, type UserIndex } from "coatcheck";
import { withClock } from "../support/clock.ts";
import { cookieJar } from "../support/jar.ts";
import { faultyStore, pausingStore, signal } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import { codeOf, COOKIE, openShop, rejection, sessionCookie, type Shop } from "./setup.ts";
import { cookieOf, handlesOf, inMemory } from "./users-setup.ts";

/** Ada's `endAll` that marks every entry of hers, and whose store then loses what it writes. Answers the shop that asked. */
async function failToEndAll(store: Store, users: UserIndex): Promise<Shop> {
  const faulty = faultyStore(store);
  const shop = openShop(faulty.store, { users });
  faulty.fail("write", "silent", { times: 9 });
  await rejection(shop.sessions.user("ada").endAll());
  faulty.heal();
  return shop;
}

/** An index whose removals fail. */
function hoarding(users: UserIndex): UserIndex {
  return { ...users, remove: () => Promise.reject(new Error("permission denied")) };
}

export const cases: readonly Case[] = [
  inMemory(
    "R8 R29 whose new id could not be refused for certain hears of it, and a sign-in ends the old one",
    async ({ store, users, shop }) => {
      const ada = await cookieOf(shop, "ada");
      await failToEndAll(store, users);
      const faulty = faultyStore(store);
      const slow = openShop(faulty.store, { users });
      const session = await slow.open(ada);
      session.elevate();
      // The new row is written, the end of the old one is not, nor is the new one taken back.
      faulty.fail("write", "refused", { skip: 1, times: 3 });
      expect(codeOf(await rejection(slow.sessions.save(session)))).to.equal("STORE_UNAVAILABLE");
      faulty.heal();
      session.signIn("ada");
      const cookie = await slow.sessions.save(session);
      expect((await shop.open(`${COOKIE}=${cookie?.value}`)).userId).to.equal("ada");
      expect((await shop.open(ada)).isNew).to.equal(true);
    },
  ),

  inMemory(
    "R31 a sign-in that an endAll met does not come back by a proof that was asked for meanwhile",
    async ({ store, users, shop }) => {
      const pausing = pausingStore(store);
      const slow = openShop(pausing.store, { users });
      const session = await slow.open(null);
      session.signIn("ada");
      const parked = pausing.park("after write");
      const saving = slow.sessions.save(session);
      await parked.reached;
      session.elevate();
      await shop.sessions.user("ada").endAll();
      parked.resume();
      expect(await saving).to.equal(null);
      expect(await slow.sessions.save(session).catch(codeOf)).to.equal(null);
      expect(await handlesOf(shop)).to.deep.equal([]);
    },
  ),

  inMemory(
    "R31 whoever is met by an endAll is out, though the first answer to the sign-in was lost",
    async ({ store, users, shop }) => {
      let isFirst = true;
      const losing: Store = {
        read: (key) => store.read(key),
        async write(...row) {
          if (!isFirst) return store.write(...row);
          isFirst = false;
          await shop.sessions.user("ada").endAll();
          throw new StoreError("unknown", "no answer");
        },
      };
      const slow = openShop(losing, { users });
      const session = await slow.open(null);
      session.signIn("ada");
      expect(await slow.sessions.save(session)).to.equal(null);
      expect([session.userId, await handlesOf(shop)]).to.deep.equal([undefined, []]);
    },
  ),

  inMemory(
    "R33 a sign-in that fails in the index leaves no entry, of its first try neither",
    async ({ store, users }) => {
      const faulty = faultyStore(store);
      const names = new Set<string>();
      const noting = openShop(faulty.store, {
        users: {
          ...users,
          list: () => Promise.reject(new Error("down")),
          async add(user, entry) {
            names.add(user);
            await users.add(user, entry);
          },
        },
      });
      faulty.fail("write", "silent");
      const session = await noting.open(null);
      session.signIn("ada");
      expect(codeOf(await rejection(noting.sessions.save(session)))).to.equal("STORE_UNAVAILABLE");
      for (const name of names) expect(await users.list(name, { limit: 9 })).to.deep.equal([]);
      expect(names.size).to.equal(1);
    },
  ),

  inMemory(
    "R31 whoever is met by an endAll is out, though the save before was carried out unanswered",
    async ({ store, users, shop }) => {
      const first = await shop.open(null);
      first.data.n = 1;
      const own = `${COOKIE}=${(await shop.sessions.save(first))?.value}`;
      const faulty = faultyStore(store);
      const pausing = pausingStore(faulty.store);
      const slow = openShop(pausing.store, { users });
      const session = await slow.open(own);
      session.data.n = 2;
      faulty.fail("write", "applied");
      await rejection(slow.sessions.save(session));
      session.signIn("ada");
      // The new row comes first, then the mark on the old one.
      const parked = pausing.park("before write", 1);
      const saving = slow.sessions.save(session);
      await parked.reached;
      await shop.sessions.user("ada").endAll();
      parked.resume();
      expect(await saving).to.equal(null);
      expect(await handlesOf(shop)).to.deep.equal([]);
      expect((await shop.open(own)).userId).to.equal(undefined);
    },
  ),

  inMemory(
    "R35 of two who sign in within one request the second gets nothing of the first",
    async ({ shop }) => {
      for (const isSaved of [false, true]) {
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
        const session = await shop.open(jar);
        session.signIn("ada");
        session.data.note = "Ada's";
        if (isSaved) await shop.sessions.save(session);
        session.signIn("bob");
        const cookie = await shop.sessions.save(session);
        const found = await shop.open(`${COOKIE}=${cookie?.value}`);
        expect([found.userId, found.data]).to.deep.equal(["bob", { cart: [], n: 0 }]);
      }
    },
  ),

  inMemory(
    "R35 who signs in while a save is under way gets a session of their own with the next",
    async ({ store, users, shop }) => {
      const ada = await cookieOf(shop, "ada");
      const pausing = pausingStore(store);
      const slow = openShop(pausing.store, { users });
      const session = await slow.open(ada);
      session.data.note = "Ada's";
      const parked = pausing.park("before write");
      const saving = slow.sessions.save(session);
      await parked.reached;
      session.signIn("bob");
      session.data.n = 7;
      parked.resume();
      await saving;
      const cookie = await slow.sessions.save(session);
      expect(cookie?.value.slice(0, 43)).to.not.equal(ada.slice(COOKIE.length + 1).slice(0, 43));
      const bob = await shop.open(`${COOKIE}=${cookie?.value}`);
      expect([bob.userId, bob.data]).to.deep.equal(["bob", { cart: [], n: 7 }]);
      expect((await shop.open(ada)).isNew).to.equal(true);
      expect(await handlesOf(shop, "bob")).to.deep.equal([bob.handle]);
    },
  ),

  inMemory("R31 an endAll whose entries cannot be taken away says so, and ends", async (given) => {
    const { store, users, shop } = given;
    const ada = await cookieOf(shop, "ada");
    const stuck = openShop(store, { users: hoarding(users), maxPerUser: 1 });
    const error = await rejection(stuck.sessions.user("ada").endAll());
    expect(codeOf(error)).to.equal("STORE_UNAVAILABLE");
    expect((await shop.open(ada)).isNew).to.equal(true);
    expect((await stuck.open(await cookieOf(stuck, "ada"))).userId).to.equal("ada");
    await shop.sessions.user("ada").endAll();
    expect(await handlesOf(shop)).to.deep.equal([]);
  }),

  inMemory(
    "R8 R51 a sign-in that fails signs nobody out, where nothing could be read",
    async ({ store, users, shop }) => {
      const ada = await cookieOf(shop, "ada");
      const faulty = faultyStore(store);
      const anonymous = openShop(faulty.store, { users, whenUnavailable: "anonymous" });
      faulty.fail("read", "refused", { times: 2 });
      const session = await anonymous.open(ada);
      session.signIn("ada");
      expect(codeOf(await rejection(anonymous.sessions.save(session)))).to.equal(
        "STORE_UNAVAILABLE",
      );
      faulty.heal();
      expect((await anonymous.open(ada)).userId).to.equal("ada");
      expect(await handlesOf(shop)).to.have.length(1);
      const cookie = await anonymous.sessions.save(session);
      expect((await shop.open(`${COOKIE}=${cookie?.value}`)).userId).to.equal("ada");
      expect((await shop.open(ada)).isNew).to.equal(true);
    },
  ),

  inMemory(
    "R31 an endAll that failed ends nobody else's session later, who signed in there since",
    async ({ store, users, shop }) => {
      const ada = await cookieOf(shop, "ada");
      const one = await failToEndAll(store, users);
      const session = await shop.open(ada);
      session.signIn("bob");
      const { value } = (await shop.sessions.save(session)) ?? {};
      const stranger = await one.open(null);
      stranger.data.n = 1;
      await one.sessions.save(stranger);
      await one.open(`${COOKIE}=${value}`);
      expect((await shop.open(`${COOKIE}=${value}`)).userId).to.equal("bob");
    },
  ),

  inMemory(
    "R31 endOthers ends what an end that failed has left, and keeps this session though that had meant it too",
    async ({ store, users, shop }) => {
      const cookies = [await cookieOf(shop, "ada"), await cookieOf(shop, "ada")];
      const second = await cookieOf(shop, "ada");
      await failToEndAll(store, users);
      const own = await shop.open(second);
      await shop.sessions.user("ada").endOthers(own);
      for (const cookie of cookies) expect((await shop.open(cookie)).isNew).to.equal(true);
      expect((await shop.open(second)).userId).to.equal("ada");
      expect(await handlesOf(shop)).to.deep.equal([own.handle]);
      await shop.sessions.user("ada").endAll();
      expect((await shop.open(second)).isNew).to.equal(true);
    },
  ),

  inMemory("R31 an endAll that endOthers meets ends this session, too", async (given) => {
    const { store, users, shop } = given;
    const ada = await cookieOf(shop, "ada");
    const own = await shop.open(ada);
    const slow: UserIndex = {
      ...users,
      async retire(...asked) {
        await users.retire(...asked);
        await shop.sessions.user("ada").endOthers(own);
      },
    };
    await openShop(store, { users: slow }).sessions.user("ada").endAll();
    expect((await shop.open(ada)).isNew).to.equal(true);
  }),

  inMemory(
    "R35 after an end that a save met, another user gets nothing of the one before",
    async ({ shop }) => {
      const ada = await cookieOf(shop, "ada");
      const session = await shop.open(ada);
      session.data.cart.push("Ada's");
      session.flash("notice", "Ada's");
      const tab = await shop.open(ada);
      tab.signOut();
      await shop.sessions.save(tab);
      expect(await shop.sessions.save(session)).to.equal(null);
      session.signIn("bob");
      const cookie = await shop.sessions.save(session);
      const bob = await shop.open(`${COOKIE}=${cookie?.value}`);
      expect([bob.userId, bob.data]).to.deep.equal(["bob", { cart: [], n: 0 }]);
      expect(bob.flash("notice")).to.equal(undefined);
    },
  ),

  inMemory(
    "R35 a save whose answer was lost brings another user, who signed in meanwhile, nothing of the one before",
    async ({ store, users, shop }) => {
      const ada = await cookieOf(shop, "ada");
      const faulty = faultyStore(store);
      const pausing = pausingStore(faulty.store);
      const slow = openShop(pausing.store, { users });
      const session = await slow.open(ada);
      session.data.note = "Ada's secret";
      faulty.fail("write", "applied");
      const parked = pausing.park("before write");
      const saving = rejection(slow.sessions.save(session));
      await parked.reached;
      session.signIn("bob");
      session.data.n = 7;
      parked.resume();
      await saving;
      const cookie = await slow.sessions.save(session);
      const bob = await shop.open(`${COOKIE}=${cookie?.value}`);
      expect([bob.userId, bob.data]).to.deep.equal(["bob", { cart: [], n: 7 }]);
    },
  ),

  inMemory(
    "R33 a session whose renewal the index did not hear of is ended by no limit that leaves room",
    async ({ store, users, shop }) => {
      await withClock(async (clock) => {
        const deaf = openShop(store, {
          users: { ...users, touch: () => Promise.reject(new Error("down")) },
        });
        const ada = await cookieOf(shop, "ada");
        clock.advance(80_000);
        const visit = await deaf.open(ada);
        await deaf.sessions.save(visit);
        clock.advance(80_000);
        await cookieOf(openShop(store, { users, maxPerUser: 5 }), "ada");
        expect((await shop.open(ada)).userId).to.equal("ada");
      });
    },
  ),

  inMemory(
    "R30 a sign-in under way brings back nothing that was ended meanwhile: it stands for itself, once",
    async ({ store, users, shop }) => {
      const ada = await cookieOf(shop, "ada");
      const { handle = "" } = await shop.open(ada);
      const sessions = await Promise.all([shop.open(ada), shop.open(ada)]);
      await shop.sessions.user("ada").end(handle);
      const limited = openShop(store, { users, maxPerUser: 1 });
      const cookies: string[] = [];
      for (const session of sessions) {
        session.signIn("ada");
        const cookie = await shop.sessions.save(session);
        cookies.push(`${COOKIE}=${cookie?.value}`);
      }
      const found = await Promise.all(cookies.map((cookie) => shop.open(cookie)));
      const handles = found.map((each) => each.handle);
      expect(new Set([handle, ...handles]).size).to.equal(3);
      expect(await handlesOf(shop)).to.have.members(handles);
      await withClock(async (clock) => {
        clock.advance(1);
        const last = await cookieOf(limited, "ada");
        for (const cookie of cookies) expect((await shop.open(cookie)).isNew).to.equal(true);
        expect((await shop.open(last)).userId).to.equal("ada");
      });
    },
  ),

  inMemory(
    "R8 R29 after a sign-in that did not hold, the next one ends what the cookie opens",
    async ({ store, users, shop }) => {
      for (const isRead of [true, false]) {
        const bob = await cookieOf(shop, "bob");
        const pausing = pausingStore(store);
        const faulty = faultyStore(pausing.store);
        const slow = openShop(faulty.store, { users, whenUnavailable: "anonymous" });
        if (!isRead) faulty.fail("read", "refused");
        const session = await slow.open(bob);
        session.signIn("ada");
        const parked = pausing.park("after write");
        const saving = slow.sessions.save(session);
        await parked.reached;
        await shop.sessions.user("ada").endAll();
        parked.resume();
        expect(await saving).to.equal(null);
        expect((await shop.open(bob)).userId).to.equal("bob");
        session.signIn("ada");
        const cookie = await slow.sessions.save(session);
        expect((await shop.open(`${COOKIE}=${cookie?.value}`)).userId).to.equal("ada");
        expect((await shop.open(bob)).isNew).to.equal(true);
      }
    },
  ),

  inMemory(
    "R31 a new id that comes too late ends nobody who has signed in since",
    async ({ store, users, shop }) => {
      const ada = await cookieOf(shop, "ada");
      const late = await shop.open(ada);
      await failToEndAll(store, users);
      const tab = await shop.open(ada);
      tab.signIn("bob");
      const cookie = await shop.sessions.save(tab);
      late.elevate();
      await shop.sessions.save(late).catch(codeOf);
      expect((await shop.open(`${COOKIE}=${cookie?.value}`)).userId).to.equal("bob");
    },
  ),

  inMemory(
    "R31 R33 a sign-in that took so long that a list has taken its entry away does not hold",
    async ({ store, users, shop }) => {
      await withClock(async (clock) => {
        // A sign-in that takes longer than a minute: its entry is there, its row is not.
        const pausing = pausingStore(store);
        const asked = signal();
        const listed = signal();
        const slow = openShop(pausing.store, {
          users: {
            ...users,
            async list(...query) {
              asked.give();
              await listed.given;
              return users.list(...query);
            },
          },
        });
        const session = await slow.open(null);
        session.signIn("ada");
        const parked = pausing.park("before write");
        const saving = slow.sessions.save(session);
        await parked.reached;
        clock.advance(61);
        const listing = openShop(store, {
          users: {
            ...users,
            async remove(...given) {
              await users.remove(...given);
              parked.resume();
              await asked.given;
            },
          },
        });
        expect(await handlesOf(listing)).to.deep.equal([]);
        listed.give();
        expect(await saving).to.equal(null);
        expect([session.userId, await handlesOf(shop)]).to.deep.equal([undefined, []]);
      });
    },
  ),

  inMemory(
    "R31 whoever signs in anew on the browser that was to be ended may prove it again, too",
    async ({ store, users, shop }) => {
      await withClock(async (clock) => {
        const jar = cookieJar();
        await shop.visit(jar, (session) => session.signIn("ada"));
        await failToEndAll(store, users);
        clock.advance(1);
        // The entry that was marked stays.
        const stuck = openShop(store, { users: hoarding(users) });
        await stuck.visit(jar, (session) => session.signIn("ada"));
        await shop.visit(jar, (session) => session.elevate());
        expect((await shop.open(jar)).userId).to.equal("ada");
      });
    },
  ),

  inMemory(
    "R33 what a sign-in ends because nobody could read it does not count towards the limit",
    async ({ store, users, shop }) => {
      await withClock(async (clock) => {
        const other = await cookieOf(shop, "ada");
        clock.advance(1);
        const own = await cookieOf(shop, "ada");
        clock.advance(1);
        const faulty = faultyStore(store);
        const anonymous = openShop(faulty.store, {
          users,
          maxPerUser: 2,
          whenUnavailable: "anonymous",
        });
        faulty.fail("read", "refused");
        const session = await anonymous.open(own);
        session.signIn("ada");
        const cookie = await anonymous.sessions.save(session);
        expect((await shop.open(own)).isNew).to.equal(true);
        for (const found of [other, `${COOKIE}=${cookie?.value}`]) {
          expect((await shop.open(found)).userId).to.equal("ada");
        }
      });
    },
  ),

  inMemory("a new id that met another request's write is given once", async ({ shop }) => {
    const ada = await cookieOf(shop, "ada");
    const session = await shop.open(ada);
    const tab = await shop.open(ada);
    tab.data.n = 1;
    await shop.sessions.save(tab);
    session.regenerate();
    const cookie = await shop.sessions.save(session);
    expect(await shop.sessions.save(session)).to.equal(null);
    const found = await shop.open(`${COOKIE}=${cookie?.value}`);
    expect([found.userId, found.data.n]).to.deep.equal(["ada", 1]);
  }),

  inMemory(
    "R31 a session that was to be ended gets no new id instead",
    async ({ store, users, shop }) => {
      const ada = await cookieOf(shop, "ada");
      await failToEndAll(store, users);
      const session = await shop.open(ada);
      session.regenerate();
      expect(await shop.sessions.save(session)).to.equal(null);
      expect((await shop.open(ada)).isNew).to.equal(true);
      expect(await handlesOf(shop)).to.deep.equal([]);
    },
  ),

  inMemory(
    "R33 what an end that failed has left is ended by the next sign-in with a limit",
    async ({ store, users, shop }) => {
      const before = [await cookieOf(shop, "ada"), await cookieOf(shop, "ada")];
      await failToEndAll(store, users);
      await cookieOf(openShop(store, { users, maxPerUser: 2 }), "ada");
      for (const cookie of before) expect((await shop.open(cookie)).isNew).to.equal(true);
      expect(await handlesOf(shop)).to.have.length(1);
    },
  ),

  inMemory(
    "R33 a sign-out with the cookie from before a new id leaves no entry that would count",
    async ({ store, users, shop }) => {
      await withClock(async (clock) => {
        const other = await cookieOf(shop, "ada");
        clock.advance(1);
        const old = await cookieOf(shop, "ada");
        const [tab, late] = [await shop.open(old), await shop.open(old)];
        tab.regenerate();
        await shop.sessions.save(tab);
        late.signOut();
        await shop.sessions.save(late);
        clock.advance(1);
        await cookieOf(openShop(store, { users, maxPerUser: 2 }), "ada");
        expect((await shop.open(other)).userId).to.equal("ada");
      });
    },
  ),

  inMemory("R29 after an endAll the same request can sign in again", async ({ shop }) => {
    const jar = cookieJar();
    await shop.visit(jar, (session) => session.signIn("ada"));
    const old = jar.copy();
    const response = await shop.visit(jar, async (session) => {
      await shop.sessions.user("ada").endAll();
      session.signIn("ada");
    });
    expect(sessionCookie(response)).to.be.a("string");
    expect((await shop.open(jar)).userId).to.equal("ada");
    expect((await shop.open(old)).isNew).to.equal(true);
    expect(await handlesOf(shop)).to.have.length(1);
  }),

  inMemory(
    "R29 R54 whose sign-in did not hold is nobody, and a sign-out then ends what the cookie opens",
    async ({ store, users, shop }) => {
      const bob = await cookieOf(shop, "bob");
      const pausing = pausingStore(store);
      const slow = openShop(pausing.store, { users });
      const session = await slow.open(bob);
      session.signIn("ada");
      const parked = pausing.park("after write");
      const saving = slow.sessions.save(session);
      await parked.reached;
      await shop.sessions.user("ada").endAll();
      parked.resume();
      expect(await saving).to.equal(null);
      expect([session.userId, session.isFresh(60)]).to.deep.equal([undefined, false]);
      expect((await shop.open(bob)).userId).to.equal("bob");
      session.signOut();
      expect((await slow.sessions.save(session))?.value).to.equal("");
      expect((await shop.open(bob)).isNew).to.equal(true);
    },
  ),

  inMemory("a second save after a sign-in does nothing", async ({ shop }) => {
    const session = await shop.open(null);
    session.signIn("ada");
    const cookie = await shop.sessions.save(session);
    shop.counts.reset();
    expect(await shop.sessions.save(session)).to.equal(null);
    expect(shop.counts.commands).to.equal(0);
    expect((await shop.open(`${COOKIE}=${cookie?.value}`)).userId).to.equal("ada");
  }),

  inMemory("R31 users whose names differ in halves of a character are two", async ({ shop }) => {
    const cookie = await cookieOf(shop, "\ud800");
    await shop.sessions.user("\ud801").endAll();
    expect((await shop.open(cookie)).userId).to.equal("\ud800");
    await shop.sessions.user("\ud800").endAll();
    expect((await shop.open(cookie)).isNew).to.equal(true);
  }),

  inMemory("R28 a clock that was set back makes no proof last", async ({ shop }) => {
    await withClock(async (clock) => {
      const cookie = await cookieOf(shop, "ada");
      clock.advance(-86_400);
      expect((await shop.open(cookie)).isFresh(3600)).to.equal(false);
    });
  }),
];
