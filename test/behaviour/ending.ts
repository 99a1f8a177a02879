// A visitor signs out while the store cannot confirm it: the browser gets a cookie that can only end, and the next
// request that brings it finishes the logout.

import { expect } from "chai";
import { memoryStore, type Store, StoreError } from "coatcheck";
import { cookieJar, type Jar } from "../support/jar.ts";
import { faultyStore, type StoreFault } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import {
  codeOf,
  COOKIE,
  onMemory,
  onStores,
  openShop,
  rejection,
  SECRET,
  sessionCookie,
  type Shop,
} from "./setup.ts";

const ENDING =
  /^__Host-session=[\w-]{43}\.[\w-]{43}; Path=\/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax$/;
const DELETION = /^__Host-session=; .*Max-Age=0/;
const OTHER_SECRET = "another secret, of more than thirty-two bytes";

/** What stands where when the logout was not confirmed. */
interface Outage {
  readonly shop: Shop;
  /** The browser, with the ending token. */
  readonly jar: Jar;
  /** The browser as it was before: a thief's, or a tab's whose request is on its way. */
  readonly before: Jar;
  readonly response: Response;
}

/** A logout that the store does not confirm; then the store is well again. */
export async function logoutUnconfirmed(
  store: Store,
  {
    fault = "refused",
    operation = "write",
    ...options
  }: { fault?: StoreFault; operation?: "read" | "write" } & Parameters<typeof openShop>[1] = {},
): Promise<Outage> {
  const faulty = faultyStore(store);
  const shop = openShop(faulty.store, options);
  const jar = cookieJar();
  await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
  const before = jar.copy();
  faulty.fail(operation, fault, { times: 9 });
  const response = await shop.visit(jar, (session) => session.destroy());
  faulty.heal();
  shop.counts.reset();
  return { shop, jar, before, response };
}

/** Another instance, which knows of no open end. */
function elsewhere(store: Store, options: Parameters<typeof openShop>[1] = {}): Shop {
  return openShop(store, options);
}

