// What a read and a write take among so many rows of others: as long as among none, if the store's keys are found as
// they should be.

// @ts-check

import { createWith, routesOf } from "../contenders/coatcheck.js";
import { ratiosOf, takeTurns, timeOf } from "../rounds.js";
import { quartilesOf } from "../table.js";
import { createVisitor } from "../visitor.js";
import { web } from "../web.js";

/**
 * @typedef {import("../table.js").Quartiles} Quartiles
 *
 * @typedef {object} Among
 * @property {number} rows
 * @property {Record<"read" | "write", { micros: Quartiles, ratio: Quartiles }>} works times as long as in the first one
 */

/** At most so many sessions are measured of each crowd, in turn. */
const VISITORS = 100;
const REQUESTS = 50;
/** Not measured: they meet what the crowd before them has left in the processor. */
const FIRST = 5;

/**
 * @param {readonly import("./stores.js").Crowd[]} crowds
 * @param {import("../rounds.js").Most} most
 * @returns {Promise<Among[]>}
 */
export async function measureCrowds(crowds, most) {
  const places = [];
  for (const { rows, store } of crowds) {
    const routes = routesOf(createWith({ store }));
    const visitors = [];
    while (visitors.length < Math.min(rows, VISITORS)) {
      const visitor = createVisitor(web);
      await visitor.visit(routes.begin);
      visitors.push(visitor);
    }
    places.push({ rows, routes, cookies: visitors.map(({ header }) => header()), turn: 0 });
  }

  /**
   * Microseconds for each request.
   * @param {(typeof places)[0]} place
   * @param {"read" | "write"} work
   */
  async function time(place, work) {
    const handle = place.routes[work];
    /** @param {number} times */
    async function send(times) {
      for (let count = 0; count < times; count++) {
        await handle?.(web.request(place.cookies[place.turn++ % place.cookies.length]));
      }
    }
    await send(FIRST);
    return (await timeOf(() => send(REQUESTS))) / REQUESTS;
  }

  /** @type {Among[]} */
  const among = places.map(({ rows }) => ({ rows, works: /** @type {Among["works"]} */ ({}) }));
  for (const work of /** @type {const} */ (["read", "write"])) {
    for (const place of places) await time(place, work);
    const taken = await takeTurns(most, places, (place) => time(place, work));
    for (const [at, values] of taken.entries()) {
      const found = { micros: quartilesOf(values), ratio: ratiosOf(values, taken[0]) };
      Object.assign(among[at]?.works ?? {}, { [work]: found });
    }
  }
  return among;
}
