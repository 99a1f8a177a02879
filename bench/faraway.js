// What a contender asks of a store that is 5 ms away, and what is left of writes that overlap there.

// @ts-check

import { setTimeout as sleep } from "node:timers/promises";
import { farRows } from "./rows.js";
import { createVisitor, forge } from "./visitor.js";
import { DATA } from "./work.js";

/**
 * @typedef {object} Calls
 * @property {number} calls
 * @property {number} roundTrips of 5 ms, one after another, before the answer
 * @property {number} unawaited calls that the answer did not wait for
 */

const PARALLEL = 50;
/** Until calls that nobody waited for are over. */
const SETTLE_MS = 50;

/**
 * @template Incoming
 * @template Outgoing
 * @param {import("./work.js").Contender<Incoming, Outgoing>} contender
 * @returns {Promise<Partial<Record<import("./stopwatch.js").Work, Calls>>>}
 */
export async function countCalls({ platform, create }) {
  const rows = farRows();
  const { begin, read, write, signIn } = await create(rows);
  const visitor = createVisitor(platform);
  const stranger = createVisitor(platform);

  /** @param {() => unknown} visit */
  async function count(visit) {
    await sleep(SETTLE_MS);
    rows.forget();
    await visit();
    const { calls, roundTrips, answered } = rows.trace;
    return { calls, roundTrips, unawaited: calls - answered };
  }

  await visitor.visit(begin);
  const [forged = ""] = forge(visitor.header() ?? "", 1);
  return {
    read: await count(() => visitor.visit(read)),
    ...(write && { write: await count(() => visitor.visit(write)) }),
    anonymous: await count(() => stranger.visit(read)),
    forged: await count(() => read(platform.request(forged))),
    ...(signIn && { "sign in": await count(() => visitor.visit(signIn)) }),
  };
}

/**
 * 50 writes to one session at once: first each of a property of its own, then each adding one to a counter.
 * @template Incoming
 * @template Outgoing
 * @param {import("./work.js").Contender<Incoming, Outgoing>} contender
 * @returns {Promise<{ keys: number, counted: number } | undefined>} how many of the writes are left
 */
export async function countLeft({ platform, create }) {
  const { begin, write, mark } = await create(farRows());
  if (write === undefined || mark === undefined) return undefined;
  const visitor = createVisitor(platform);
  await visitor.visit(begin);
  // All are sent before any is answered, as by one browser.
  const cookie = visitor.header();

  /**
   * @param {import("./work.js").Handler<Incoming, Outgoing>} handle
   * @returns {Promise<number>} what one write more answers
   */
  async function after(handle) {
    const at = Array.from({ length: PARALLEL }, (_, index) => index);
    const requests = at.map((index) => platform.request(cookie, `?key=mark${index}`));
    await Promise.all(requests.map(async (request) => handle(request)));
    await sleep(SETTLE_MS);
    const last = await handle(platform.request(cookie, "?key=mark"));
    return Number((await platform.answer(last)).body);
  }

  return { keys: (await after(mark)) - 1, counted: (await after(write)) - 1 - DATA.counter };
}