export const cases: readonly Case[] = [
  ...onStores(
    "R54 a visitor can sign out while nothing can be read, where the handler asks for a session without an answer",
    async (store) => {
      const faulty = faultyStore(store);
      const { sessions, visit, open } = openShop(faulty.store);
      const jar = cookieJar();
      await visit(jar, ({ data }) => void data.cart.push("tea"));
      const before = jar.copy();
      for (const operation of ["read", "write"] as const) {
        faulty.fail(operation, "refused", { times: 9 });
      }
      const signOut = sessions.handler(async (_request, getSession) => {
        const session = await getSession({ whenUnavailable: "anonymous" });
        expect(session.unavailable).to.equal(true);
        session.destroy();
        return new Response("bye");
      });
      const response = await signOut(jar.request("/"));
      jar.take(response);
      expect(response.status).to.equal(503);
      expect(sessionCookie(response)).to.match(ENDING);
      faulty.heal();
      const after = await visit(jar);
      expect([after.status, sessionCookie(after)]).to.match(/^200,__Host-session=;/);
      expect((await open(before)).isNew).to.equal(true);
    },
  ),

  onMemory(
    "R54 load() and open() take it too, and otherwise do what createSessions was told",
    async (store) => {
      const faulty = faultyStore(store);
      const { sessions, visit } = openShop(faulty.store);
      const jar = cookieJar();
      await visit(jar, ({ data }) => void data.cart.push("tea"));
      faulty.fail("read", "refused", { times: 4 });
      const asked = { whenUnavailable: "anonymous" } as const;
      const loaded = await sessions.load(jar.request("/"), asked);
      const opened = await sessions.open(jar.header(), asked);
      expect([loaded.unavailable, opened.unavailable]).to.deep.equal([true, true]);
      expect(codeOf(await rejection(sessions.load(jar.request("/"))))).to.equal(
        "STORE_UNAVAILABLE",
      );
      expect(codeOf(await rejection(sessions.open(jar.header())))).to.equal("STORE_UNAVAILABLE");
    },
  ),

  ...(["refused", "silent", "applied", "thrown"] as const).flatMap((fault) =>
    onStores(
      `R54 a logout that meets an outage (${fault}) is a 503 with an ending token, and the next request finishes it`,
      async (store) => {
        const { shop, jar, before, response } = await logoutUnconfirmed(store, { fault });
        expect(response.status).to.equal(503);
        expect(response.headers.get("Cache-Control")).to.equal("no-store");
        expect(response.headers.get("Retry-After")).to.match(/^\d+$/);
        expect(sessionCookie(response)).to.match(ENDING);
        expect(jar.refused).to.deep.equal([]);
        expect(jar.get(COOKIE)).to.not.equal(before.get(COOKIE));
        expect(shop.types().filter((type) => type !== "store-failed")).to.deep.equal([
          "created",
          "unconfirmed",
        ]);

        const other = elsewhere(store);
        const next = await other.visit(jar, (session) => {
          expect(session.isNew).to.equal(true);
          expect(session.data).to.deep.equal({ cart: [], n: 0 });
        });
        expect(next.status).to.equal(200);
        expect(sessionCookie(next)).to.match(DELETION);
        expect(next.headers.get("Cache-Control")).to.equal("no-store");
        expect(jar.header()).to.equal(null);
        expect(other.types()).to.deep.equal(["destroyed"]);
        for (const instance of [shop, other, elsewhere(store)]) {
          expect((await instance.open(before)).isNew, "the old cookie").to.equal(true);
        }
      },
    ),
  ),

  ...onStores("R54 while the outage lasts nothing is opened, set or cleared", async (store) => {
    const { jar } = await logoutUnconfirmed(store);
    const ending = jar.header();
    for (const operation of ["read", "write"] as const) {
      const faulty = faultyStore(store);
      const shop = elsewhere(faulty.store);
      faulty.fail(operation, "silent");
      let isReached = false;
      const response = await shop.visit(jar, () => void (isReached = true));
      expect(response.status).to.equal(503);
      // It might arrive after the cookie of a sign-in that came in between.
      expect(response.headers.getSetCookie()).to.deep.equal([]);
      expect(isReached).to.equal(false);
      expect(jar.header()).to.equal(ending);
    }
    expect(sessionCookie(await elsewhere(store).visit(jar))).to.match(DELETION);
  }),

  ...onStores(
    'R54 R51 with "anonymous" the visitor is served meanwhile, and a logout is a 503 with the token again',
    async (store) => {
      const anonymous = { whenUnavailable: "anonymous" } as const;
      const first = await logoutUnconfirmed(store, { operation: "read", ...anonymous });
      expect(first.response.status).to.equal(503);
      expect(sessionCookie(first.response)).to.match(ENDING);
      const { jar, before } = first;
      const faulty = faultyStore(store);
      const shop = elsewhere(faulty.store, anonymous);
      faulty.fail("read", "refused", { times: 3 });
      const served = await shop.visit(jar, ({ unavailable, data }) => {
        expect(unavailable).to.equal(true);
        expect(data.cart).to.deep.equal([]);
      });
      expect([served.status, sessionCookie(served)]).to.deep.equal([200, undefined]);
      const again = await shop.visit(jar, (session) => session.destroy());
      expect(again.status).to.equal(503);
      expect(sessionCookie(again)).to.match(ENDING);
      faulty.heal();
      expect(sessionCookie(await shop.visit(jar))).to.match(DELETION);
      expect((await shop.open(before)).isNew).to.equal(true);
    },
  ),

  ...onStores(
    "R54 a sign-in over an ending token ends the old session first, and its cookie takes the token's place",
    async (store) => {
      const { jar, before } = await logoutUnconfirmed(store);
      const shop = elsewhere(store);
      const response = await shop.visit(jar, (session) => {
        session.regenerate();
        session.data.userId = "ada";
      });
      expect(sessionCookie(response)).to.match(/Max-Age=86400/);
      expect(shop.types()).to.deep.equal(["destroyed", "created"]);
      expect((await shop.open(jar)).data).to.deep.equal({ cart: [], n: 0, userId: "ada" });
      expect((await shop.open(before)).isNew).to.equal(true);
    },
  ),

  ...onStores("R54 an end that finds the session moved follows it", async (store) => {
    const { jar, before } = await logoutUnconfirmed(store);
    const shop = elsewhere(store);
    // A request that was on its way with the old cookie.
    await shop.visit(before, (session) => session.regenerate());
    expect((await shop.open(before)).isNew).to.equal(false);
    await shop.visit(jar);
    expect((await shop.open(before)).isNew).to.equal(true);
  }),

  ...onStores("R54 a session that is gone already is confirmed with a read", async (store) => {
    const { jar, before } = await logoutUnconfirmed(store);
    await elsewhere(store).visit(before, (session) => session.destroy());
    const shop = elsewhere(store);
    expect(sessionCookie(await shop.visit(jar))).to.match(DELETION);
    expect([shop.counts.reads, shop.counts.writes]).to.deep.equal([1, 0]);
  }),

  ...onStores("R54 R5 a forged ending token costs no command and clears nothing", async (store) => {
    const { jar, before } = await logoutUnconfirmed(store);
    const [id = "", mac = ""] = (jar.get(COOKIE) ?? "").split(".");
    const shop = elsewhere(store);
    const other = elsewhere(memoryStore(), { secrets: [OTHER_SECRET] });
    const theirs = await logoutUnconfirmed(memoryStore(), { cookie: { name: "__Host-other" } });
    const forged = [
      `${id}.${mac.slice(0, -1)}${mac.endsWith("A") ? "E" : "A"}`,
      `${mac}.${id}`,
      theirs.jar.get("__Host-other") ?? "",
    ];
    for (const value of forged) {
      const forger = cookieJar();
      forger.put(`${COOKIE}=${value}; Path=/; Secure`);
      const response = await shop.visit(forger);
      expect(response.headers.getSetCookie()).to.deep.equal([]);
    }
    expect(shop.counts.commands).to.equal(0);
    expect(shop.types()).to.deep.equal(["forged", "forged", "forged"]);
    await other.visit(jar.copy());
    expect(other.types()).to.deep.equal(["forged"]);
    expect((await elsewhere(store).open(before)).isNew).to.equal(false);
  }),

  onMemory("R54 R10 a token of an older secret ends as well", async (store) => {
    const { jar, before } = await logoutUnconfirmed(store);
    const shop = elsewhere(store, { secrets: [OTHER_SECRET, SECRET] });
    expect(sessionCookie(await shop.visit(jar))).to.match(DELETION);
    expect((await shop.open(before)).isNew).to.equal(true);
  }),

  ...onStores(
    "R54 a stolen ending token opens nothing, whenever it comes, and ends no other session",
    async (store) => {
      const { shop, jar, before } = await logoutUnconfirmed(store);
      const thief = jar.copy();
      await shop.visit(jar, ({ data }) => void data.cart.push("milk"));
      for (let time = 0; time < 3; time++) {
        await shop.visit(thief.copy(), ({ isNew, data }) => {
          expect([isNew, data.cart]).to.deep.equal([true, []]);
        });
      }
      expect((await shop.open(jar)).data.cart).to.deep.equal(["milk"]);
      expect((await shop.open(before)).isNew).to.equal(true);
    },
  ),

  ...onStores("R54 R19 beside another cookie of the name both are treated", async (store) => {
    const { jar, before } = await logoutUnconfirmed(store);
    const shop = elsewhere(store);
    const second = cookieJar();
    await shop.visit(second, ({ data }) => void data.cart.push("milk"));
    for (const act of ["look", "destroy"] as const) {
      const both = [jar.header(), second.header()];
      const session = await shop.open((act === "look" ? both : both.toReversed()).join("; "));
      expect(session.isNew).to.equal(true);
      expect((await shop.open(before)).isNew, "ended at once").to.equal(true);
      if (act === "destroy") session.destroy();
      expect((await shop.sessions.save(session))?.header).to.match(DELETION);
      expect((await shop.open(second)).isNew).to.equal(act === "destroy");
    }
  }),

  ...onStores("R54 R19 a logout with two cookies that fails goes on with both", async (store) => {
    const faulty = faultyStore(store);
    const shop = openShop(faulty.store);
    const jars = [cookieJar(), cookieJar()];
    for (const jar of jars) await shop.visit(jar, ({ data }) => void data.n++);
    const session = await shop.open(jars.map((jar) => jar.header()).join("; "));
    session.destroy();
    faulty.fail("read", "refused", { times: 9 });
    const error = await rejection(shop.sessions.save(session));
    expect((error as StoreError).cookie?.header).to.match(ENDING);
    faulty.heal();
    expect((await shop.sessions.save(session))?.header).to.match(DELETION);
    for (const jar of jars) expect((await elsewhere(store).open(jar)).isNew).to.equal(true);
  }),

  ...onStores(
    "R54 what cannot set a cookie ends the session too, and the cookie is cleared later",
    async (store) => {
      for (const options of [{ readOnly: true }, { prefetch: true }]) {
        const { jar, before } = await logoutUnconfirmed(store);
        const shop = elsewhere(store);
        expect((await shop.sessions.open(jar.header(), options)).isNew).to.equal(true);
        expect((await elsewhere(store).open(before)).isNew).to.equal(true);
        expect(sessionCookie(await shop.visit(jar))).to.match(DELETION);
      }
    },
  ),

  onMemory("R54 the deletion goes out with whatever response there is, once", async (store) => {
    const responses = [
      () => new Response(null, { status: 304 }),
      () => Response.redirect("https://shop.example/next"),
      () => new Response("broken", { status: 500 }),
    ];
    for (const answer of responses) {
      const { jar } = await logoutUnconfirmed(store);
      const response = await elsewhere(store).visit(jar, answer);
      expect(sessionCookie(response)).to.match(DELETION);
      expect(jar.header()).to.equal(null);
    }
  }),

  onMemory("R54 a 101 leaves the ending token for the next request", async (store) => {
    const { jar } = await logoutUnconfirmed(store);
    const { sessions } = elsewhere(store);
    const session = await sessions.load(jar.request());
    const upgrade = new Response(null);
    Object.defineProperty(upgrade, "status", { value: 101 });
    expect(await sessions.commit(session, upgrade)).to.equal(upgrade);
    expect(sessionCookie(await elsewhere(store).visit(jar))).to.match(DELETION);
  }),

  ...onStores("R54 by hand: the error has the cookie, save answers the deletion", async (store) => {
    const faulty = faultyStore(store);
    const { sessions, counts } = openShop(faulty.store);
    const begun = await sessions.open(null);
    begun.data.n = 1;
    const jar = cookieJar();
    jar.put((await sessions.save(begun))?.header ?? "");
    const session = await sessions.open(jar.header());
    session.destroy();
    faulty.fail("write", "silent");
    const error = await rejection(sessions.save(session));
    expect(error).to.be.instanceOf(StoreError);
    const { cookie } = error as StoreError;
    expect(cookie?.name).to.equal(COOKIE);
    expect(cookie?.attributes).to.include({ httpOnly: true, secure: true, maxAge: 2_592_000 });
    expect((error as StoreError).getResponse().headers.getSetCookie()).to.deep.equal([
      cookie?.header,
    ]);
    jar.put(cookie?.header ?? "");
    const next = await elsewhere(store).sessions.open(jar.header());
    expect(next.isNew).to.equal(true);
    // The same object again: it has only to be confirmed.
    counts.reset();
    expect((await sessions.save(session))?.header).to.match(DELETION);
    expect((await sessions.save(session))?.header).to.match(DELETION);
  }),

  onMemory("R54 save answers the deletion until another cookie takes its place", async (store) => {
    const { jar } = await logoutUnconfirmed(store);
    const { sessions } = elsewhere(store);
    const session = await sessions.open(jar.header());
    for (let time = 0; time < 2; time++) {
      expect((await sessions.save(session))?.header).to.match(DELETION);
    }
    session.data.n = 1;
    expect((await sessions.save(session))?.value).to.match(/\S/);
    expect(await sessions.save(session)).to.equal(null);
    const response = await sessions.commit(session, new Response("ok"));
    expect(sessionCookie(response)).to.match(/Max-Age=86400/);
  }),

  onMemory(
    "R54 a handler that fails in its own way is heard, and the end is not forgotten",
    async (store) => {
      const faulty = faultyStore(store);
      const shop = openShop(faulty.store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      const problem = new Error("the page is broken");
      faulty.fail("write", "refused", { times: 9 });
      const visiting = shop.visit(jar, (session) => {
        session.destroy();
        throw problem;
      });
      expect(await rejection(visiting)).to.equal(problem);
      faulty.heal();
      expect((await elsewhere(store).open(jar)).isNew).to.equal(false);
      // Whoever comes next.
      await shop.visit(cookieJar(), ({ data }) => void data.n++);
      expect((await elsewhere(store).open(jar)).isNew).to.equal(true);
    },
  ),

  onMemory(
    "R54 whatever error of a store the handler ends in, one cookie goes out: the token, or the deletion",
    async (store) => {
      for (const times of [1, 9]) {
        const faulty = faultyStore(store);
        const shop = openShop(faulty.store);
        const jar = cookieJar();
        await shop.visit(jar, ({ data }) => void data.n++);
        faulty.fail("write", "refused", { times });
        const response = await shop.visit(jar, async (session) => {
          session.destroy();
          await shop.sessions.save(session);
        });
        expect(response.status).to.equal(503);
        // The handler's own try is followed by another, when it has failed.
        expect(sessionCookie(response)).to.match(times === 1 ? DELETION : ENDING);
      }
    },
  ),

  onMemory("R54 R45 a store that throws one error at everybody mixes no cookies", async (inner) => {
    const error = new StoreError("none", "The test's store refuses");
    let isDown = false;
    const store: Store = {
      read: (key) => inner.read(key),
      write: (...row) => (isDown ? Promise.reject(error) : inner.write(...row)),
    };
    const shop = openShop(store);
    const jars = [cookieJar(), cookieJar()];
    for (const jar of jars) await shop.visit(jar, ({ data }) => void data.n++);
    isDown = true;
    const errors = await Promise.all(
      jars.map(async (jar) => {
        const session = await shop.open(jar);
        session.destroy();
        return rejection(shop.sessions.save(session));
      }),
    );
    const values = errors.map((each) => (each as StoreError).cookie?.value ?? "");
    for (const [at, jar] of jars.entries()) {
      expect(values[at]?.slice(0, 43)).to.equal(jar.get(COOKIE)?.slice(0, 43));
    }
    expect(error.cookie).to.equal(undefined);
    const stranger = await shop.visit(cookieJar(), ({ data }) => void data.n++);
    expect([stranger.status, sessionCookie(stranger)]).to.deep.equal([503, undefined]);
  }),

  onMemory(
    "R54 R34 clearSiteData waits for the end: before, it would clear the token",
    async (store) => {
      const options = { clearSiteData: true };
      const { jar, response } = await logoutUnconfirmed(store, options);
      expect(response.headers.get("Clear-Site-Data")).to.equal(null);
      const next = await elsewhere(store, options).visit(jar);
      expect(next.headers.get("Clear-Site-Data")).to.equal('"cookies", "storage"');
    },
  ),

  onMemory("R54 R48 no log that prints the error shows the token", async (store) => {
    const faulty = faultyStore(store);
    const shop = openShop(faulty.store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void data.n++);
    const session = await shop.open(jar);
    session.destroy();
    faulty.fail("write", "silent");
    const error = (await rejection(shop.sessions.save(session))) as StoreError;
    expect(codeOf(error)).to.equal("STORE_UNAVAILABLE");
    const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)));
    const texts = [JSON.stringify(error), String(error), JSON.stringify(shop.events), ...own];
    for (const secret of [...(error.cookie?.value ?? "").split("."), jar.get(COOKIE) ?? ""]) {
      expect(secret).to.match(/\S{43}/);
      for (const text of texts) expect(text).to.not.contain(secret);
    }
  }),
];
