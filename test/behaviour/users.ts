// Whose sessions: signing in, the list of devices, ending them one by one or all, limits, a fresh proof.

import { expect } from "chai";
import type { SessionOptions, Store, UserIndex } from "coatcheck";
import { withClock } from "../support/clock.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import { countingUsers, faultyStore, pausingStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import {
  type Act,
  codeOf,
  COOKIE,
  type Data,
  onIndexes,
  openShop,
  rejection,
  sessionCookie,
  type Shop,
  thrown,
} from "./setup.ts";

interface Given {
  readonly store: Store;
  readonly users: UserIndex;
}

function shopOf({ store, users }: Given, options: Partial<SessionOptions<Data>> = {}): Shop {
  return openShop(store, { users, ...options });
}

const signInAs =
  (user: string, ...options: readonly [object?]): Act =>
  (session) =>
    session.signIn(user, ...options);

/** A browser that is signed in. */
async function device(shop: Shop, user: string, meta?: object): Promise<Jar> {
  const jar = cookieJar();
  await shop.visit(jar, signInAs(user, meta ? { meta } : {}));
  return jar;
}

async function isSignedIn(shop: Shop, jar: Jar): Promise<boolean> {
  return (await shop.open(jar)).userId !== undefined;
}

async function handlesOf(shop: Shop, user: string): Promise<(string | undefined)[]> {
  return (await shop.sessions.user(user).list()).sessions.map(({ handle }) => handle);
}

