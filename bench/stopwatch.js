// What a piece of work takes a contender: requests are made ahead, and only their handling is measured, one after
// another. Beside the time stands that of the processor, which others who use the machine change less.

// @ts-check

import { FORGED } from "./proof.js";
import { nearRows } from "./rows.js";
import { createVisitor, forge } from "./visitor.js";

/** @typedef {"read" | "write" | "anonymous" | "forged" | "sign in"} Work */

/**
 * Microseconds for each request.
 *
 * @typedef {object} Taken
 * @property {number} wall
 * @property {number} cpu of all threads
 */

/** @type {readonly Work[]} */
export const WORKS = ["read", "write", "anonymous", "forged", "sign in"];

/** Requests made ahead at most: they wait in memory. */
const MOST = 256;

/**
 * A piece of work, and requests for it, made ahead.
 *
 * @template Incoming
 * @template Outgoing
 * @typedef {object} Supply
 * @property {import("./work.js").Handler<Incoming, Outgoing>} handle
 * @property {(count: number) => Promise<Incoming[]>} supply requests, of which each is to be handled once
 */

/**
 * @template Incoming
 * @template Outgoing
 * @param {import("./work.js").Contender<Incoming, Outgoing>} contender
 * @param {Work} work
 * @returns {Promise<Supply<Incoming, Outgoing> | undefined>} `undefined` where the contender does not do that work
 */
export async function createSupply({ keeps, platform, create }, work) {
  const rows = nearRows();
  const { begin, ...routes } = await create(rows);
  const handle = {
    ...routes,
    anonymous: routes.read,
    forged: routes.read,
    "sign in": routes.signIn,
  }[work];
  if (handle === undefined) return undefined;

  /** @returns {Promise<string | undefined>} the cookie of a new session */
  async function beginSession() {
    const visitor = createVisitor(platform);
    await visitor.visit(begin);
    return visitor.header();
  }

  const cookie = await beginSession();
  const forged = work === "forged" ? forge(cookie ?? "", FORGED) : [];
  let turn = 0;

  async function nextCookie() {
    if (work === "anonymous") return undefined;
    if (work === "forged") return forged[turn++ % forged.length];
    // A sign-in ends the session, so each needs another; one in a cookie can be signed in again.
    return work === "sign in" && keeps === "store" ? beginSession() : cookie;
  }

  return {
    handle,
    async supply(count) {
      // What is left by those before, among it what some store for nobody.
      if (work !== "read" && work !== "write") rows.clear();
      const requests = [];
      while (requests.length < count) requests.push(platform.request(await nextCookie()));
      return requests;
    },
  };
}

/**
 * @template Incoming
 * @template Outgoing
 * @param {import("./work.js").Contender<Incoming, Outgoing>} contender
 * @param {Work} work
 * @returns {Promise<((ms: number) => Promise<Taken>) | undefined>} handles requests for that long; `undefined` where
 *   the contender does not do that work
 */
export async function createStopwatch(contender, work) {
  const supplied = await createSupply(contender, work);
  if (supplied === undefined) return undefined;
  const { handle, supply } = supplied;
  let size = 1;

  /** @returns {Promise<Taken>} of as many requests, in all */
  async function timeSome() {
    const requests = await supply(size);
    const usage = process.cpuUsage();
    const from = performance.now();
    for (const request of requests) await handle(request);
    const wall = (performance.now() - from) * 1000;
    const { user, system } = process.cpuUsage(usage);
    return { wall, cpu: user + system };
  }

  return async function time(ms) {
    // The first are slower, since other processes had the processor meanwhile.
    await timeSome();
    const spent = { wall: 0, cpu: 0 };
    let count = 0;
    while (spent.wall < ms * 1000) {
      const { wall, cpu } = await timeSome();
      spent.wall += wall;
      spent.cpu += cpu;
      count += size;
      size = Math.min(MOST, Math.max(1, Math.round(((ms * 500) / spent.wall) * count)));
    }
    return { wall: spent.wall / count, cpu: spent.cpu / count };
  };
}
