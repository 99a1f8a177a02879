// How many requests a second one process answers while so many are in flight, against a store 5 ms away; and how often
// writes to one session are tried until all are done, or refused since others wrote for 5 s without pause.

// @ts-check

import { SessionConflictError } from "../../dist/index.js";
import { createOver, routesOf } from "../contenders/coatcheck.js";
import { ratiosOf, takeTurns, timeOf } from "../rounds.js";
import { farRows } from "../rows.js";
import { createVisitor } from "../visitor.js";
import { web } from "../web.js";
import { DATA } from "../work.js";

/**
 * @typedef {"reads" | "writes" | "writes to one session"} Flight
 *
 * @typedef {object} InFlight
 * @property {number} requests in flight
 * @property {import("../table.js").Quartiles} ratio requests a second, times those of one in flight
 * @property {number} attempts for each write
 * @property {number} refused of a hundred writes: their callers were told
 * @property {number} lost of the writes that were answered
 */

const SIZES = [1, 4, 16, 64, 256];
/** Wave follows wave until then: each is sent at once and answered to the last. */
const LEAST_MS = 100;

/** @type {readonly Flight[]} */
export const FLIGHTS = ["reads", "writes", "writes to one session"];

/**
 * @param {import("../rounds.js").Most} most
 * @returns {Promise<Record<Flight, InFlight[]>>}
 */
export async function measureFlights(most) {
  /** @type {Partial<Record<Flight, InFlight[]>>} */
  const flights = {};
  for (const flight of FLIGHTS) {
    const places = await Promise.all(SIZES.map((size) => createPlace(flight, size)));
    const taken = await takeTurns(most, places, ({ fly }) => fly());
    flights[flight] = await Promise.all(
      places.map(async ({ size, count }, at) => ({
        requests: size,
        ratio: ratiosOf(taken[at] ?? [], taken[0]),
        ...(await count()),
      })),
    );
  }
  return /** @type {Record<Flight, InFlight[]>} */ (flights);
}

/**
 * @param {Flight} flight
 * @param {number} size
 */
async function createPlace(flight, size) {
  const rows = farRows();
  let writes = 0;
  let refused = 0;
  let attempts = 0;
  const {
    begin,
    read,
    write = read,
  } = routesOf(
    createOver({
      ...rows,
      swap(...row) {
        attempts++;
        return rows.swap(...row);
      },
    }),
  );
  const isOne = flight === "writes to one session";
  const visitors = Array.from({ length: isOne ? 1 : size }, () => createVisitor(web));
  await Promise.all(visitors.map(({ visit }) => visit(begin)));
  const cookies = visitors.map(({ header }) => header());
  const handle = flight === "reads" ? read : write;
  attempts = 0;

  /** @param {string | undefined} cookie */
  async function send(cookie) {
    try {
      const { status } = await handle(web.request(cookie));
      if (status !== 200) throw new Error(`A request is answered ${status}`);
      return true;
    } catch (error) {
      if (error instanceof SessionConflictError) return false;
      throw error;
    }
  }

  return {
    size,
    /** Requests a second. */
    async fly() {
      let done = 0;
      const micros = await timeOf(async () => {
        const deadline = performance.now() + LEAST_MS;
        while (performance.now() < deadline) {
          const wave = Array.from({ length: size }, (_, at) => send(cookies[at % cookies.length]));
          for (const isDone of await Promise.all(wave)) {
            if (isDone) done++;
            else refused++;
          }
        }
      });
      writes += done;
      return (done * 1e6) / micros;
    },
    /** What the counters say. */
    async count() {
      if (flight === "reads") return { attempts: 0, refused: 0, lost: 0 };
      const tried = attempts;
      let counted = 0;
      for (const cookie of cookies) {
        const { body } = await web.answer(await write(web.request(cookie)));
        counted += Number(body) - 1 - DATA.counter;
      }
      return {
        attempts: tried / (writes + refused),
        refused: (100 * refused) / (writes + refused),
        lost: writes - counted,
      };
    },
  };
}