export const cases: readonly Case[] = [
  ...onIndexes(
    "R8 F2 a sign-in gives a new id, keeps what the visitor had, and the old cookie opens nothing",
    async (given) => {
      const shop = shopOf(given);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
      const thief = jar.copy();
      expect((await shop.open(jar)).userId).to.equal(undefined);
      const response = await shop.visit(jar, signInAs("ada"));
      expect(sessionCookie(response)).to.be.a("string");
      const session = await shop.open(jar);
      expect([session.userId, session.data.cart]).to.deep.equal(["ada", ["tea"]]);
      expect((await shop.open(thief)).isNew).to.equal(true);
      expect(await handlesOf(shop, "ada")).to.deep.equal([session.handle]);
    },
  ),

  ...onIndexes(
    "R35 F3 whoever signs in as somebody else on the same browser carries nothing over",
    async (given) => {
      await withClock(async (clock) => {
        const shop = shopOf(given);
        const jar = cookieJar();
        await shop.visit(jar, (session) => {
          session.signIn("ada");
          session.data.cart.push("tea");
          session.flash("notice", "for Ada");
        });
        const before = await shop.open(jar);
        const old = jar.copy();
        clock.advance(60);
        await shop.visit(jar, (session) => {
          session.data.note = "of Ada's";
          session.signIn("bob");
          expect([session.userId, session.data]).to.deep.equal(["bob", { cart: [], n: 0 }]);
          session.data.n = 1;
        });
        const after = await shop.open(jar);
        expect(after.data).to.deep.equal({ cart: [], n: 1 });
        expect([after.userId, after.flash("notice")]).to.deep.equal(["bob", undefined]);
        expect(after.handle).to.not.equal(before.handle);
        expect(after.createdAt).to.equal(before.createdAt + 60_000);
        expect((await shop.open(old)).isNew).to.equal(true);
        expect(await handlesOf(shop, "ada")).to.deep.equal([]);
        expect(await handlesOf(shop, "bob")).to.deep.equal([after.handle]);
      });
    },
  ),

  ...onIndexes(
    "R35 what another request wrote meanwhile for the user before is not carried over either",
    async (given) => {
      const shop = shopOf(given);
      const jar = await device(shop, "ada");
      const slow = await shop.open(jar);
      await shop.visit(jar.copy(), ({ data }) => void (data.note = "of Ada's"));
      slow.signIn("bob");
      const cookie = await shop.sessions.save(slow);
      expect(slow.data).to.deep.equal({ cart: [], n: 0 });
      const session = await shop.open(`${COOKIE}=${cookie?.value}`);
      expect([session.userId, session.data]).to.deep.equal(["bob", { cart: [], n: 0 }]);
    },
  ),

  ...onIndexes(
    "the same user signs in again: new id, same handle, same data, one line in the list",
    async (given) => {
      const shop = shopOf(given);
      const jar = await device(shop, "ada");
      await shop.visit(jar, ({ data }) => void data.n++);
      const { handle } = await shop.open(jar);
      const old = jar.copy();
      await shop.visit(jar, signInAs("ada"));
      const session = await shop.open(jar);
      expect([session.handle, session.data.n]).to.deep.equal([handle, 1]);
      expect(await isSignedIn(shop, old)).to.equal(false);
      expect(await handlesOf(shop, "ada")).to.deep.equal([handle]);
    },
  ),

  ...onIndexes(
    "R23 F17 the lifetime starts anew with a sign-in, and not with regenerate, elevate or a renewal",
    async (given) => {
      await withClock(async (clock) => {
        const shop = shopOf(given, { idleTimeout: 3600, lifetime: 7200 });
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.n++);
        clock.advance(3000);
        await shop.visit(jar, signInAs("ada"));
        const until = clock.now + 7_200_000;
        for (const act of [
          (session) => session.regenerate(),
          (session) => session.elevate(),
          () => undefined,
        ] satisfies Act[]) {
          clock.advance(2000);
          await shop.visit(jar, act);
          expect((await shop.open(jar)).expiresAt).to.be.at.most(until);
        }
        clock.advance(1199);
        expect(await isSignedIn(shop, jar)).to.equal(true);
        clock.advance(1);
        expect(await isSignedIn(shop, jar)).to.equal(false);
        expect(await handlesOf(shop, "ada")).to.deep.equal([]);
      });
    },
  ),

  ...onIndexes(
    "R28 a proof is fresh for as long as it is asked to be, and elevate makes it fresh again",
    async (given) => {
      await withClock(async (clock) => {
        const shop = shopOf(given);
        const jar = await device(shop, "ada");
        const signedInAt = clock.now;
        clock.advance(300);
        const session = await shop.open(jar);
        expect(session.authenticatedAt).to.equal(signedInAt);
        expect([session.isFresh(300), session.isFresh(299)]).to.deep.equal([true, false]);
        const old = jar.copy();
        await shop.visit(jar, (it) => {
          it.elevate();
          expect(it.isFresh(1)).to.equal(true);
        });
        const elevated = await shop.open(jar);
        expect(elevated.authenticatedAt).to.equal(clock.now);
        expect([elevated.handle, elevated.userId]).to.deep.equal([session.handle, "ada"]);
        expect((await shop.open(old)).isNew, "R8 elevate gives a new id").to.equal(true);
        const [listed] = (await shop.sessions.user("ada").list()).sessions;
        expect(listed?.createdAt).to.equal(signedInAt);
      });
    },
  ),

  ...onIndexes(
    "R42 F42 nobody is nobody: no user, nothing fresh, nothing to elevate",
    async (given) => {
      const shop = shopOf(given);
      const session = await shop.open(null);
      expect([session.userId, session.handle, session.authenticatedAt]).to.deep.equal([
        undefined,
        undefined,
        undefined,
      ]);
      expect(session.isFresh(34_560_000)).to.equal(false);
      expect(codeOf(thrown(() => session.elevate()))).to.equal("SESSION_NOT_SIGNED_IN");
      session.data.userId = "ada";
      await shop.sessions.save(session);
      expect(await handlesOf(shop, "ada")).to.deep.equal([]);
    },
  ),

  ...onIndexes(
    "persistent: false gives a cookie that the browser forgets, also when it is renewed or the id changes",
    async (given) => {
      await withClock(async (clock) => {
        const shop = shopOf(given, { idleTimeout: 3600 });
        const jar = cookieJar();
        const line = async (act?: Act) => sessionCookie(await shop.visit(jar, act)) ?? "";
        expect(await line(({ data }) => void data.n++)).to.match(/Max-Age=3600/);
        const brief = await line(signInAs("ada", { persistent: false }));
        expect(brief).to.match(/^__Host-session=\S+; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
        clock.advance(360);
        expect(await line()).to.not.match(/Max-Age|Expires/);
        expect(await line((session) => session.regenerate())).to.not.match(/Max-Age|Expires/);
        expect(await line((session) => session.signOut())).to.match(/Max-Age=0/);
        expect(await line(signInAs("ada"))).to.match(/Max-Age=3600/);
      });
    },
  ),

  ...onIndexes(
    "R32 the list tells of each device what it was given, the latest sign-in first, and which is this one",
    async (given) => {
      await withClock(async (clock) => {
        const shop = shopOf(given, { idleTimeout: 3600 });
        const begun = clock.now;
        const phone = await device(shop, "ada", { browser: "Safari on iOS" });
        clock.advance(10);
        const laptop = await device(shop, "ada");
        await device(shop, "bob");
        clock.advance(400);
        await shop.visit(phone);
        const current = await shop.open(laptop);
        const page = await shop.sessions.user("ada").list({ current });
        const { handle } = await shop.open(phone);
        expect(page).to.deep.equal({
          sessions: [
            {
              handle: current.handle,
              createdAt: begun + 10_000,
              lastSeenAt: begun + 10_000,
              expiresAt: begun + 3_610_000,
              current: true,
              meta: undefined,
            },
            {
              handle,
              createdAt: begun,
              lastSeenAt: begun + 410_000,
              expiresAt: begun + 4_010_000,
              current: false,
              meta: { browser: "Safari on iOS" },
            },
          ],
          next: undefined,
        });
      });
    },
  ),

  ...onIndexes("R32 R48 a handle is no cookie and no part of one", async (given) => {
    const shop = shopOf(given);
    const jar = await device(shop, "ada");
    const [listed] = (await shop.sessions.user("ada").list()).sessions;
    const handle = listed?.handle ?? "";
    expect(handle).to.match(/^[\w-]{22}$/);
    expect(jar.get(COOKIE)).to.not.contain(handle);
    for (const value of [handle, `${handle}.${handle}`, `${handle}${handle}`.slice(0, 43)]) {
      expect((await shop.open(`${COOKIE}=${value}`)).isNew).to.equal(true);
    }
    expect(JSON.stringify(shop.events)).to.not.contain(handle);
  }),

  ...onIndexes("sessions of two cookies may share an index", async (given) => {
    const one = shopOf(given);
    const other = shopOf(given, { cookie: { name: "__Host-other" }, maxPerUser: 1 });
    const jar = await device(one, "ada");
    await device(other, "ada");
    await other.sessions.user("ada").endAll();
    expect(await isSignedIn(one, jar)).to.equal(true);
    expect(await handlesOf(one, "ada")).to.have.length(1);
  }),

  ...onIndexes(
    "a sign-in holds on a machine whose clock is behind, whoever signed in before",
    async (given) => {
      await withClock(async (clock) => {
        const shop = shopOf(given);
        for (let at = 0; at < 12; at++) {
          clock.advance(1);
          await device(shop, "ada");
        }
        clock.advance(-60);
        const jar = await device(shop, "ada");
        expect(await isSignedIn(shop, jar)).to.equal(true);
        expect(await handlesOf(shop, "ada")).to.have.length(13);
        await shop.sessions.user("ada").endAll();
        expect(await isSignedIn(shop, jar)).to.equal(false);
      });
    },
  ),

  ...onIndexes("R32 the list comes in pages", async (given) => {
    await withClock(async (clock) => {
      const shop = shopOf(given);
      for (let at = 0; at < 7; at++) {
        clock.advance(1);
        await device(shop, "ada", { at });
      }
      const seen: unknown[] = [];
      let after: string | undefined;
      do {
        const { sessions, next } = await shop.sessions.user("ada").list({ limit: 3, after });
        seen.push(sessions.map(({ meta }) => (meta as { at: number }).at));
        after = next;
      } while (after);
      expect(seen).to.deep.equal([[6, 5, 4], [3, 2, 1], [0]]);
    });
  }),

  ...onIndexes(
    "R29 R32 one device is ended by its handle, and only by its own user",
    async (given) => {
      const shop = shopOf(given);
      const phone = await device(shop, "ada");
      const laptop = await device(shop, "ada");
      const { handle = "" } = await shop.open(phone);
      expect(await shop.sessions.user("bob").end(handle)).to.equal(false);
      expect(await isSignedIn(shop, phone)).to.equal(true);
      expect(await shop.sessions.user("ada").end(handle)).to.equal(true);
      expect(await isSignedIn(shopOf(given), phone)).to.equal(false);
      expect(await isSignedIn(shop, laptop)).to.equal(true);
      expect(await shop.sessions.user("ada").end(handle)).to.equal(false);
      for (const wrong of ["", "x".repeat(1000), "*", undefined, null, { not: "" }, [handle]]) {
        expect(await shop.sessions.user("ada").end(wrong as string)).to.equal(false);
      }
      expect(await handlesOf(shop, "ada")).to.have.length(1);
    },
  ),

  ...onIndexes("R31 endOthers leaves this session alone, and no other", async (given) => {
    const shop = shopOf(given);
    const others = [await device(shop, "ada"), await device(shop, "ada")];
    const bob = await device(shop, "bob");
    const own = await device(shop, "ada");
    await shop.visit(own, async (session) => {
      await shop.sessions.user("ada").endOthers(session);
      // The usual end of a change of password.
      session.elevate();
    });
    expect(await isSignedIn(shop, own)).to.equal(true);
    for (const jar of others) expect(await isSignedIn(shopOf(given), jar)).to.equal(false);
    expect(await isSignedIn(shop, bob)).to.equal(true);
    expect(await handlesOf(shop, "ada")).to.have.length(1);
    const foreign = shop.sessions.user("ada").endOthers(await shop.open(bob));
    expect(codeOf(await rejection(foreign))).to.equal("SESSION_NOT_SIGNED_IN");
  }),

  ...onIndexes(
    "R31 endAll ends every session of the user's, and of nobody else's",
    async (given) => {
      const shop = shopOf(given);
      const jars = [
        await device(shop, "ada"),
        await device(shop, "ada"),
        await device(shop, "ada"),
      ];
      const bob = await device(shop, "bob");
      const Ada = await device(shop, "Ada");
      await shop.sessions.user("ada").endAll();
      for (const jar of jars) expect(await isSignedIn(shopOf(given), jar)).to.equal(false);
      expect(await isSignedIn(shop, bob)).to.equal(true);
      expect(await isSignedIn(shop, Ada)).to.equal(true);
      expect(await handlesOf(shop, "ada")).to.deep.equal([]);
      const again = await device(shop, "ada");
      expect(await isSignedIn(shop, again)).to.equal(true);
    },
  ),

  ...onIndexes(
    "R31 endAll follows a session that got a new id, and stops where somebody else signed in",
    async (given) => {
      const shop = shopOf(given);
      const ada = await device(shop, "ada");
      const bob = await device(shop, "ada");
      await shop.visit(ada, (session) => session.regenerate());
      await shop.visit(bob, signInAs("bob"));
      await shop.sessions.user("ada").endAll();
      expect(await isSignedIn(shop, ada)).to.equal(false);
      expect((await shop.open(bob)).userId).to.equal("bob");
    },
  ),

  ...onIndexes("R33 a limit ends the oldest, and nobody else's", async (given) => {
    await withClock(async (clock) => {
      const shop = shopOf(given, { maxPerUser: 2 });
      const jars: Jar[] = [];
      const bob = await device(shop, "bob");
      for (let at = 0; at < 4; at++) {
        clock.advance(1);
        jars.push(await device(shop, "ada"));
      }
      const open = await Promise.all(jars.map((jar) => isSignedIn(shopOf(given), jar)));
      expect(open).to.deep.equal([false, false, true, true]);
      expect(await isSignedIn(shop, bob)).to.equal(true);
      expect(await handlesOf(shop, "ada")).to.have.length(2);
      const [, , third] = jars;
      await shop.visit(third ?? cookieJar(), signInAs("ada"));
      expect(await isSignedIn(shop, jars[3] ?? cookieJar()), "signing in again adds none").to.equal(
        true,
      );
    });
  }),

  ...onIndexes("R33 sessions that have idled out do not count", async (given) => {
    await withClock(async (clock) => {
      const shop = shopOf(given, { maxPerUser: 2, idleTimeout: 1000 });
      const kept = await device(shop, "ada");
      clock.advance(1);
      await device(shop, "ada");
      for (let at = 0; at < 10; at++) {
        clock.advance(100);
        await shop.visit(kept);
      }
      await device(shop, "ada");
      expect(await isSignedIn(shop, kept)).to.equal(true);
    });
  }),

  ...onIndexes(
    "R33 20 sign-ins at once with a limit of 3 leave exactly 3, the last",
    async (given) => {
      const jars = Array.from({ length: 20 }, () => cookieJar());
      await Promise.all(
        jars.map((jar) => shopOf(given, { maxPerUser: 3 }).visit(jar, signInAs("ada"))),
      );
      const shop = shopOf(given);
      const sessions = await Promise.all(jars.map((jar) => shop.open(jar)));
      const open = sessions.filter(({ userId }) => userId === "ada");
      expect(open).to.have.length(3);
      const listed = (await shop.sessions.user("ada").list()).sessions;
      expect(listed.map(({ handle }) => handle)).to.have.members(open.map(({ handle }) => handle));
    },
  ),

  ...onIndexes(
    "R31 of 50 clients that sign in while endAll is called, none that it met is left",
    async (given) => {
      const shop = shopOf(given);
      const before = await Promise.all(Array.from({ length: 5 }, () => device(shop, "ada")));
      const jars = Array.from({ length: 50 }, () => cookieJar());
      const signIns = jars.map((jar) => shopOf(given).visit(jar, signInAs("ada")));
      await shop.sessions.user("ada").endAll();
      for (const jar of before) expect(await isSignedIn(shop, jar)).to.equal(false);
      await Promise.all(signIns);
      const open = await Promise.all(jars.map((jar) => shop.open(jar)));
      const handles = open.map(({ handle }) => handle).filter(Boolean);
      const page = await shop.sessions.user("ada").list({ limit: 100 });
      expect(page.sessions.map(({ handle }) => handle)).to.have.members(handles);
      await shop.sessions.user("ada").endAll();
      for (const jar of jars) expect(await isSignedIn(shop, jar)).to.equal(false);
    },
  ),

  ...onIndexes(
    "R31 a sign-in that stands still between its row and its answer is caught by endAll",
    async ({ store, users }) => {
      for (const place of ["before write", "after write"] as const) {
        const pausing = pausingStore(store);
        const shop = openShop(pausing.store, { users });
        const jar = cookieJar();
        const parked = pausing.park(place);
        const signingIn = shop.visit(jar, signInAs("ada"));
        await parked.reached;
        await openShop(store, { users }).sessions.user("ada").endAll();
        parked.resume();
        const response = await signingIn;
        expect(sessionCookie(response), place).to.equal(undefined);
        expect(await handlesOf(shop, "ada")).to.deep.equal([]);
        expect(shop.types()).to.include("gone");
      }
    },
  ),

  ...onIndexes("an entry without a row goes when it is met", async ({ store, users }) => {
    await withClock(async (clock) => {
      const shop = openShop(store, { users });
      await device(shop, "ada");
      const stale = openShop(elsewhere(), { users });
      await device(stale, "ada");
      expect(await handlesOf(shop, "ada")).to.have.length(1);
      clock.advance(61);
      const counted = countingUsers(users);
      const later = openShop(store, { users: counted.users });
      expect(await handlesOf(later, "ada")).to.have.length(1);
      expect(counted.asked).to.deep.equal(["list", "remove"]);
      expect(await handlesOf(later, "ada")).to.have.length(1);
      expect(counted.asked).to.deep.equal(["list", "remove", "list"]);
    });
  }),

  ...onIndexes("a row without an entry is listed again once it is renewed", async (given) => {
    await withClock(async (clock) => {
      const empty = forgetful(given.users);
      const shop = shopOf({ ...given, users: empty.users }, { idleTimeout: 1000 });
      const jar = await device(shop, "ada");
      await empty.forget();
      expect(await handlesOf(shop, "ada")).to.deep.equal([]);
      clock.advance(100);
      await shop.visit(jar);
      expect(await handlesOf(shop, "ada")).to.have.length(1);
      await shop.sessions.user("ada").endAll();
      expect(await isSignedIn(shop, jar)).to.equal(false);
    });
  }),

  ...onIndexes(
    "R31 a session whose renewal the index did not hear of is ended with the others",
    async ({ store, users }) => {
      await withClock(async (clock) => {
        const index = breakable(users);
        const shop = openShop(store, { users: index.users, idleTimeout: 1000 });
        const jar = await device(shop, "ada");
        clock.advance(900);
        index.break();
        expect((await shop.visit(jar)).status).to.equal(200);
        index.mend();
        clock.advance(900);
        expect(await isSignedIn(shop, jar)).to.equal(true);
        expect(await handlesOf(shop, "ada")).to.have.length(1);
        await shop.sessions.user("ada").endAll();
        expect(await isSignedIn(shop, jar)).to.equal(false);
      });
    },
  ),

  ...onIndexes(
    "R52 while the index does not answer nobody signs in, whoever is signed in goes on, and a logout holds",
    async ({ store, users }) => {
      const index = breakable(users);
      const shop = openShop(store, { users: index.users });
      const jar = await device(shop, "ada");
      const leaving = await device(shop, "ada");
      index.break();
      const visitor = cookieJar();
      await shop.visit(visitor, ({ data }) => void data.n++);
      const refused = await shop.visit(visitor, signInAs("ada"));
      expect([refused.status, sessionCookie(refused)]).to.deep.equal([503, undefined]);
      expect((await shop.open(visitor)).data.n).to.equal(1);
      expect((await shop.visit(jar, ({ data }) => void data.n++)).status).to.equal(200);
      expect((await shop.visit(leaving, (session) => session.signOut())).status).to.equal(200);
      for (const asked of [
        () => shop.sessions.user("ada").list(),
        () => shop.sessions.user("ada").end("h".repeat(22)),
        () => shop.sessions.user("ada").endAll(),
      ]) {
        expect(codeOf(await rejection(asked()))).to.equal("STORE_UNAVAILABLE");
      }
      index.mend();
      expect(await isSignedIn(shop, jar)).to.equal(true);
      expect(await isSignedIn(shop, leaving)).to.equal(false);
      await shop.sessions.user("ada").endAll();
      expect(shop.types()).to.include.members(["store-failed", "store-recovered"]);
      expect(await isSignedIn(shop, jar)).to.equal(false);
    },
  ),

  ...onIndexes(
    "R54 an endAll that the store does not confirm rejects; asked again, it ends what is left",
    async ({ store, users }) => {
      const faulty = faultyStore(store);
      const shop = openShop(faulty.store, { users });
      const jars = [await device(shop, "ada"), await device(shop, "ada")];
      faulty.fail("write", "refused", { skip: 1 });
      const first = await rejection(shop.sessions.user("ada").endAll());
      expect(codeOf(first)).to.equal("STORE_UNAVAILABLE");
      const later = await device(shop, "ada");
      await openShop(store, { users }).sessions.user("ada").endAll();
      for (const jar of [...jars, later]) expect(await isSignedIn(shop, jar)).to.equal(false);
    },
  ),

  ...onIndexes(
    "R8 a sign-in whose old row cannot be told from gone leaves nobody signed in",
    async ({ store, users }) => {
      const faulty = faultyStore(store);
      const shop = openShop(faulty.store, { users });
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      faulty.fail("write", "refused", { skip: 1 });
      const response = await shop.visit(jar, signInAs("ada"));
      expect([response.status, sessionCookie(response)]).to.deep.equal([503, undefined]);
      const session = await shop.open(jar);
      expect([session.userId, session.data.n]).to.deep.equal([undefined, 1]);
      expect(await handlesOf(shop, "ada")).to.deep.equal([]);
    },
  ),

  ...onIndexes(
    "R51 where nothing could be read, a sign-in begins another session, and the one before ends",
    async ({ store, users }) => {
      const faulty = faultyStore(store);
      const shop = openShop(faulty.store, { users, whenUnavailable: "anonymous" });
      const jar = await device(shop, "ada");
      const old = jar.copy();
      faulty.fail("read", "refused");
      await shop.visit(jar, (session) => {
        expect(session.unavailable).to.equal(true);
        session.signIn("ada");
        session.data.n = 5;
      });
      const session = await shop.open(jar);
      expect([session.userId, session.data.n]).to.deep.equal(["ada", 5]);
      expect(await isSignedIn(shop, old)).to.equal(false);
      faulty.fail("read", "refused", { times: 2 });
      const refused = await shop.visit(jar, signInAs("ada"));
      expect([refused.status, sessionCookie(refused)]).to.deep.equal([503, undefined]);
    },
  ),

  ...onIndexes("R29 whoever was ended elsewhere can sign in again at once", async (given) => {
    const shop = shopOf(given);
    const jar = await device(shop, "ada");
    await shop.sessions.user("ada").endAll();
    const response = await shop.visit(jar, signInAs("ada"));
    expect(sessionCookie(response)).to.be.a("string");
    expect(await isSignedIn(shop, jar)).to.equal(true);
  }),

  ...onIndexes("R46 a handler that fails signs nobody in", async (given) => {
    const shop = shopOf(given);
    const jar = cookieJar();
    const response = await shop.visit(jar, (session) => {
      session.signIn("ada");
      return new Response("oops", { status: 500 });
    });
    expect(sessionCookie(response)).to.equal(undefined);
    expect(await handlesOf(shop, "ada")).to.deep.equal([]);
  }),

  ...onIndexes("R32 what sign-in, list and end cost", async ({ store, users }) => {
    await withClock(async (clock) => {
      const counted = countingUsers(users);
      const shop = openShop(store, { users: counted.users, maxPerUser: 3, idleTimeout: 1000 });
      const costs = async (work: () => Promise<unknown>): Promise<unknown> => {
        shop.counts.reset();
        counted.asked.length = 0;
        await work();
        return [shop.counts.reads, shop.counts.writes, counted.asked.join(" ")];
      };
      const jar = cookieJar();
      const first = () => shop.visit(jar, signInAs("ada"));
      expect(await costs(first), "sign-in of a new visitor").to.deep.equal([0, 1, "add list"]);
      const visitor = cookieJar();
      await shop.visit(visitor, ({ data }) => void data.n++);
      clock.advance(1);
      const second = () => shop.visit(visitor, signInAs("ada"));
      expect(await costs(second), "sign-in").to.deep.equal([1, 2, "add list"]);
      clock.advance(1);
      await device(shop, "ada");
      clock.advance(1);
      const over = () => device(shop, "ada");
      expect(await costs(over), "sign-in that ends one").to.deep.equal([1, 2, "add list remove"]);
      expect(await costs(() => shop.visit(visitor)), "read").to.deep.equal([1, 0, ""]);
      const change: Act = ({ data }) => void data.n++;
      expect(await costs(() => shop.visit(visitor, change)), "change").to.deep.equal([1, 1, ""]);
      clock.advance(100);
      expect(await costs(() => shop.visit(visitor)), "renewal").to.deep.equal([1, 1, "touch"]);
      const { user } = shop.sessions;
      expect(await costs(() => user("ada").list()), "list of three").to.deep.equal([3, 0, "list"]);
      const elevate: Act = (session) => session.elevate();
      const elevated = await costs(() => shop.visit(visitor, elevate));
      expect(elevated, "elevate").to.deep.equal([1, 2, "add list remove"]);
      const { handle = "" } = await shop.open(visitor);
      const end = () => user("ada").end(handle);
      expect(await costs(end), "end of one").to.deep.equal([1, 1, "list remove"]);
      const leaving = await device(shop, "ada");
      const out = () => shop.visit(leaving, (session) => session.signOut());
      expect(await costs(out), "sign-out").to.deep.equal([1, 1, "remove"]);
      expect(await costs(() => user("ada").endAll()), "end of two").to.deep.equal([
        2,
        2,
        "retire list remove list",
      ]);
    });
  }),
];

