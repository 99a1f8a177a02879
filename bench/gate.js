// Whether the library's work still costs what it did, by figures that do not depend on the machine; the last of them,
// which does a little, by a wide margin. `npm run check` runs it; `node bench/gate.js --limits` prints limits as they
// would be set now.

// @ts-check

import { parseArgs } from "node:util";
import { measureAllocations } from "./allocations.js";
import { contender } from "./contenders/coatcheck.js";
import { contender as floor } from "./contenders/floor.js";
import { countCalls, countLeft } from "./faraway.js";
import { findFaults, formatFigures, formatLimits } from "./limits.js";
import { createSupply, WORKS } from "./stopwatch.js";

/** @typedef {import("./stopwatch.js").Work} Work */

/** Requests, not milliseconds: on a busy machine those are over before anything is compiled. */
const WARMUP = 500;
const TURN = 50;
const ROUNDS = 12;
/** Where limits are to come of it. */
const SETTING_ROUNDS = 60;

const { values } = parseArgs({ options: { limits: { type: "boolean", default: false } } });
const figures = await measure(values.limits ? SETTING_ROUNDS : ROUNDS);
if (values.limits) {
  console.log(formatLimits(figures));
} else {
  const faults = findFaults(figures);
  console.log([...faults, formatFigures(figures)].join("\n"));
  process.exitCode = faults.length === 0 ? 0 : 1;
}

/**
 * @param {number} rounds for the ratios
 * @returns {Promise<import("./limits.js").Figures>}
 */
async function measure(rounds) {
  const calls = await countCalls(contender);
  const left = await countLeftAtLeisure();
  const bytes = await measureAllocations();
  const ratios = await measureRatios(rounds);
  /** @param {Work} work */
  const priceOf = (work) => ({ bytes: bytes[work], ratio: ratios[work] });
  return { node: process.versions.node, calls, left, prices: eachWork(priceOf) };
}

/** While the clock stands: a write that others keep from its turn gives up in the end, and a busy machine hastens that. */
async function countLeftAtLeisure() {
  const { now } = Date;
  const standing = now();
  Date.now = () => standing;
  try {
    return await countLeft(contender);
  } finally {
    Date.now = now;
  }
}

/**
 * Of the processor's time, each at its least: whatever else the machine does can only add to it. Rounds go through all
 * works, so that no work is hit by what lasts a second.
 * @param {number} rounds
 */
async function measureRatios(rounds) {
  /** @type {{ work: Work, supplied: import("./stopwatch.js").Supply<Request, Response>, least: number }[]} */
  const turns = [];
  for (const work of WORKS) {
    for (const each of [floor, contender]) {
      const supplied = await createSupply(each, work);
      if (supplied === undefined) throw new Error(`${each.name} does not ${work}`);
      await spend(supplied, WARMUP);
      turns.push({ work, supplied, least: Infinity });
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const turn of turns) {
      turn.least = Math.min(turn.least, await spend(turn.supplied, TURN));
    }
  }
  return eachWork((work) => {
    const [least = NaN, ours = NaN] = turns
      .filter((turn) => turn.work === work)
      .map((turn) => turn.least);
    return least / ours;
  });
}

/**
 * @param {import("./stopwatch.js").Supply<Request, Response>} supplied
 * @param {number} count
 * @returns {Promise<number>} microseconds of the processor, of all threads
 */
async function spend({ handle, supply }, count) {
  const requests = await supply(count);
  const usage = process.cpuUsage();
  for (const request of requests) await handle(request);
  const { user, system } = process.cpuUsage(usage);
  return user + system;
}

/**
 * @template Value
 * @param {(work: Work) => Value} valueOf
 */
function eachWork(valueOf) {
  return /** @type {Record<Work, Value>} */ (
    Object.fromEntries(WORKS.map((work) => [work, valueOf(work)]))
  );
}
