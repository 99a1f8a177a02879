// What a visitor does, and what they find, in a few words.

import { expect } from "vitest";
import { type Act, codeOf, type Shop } from "../behaviour/setup.ts";
import { cookieJar, type Jar } from "../support/jar.ts";

const signIn: Act = (session) => {
  session.regenerate();
  session.data.userId = "ann";
};
const change: Act = (session) => session.update((data) => void data.n++);
const signOut: Act = (session) => session.destroy();

/** A request whose answer is a status; with its cookies, whatever it is. */
async function statusOf(shop: Shop, jar: Jar, act: Act): Promise<number | string> {
  return shop.visit(jar, act).then(({ status }) => status, codeOf);
}

/** A browser in which somebody has just signed in. */
export async function signedIn(shop: Shop): Promise<Jar> {
  const jar = cookieJar();
  expect(await enter(shop, jar)).toBe(200);
  return jar;
}

export const enter = (shop: Shop, jar: Jar) => statusOf(shop, jar, signIn);
export const count = (shop: Shop, jar: Jar) => statusOf(shop, jar, change);
export const leave = (shop: Shop, jar: Jar) => statusOf(shop, jar, signOut);

/**
 * What a page shows: `ann 2` is the user and how often they have counted, `nobody` a session that is not there, `503`
 * that there is no answer. An outage neither clears nor replaces the cookie, whatever else happens (R51).
 */
export async function look(shop: Shop, jar: Jar): Promise<string> {
  const before = jar.header();
  let shown = "";
  const response = await shop.visit(jar, ({ isNew, data }) => {
    shown = isNew ? "nobody" : `${data.userId} ${data.n}`;
  });
  if (response.status !== 200) {
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.has("retry-after")).toBe(true);
    expect(response.headers.getSetCookie()).toEqual([]);
    shown = String(response.status);
  }
  expect(jar.header()).toBe(before);
  return shown;
}

const real = Date.now;
let skipped = 0;

/**
 * Passes time without waiting for it: the library asks `Date.now` and nothing else. It never goes back, since cookies
 * and rows would live longer than they do. The servers have clocks of their own.
 */
export function skip(ms: number): void {
  skipped += ms;
  Date.now = () => real() + skipped;
}

/** After this long a breaker has its store asked again. */
export const PROBE_MS = 7_500;

/** Looks until something is found, breakers or not. */
export async function found(shop: Shop, jar: Jar, what: string): Promise<void> {
  const looking = async () => {
    const shown = await look(shop, jar);
    if (shown !== what) skip(PROBE_MS);
    return shown;
  };
  await expect.poll(looking, { timeout: 15_000, interval: 250 }).toBe(what);
}