/** Another store: what is written there nobody finds here. */
function elsewhere(): Store {
  const rows = new Map<string, string>();
  return {
    read: async (key) => rows.get(key) ?? null,
    async write(key, value, _expiresAt, expected) {
      const current = rows.get(key) ?? null;
      if (current !== expected) return { swapped: false, current };
      rows.set(key, value);
      return { swapped: true };
    },
  };
}

/** An index that can lose what it knows, as one that was restored from an old copy. */
function forgetful(inner: UserIndex): { readonly users: UserIndex; forget(): Promise<void> } {
  const added: [user: string, key: string][] = [];
  return {
    users: {
      ...inner,
      async add(user, entry) {
        added.push([user, entry.key]);
        await inner.add(user, entry);
      },
    },
    async forget() {
      for (const [user, key] of added) await inner.remove(user, [key]);
    },
  };
}

/** An index that can be made to refuse. */
function breakable(inner: UserIndex): { readonly users: UserIndex; break(): void; mend(): void } {
  let isBroken = false;
  const guarded =
    <Args extends unknown[], Answer>(ask: (...args: Args) => Promise<Answer>) =>
    async (...args: Args) => {
      if (isBroken) throw new Error(`no index for ${String(args[0])}`);
      return ask(...args);
    };
  return {
    users: {
      add: guarded(inner.add),
      touch: guarded(inner.touch),
      list: guarded(inner.list),
      retire: guarded(inner.retire),
      remove: guarded(inner.remove),
    },
    break() {
      isBroken = true;
    },
    mend() {
      isBroken = false;
    },
  };
}
