// One contender in a process of its own, which does what its parent asks. With a work and seconds it does that alone,
// for a profiler: `node --cpu-prof bench/process.js coatcheck read 5`.

// @ts-check

import { countCalls, countLeft } from "./faraway.js";
import { prove } from "./proof.js";
import { createStopwatch } from "./stopwatch.js";

/**
 * @typedef {import("./stopwatch.js").Work} Work
 *
 * @typedef {object} Question
 * @property {"describe" | "prove" | "time" | "countCalls" | "countLeft"} ask
 * @property {Work} [work]
 * @property {number} [ms]
 *
 * @typedef {object} Description
 * @property {string} name
 * @property {string} library
 * @property {"store" | "cookie"} keeps
 * @property {boolean} unsigned
 * @property {"Web" | "Node"} speaks
 *
 * @typedef {object} Reply
 * @property {unknown} [value]
 * @property {string} [error]
 */

const [name, alone, seconds = "5"] = process.argv.slice(2);
/** @type {{ contender: import("./work.js").Contender<unknown, unknown> }} */
const { contender } = await import(`./contenders/${name}.js`);

/** @type {Map<Work, Awaited<ReturnType<typeof createStopwatch>>>} */
const stopwatches = new Map();

/** @param {Question} question */
async function answer({ ask, work = "read", ms = 0 }) {
  if (ask === "describe") return describe();
  if (ask === "prove") return prove(contender);
  if (ask === "countCalls") return countCalls(contender);
  if (ask === "countLeft") return countLeft(contender);
  if (!stopwatches.has(work)) stopwatches.set(work, await createStopwatch(contender, work));
  return stopwatches.get(work)?.(ms);
}

/** @returns {Description} */
function describe() {
  const { name: title, library = title, keeps, unsigned = false, platform } = contender;
  return { name: title, library, keeps, unsigned, speaks: platform.speaks };
}

if (alone === undefined) {
  process.on("message", async (/** @type {Question} */ question) => {
    /** @type {Reply} */
    let reply;
    try {
      reply = { value: await answer(question) };
    } catch (error) {
      // Whatever it is: the parent says whose it was, and fails.
      reply = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.send?.(reply);
  });
} else {
  const work = /** @type {Work} */ (alone);
  console.log(await answer({ ask: "time", work, ms: Number(seconds) * 1000 }));
}
