// What each request costs in store commands: the table of the documentation, counted.

import { expect } from "chai";
import { withClock } from "../support/clock.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import type { Case } from "../support/suite.ts";
import { logoutUnconfirmed } from "./ending.ts";
import { type Act, COOKIE, onStores, openShop, type Shop } from "./setup.ts";

interface Price {
  readonly request: string;
  readonly reads: number;
  readonly writes: number;
  readonly act: Act;
  /** Default: a browser that has a session. */
  readonly jar?: (signedIn: Jar) => Jar;
}

const change: Act = ({ data }) => void data.n++;
const look: Act = ({ data }) => void expect(data.cart).to.be.an("array");
const nobody = () => cookieJar();

function forged(signedIn: Jar): Jar {
  const jar = cookieJar();
  const token = signedIn.get(COOKIE) ?? "";
  jar.put(`${COOKIE}=${token.slice(0, -1)}${token.endsWith("A") ? "E" : "A"}; Path=/; Secure`);
  return jar;
}

function malformed(): Jar {
  const jar = cookieJar();
  jar.put(`${COOKIE}=x; Path=/; Secure`);
  return jar;
}

const PRICES: readonly Price[] = [
  { request: "no cookie, session read", reads: 0, writes: 0, act: look, jar: nobody },
  { request: "R5 a forged cookie", reads: 0, writes: 0, act: look, jar: forged },
  { request: "R5 a malformed cookie", reads: 0, writes: 0, act: look, jar: malformed },
  { request: "a read", reads: 1, writes: 0, act: look },
  {
    request: "a read of flash values that are not there",
    reads: 1,
    writes: 0,
    act: (s) => void s.flash("x"),
  },
  { request: "a read and a change", reads: 1, writes: 1, act: change },
  { request: "the first write of a new session", reads: 0, writes: 1, act: change, jar: nobody },
  {
    request: "a login",
    reads: 1,
    writes: 2,
    act: (session) => {
      session.data.userId = "ada";
      session.regenerate();
    },
  },
  { request: "a logout", reads: 1, writes: 1, act: (session) => session.destroy() },
  { request: "a logout of nobody", reads: 0, writes: 0, act: (s) => s.destroy(), jar: nobody },
];

async function withSession(shop: Shop): Promise<Jar> {
  const jar = cookieJar();
  await shop.visit(jar, change);
  shop.counts.reset();
  return jar;
}

export const cases: readonly Case[] = [
  ...PRICES.flatMap(({ request, reads, writes, act, jar = (signedIn) => signedIn }) =>
    onStores(`${request}: ${reads} reads and ${writes} writes`, async (store) => {
      const shop = openShop(store);
      const signedIn = await withSession(shop);
      await shop.visit(jar(signedIn), act);
      expect([shop.counts.reads, shop.counts.writes]).to.deep.equal([reads, writes]);
    }),
  ),

  ...onStores("the request that finishes a logout: 1 read and 1 write", async (store) => {
    const { jar } = await logoutUnconfirmed(store);
    const shop = openShop(store);
    await shop.visit(jar, look);
    expect([shop.counts.reads, shop.counts.writes]).to.deep.equal([1, 1]);
    await shop.visit(jar, look);
    expect(shop.counts.commands).to.equal(2);
  }),

  ...onStores("a session that nobody asks for: 0 commands", async (store) => {
    const shop = openShop(store);
    const jar = await withSession(shop);
    await shop.sessions.handler(() => new Response("public"))(jar.request());
    expect(shop.counts.commands).to.equal(0);
  }),

  ...onStores("a session asked for many times in one request: 1 read", async (store) => {
    const shop = openShop(store);
    const jar = await withSession(shop);
    const handle = shop.sessions.handler(async (_request, getSession) => {
      const all = await Promise.all([getSession(), getSession(), getSession()]);
      expect(new Set(all).size).to.equal(1);
      return new Response("page");
    });
    await handle(jar.request());
    expect(shop.counts.commands).to.equal(1);
  }),

  ...onStores(
    "R26 a renewal: 1 write more, at most every tenth of the idle timeout",
    async (store) => {
      await withClock(async (clock) => {
        const shop = openShop(store, { idleTimeout: 1000 });
        const jar = await withSession(shop);
        for (let second = 0; second < 1000; second += 10) {
          clock.advance(10);
          await shop.visit(jar, look);
        }
        expect([shop.counts.reads, shop.counts.writes]).to.deep.equal([100, 10]);
        clock.advance(100);
        shop.counts.reset();
        await shop.visit(jar, change);
        expect([shop.counts.reads, shop.counts.writes]).to.deep.equal([1, 1]);
      });
    },
  ),
];
