// What a piece of work allocates, in bytes for each request: the same on every machine, at every run, as long as Node
// and the code are. `measureAllocations` runs this file in a process that leaves nothing to chance.

// @ts-check

import { execFile } from "node:child_process";
import { PerformanceObserver } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isMain } from "../scripts/system.js";
import { contender } from "./contenders/coatcheck.js";
import { createSupply, WORKS } from "./stopwatch.js";

/** @typedef {import("./stopwatch.js").Work} Work */

const FLAGS = [
  "--expose-gc",
  // One thread, so that a function is compiled after as many calls, not after as much time; and no code is dropped.
  "--predictable",
  "--no-flush-bytecode",
  "--hash-seed=1",
  // MB. What is collected is not counted, so there is room for all.
  "--min-semi-space-size=128",
  "--max-semi-space-size=128",
];
const REQUESTS = 100;
/** The first ones compile the most. */
const SAMPLES = 12;

let collections = 0;

/** @returns {Promise<Record<Work, number>>} */
export async function measureAllocations() {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...FLAGS, fileURLToPath(import.meta.url)],
    { env: { ...process.env, NODE_ENV: "production", NODE_OPTIONS: "" } },
  );
  return JSON.parse(stdout);
}

if (isMain(import.meta.url)) {
  seedRandom();
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  observer.observe({ entryTypes: ["gc"] });
  /** @type {[Work, number][]} */
  const measured = [];
  for (const work of WORKS) measured.push([work, await measure(work)]);
  console.log(JSON.stringify(Object.fromEntries(measured)));
}

/** How many characters of an id must be replaced depends on its bytes, and is allocated. */
function seedRandom() {
  let state = 1;
  Object.assign(crypto, {
    /** @param {NodeJS.TypedArray} view */
    getRandomValues(view) {
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      bytes.forEach((_, at) => {
        state = (state * 1103 + 12_345) % 65_521;
        bytes[at] = state >>> 4;
      });
      return view;
    },
  });
}

/**
 * The least of the samples: what is compiled meanwhile can only add to it.
 * @param {Work} work
 */
async function measure(work) {
  const supplied = await createSupply(contender, work);
  if (supplied === undefined) throw new Error(`coatcheck does not ${work}`);
  const { handle, supply } = supplied;
  let least = Infinity;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const requests = await supply(REQUESTS);
    globalThis.gc?.();
    const collected = await countCollections();
    const from = memory();
    for (const request of requests) await handle(request);
    const bytes = memory() - from;
    if ((await countCollections()) > collected) {
      throw new Error(`${REQUESTS} times ${work} allocate more than there is room for`);
    }
    least = Math.min(least, bytes);
  }
  return Math.round(least / REQUESTS);
}

/** Of JavaScript, and beside its heap: buffers. */
function memory() {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** They are told a turn later. */
async function countCollections() {
  await nextTurn();
  await nextTurn();
  return collections;
}
