// The library beside those that people would otherwise choose, on the same work: one process for each, batches that
// take turns, ratios to the floor within a round. `npm run bench` at the root starts it.

// @ts-check

import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { formatGrowth, measureGrowth } from "./growth.js";
import { formatHttp, measureHttp } from "./http.js";
import { compare, formatBar, formatCalls, formatCosts, formatRatios } from "./report.js";
import { formatRuntimes, measureRuntimes } from "./runtimes.js";
import { WORKS } from "./stopwatch.js";
import { versionOf } from "./version.js";
import { formatWeight, measureWeight } from "./weight.js";

/**
 * @typedef {import("./stopwatch.js").Work} Work
 * @typedef {import("./stopwatch.js").Taken} Taken
 * @typedef {import("./report.js").Result} Result
 * @typedef {Awaited<ReturnType<typeof start>>} Contestant
 */

const USAGE = `Usage: npm run bench -- [--parts work] [--rounds 15] [--ms 40] [--only floor,coatcheck] [--json file]

  --parts   what to measure: work, weight, http, runtimes, growth. Default: all
  --rounds  how often the contenders take turns at the work: 1 to 1,000. Default 15
  --ms      for how long each of them does each work in a round: 1 to 10,000. Default 40
  --only    files of bench/contenders that do the work, the floor among them. Default: all
  --json    where to write what was measured`;

/**
 * Each is measured alone, and told when it is.
 * @type {Readonly<Record<string, () => Promise<unknown>>>}
 */
const PARTS = {
  weight: () => tell(measureWeight(), formatWeight),
  http: () => tell(measureHttp(), formatHttp),
  runtimes: () => tell(measureRuntimes(), formatRuntimes),
  growth: () => tell(measureGrowth(), formatGrowth),
};
const WORK = "work";
const ALL = [WORK, ...Object.keys(PARTS)];

const FLOOR = "floor";
const FILES = [
  FLOOR,
  "coatcheck",
  "coatcheck-hono",
  "react-router",
  "remix-session",
  "hono-session",
  "hono-sessions",
  "hono-sessions-unsigned",
  "express-session",
  "better-auth",
  "iron-session",
  "h3",
  "cookie-session",
];
/** Before the first round, so that each is compiled. */
const WARMUP_MS = 600;

const options = readOptions();
process.exitCode = await measure();

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        parts: { type: "string", default: ALL.join() },
        rounds: { type: "string", default: "15" },
        ms: { type: "string", default: "40" },
        only: { type: "string", default: FILES.join() },
        json: { type: "string" },
      },
    });
    const only = values.only.split(",");
    const unknown = only.find((file) => !FILES.includes(file));
    if (unknown !== undefined) throw new TypeError(`--only has no ${unknown}`);
    if (!only.includes(FLOOR)) throw new TypeError(`--only needs ${FLOOR}`);
    const parts = values.parts.split(",");
    const missing = parts.find((part) => !ALL.includes(part));
    if (missing !== undefined) throw new TypeError(`--parts has no ${missing}`);
    return {
      parts,
      rounds: whole("rounds", values.rounds, 1000),
      ms: whole("ms", values.ms, 10_000),
      only,
      json: values.json,
    };
  } catch (error) {
    // Of `parseArgs` and of our own: whatever it is, it is about the arguments.
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return process.exit(2);
  }
}

/**
 * @param {string} name
 * @param {string} text
 * @param {number} most
 */
function whole(name, text, most) {
  const value = Number(text);
  if (/^[1-9]\d*$/.test(text) && value <= most) return value;
  throw new RangeError(`--${name} must be a whole number from 1 to ${most}`);
}

/**
 * A contender in a process of its own.
 * @param {string} file
 */
async function start(file) {
  const child = fork(new URL("process.js", import.meta.url), [file], {
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  child.once("exit", (code) => {
    if (!child.killed) throw new Error(`${file} has ended with ${code}`);
  });

  /**
   * @param {import("./process.js").Question} question
   * @returns {Promise<any>}
   */
  async function ask(question) {
    child.send(question);
    /** @type {[import("./process.js").Reply]} */
    const [{ value, error }] = /** @type {any} */ (await once(child, "message"));
    if (error !== undefined) throw new Error(error);
    return value;
  }

  /** @type {import("./process.js").Description} */
  const description = await ask({ ask: "describe" });
  return { ...description, file, ask, stop: () => child.kill() };
}

/** @returns {Promise<number>} the exit code */
async function measure() {
  const machine = {
    node: process.versions.node,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
  };
  console.log(`Node ${machine.node}, ${machine.cpu}, ${machine.cores} cores`);
  const { parts, rounds, ms } = options;
  const results = parts.includes(WORK) ? await measureWork() : [];
  if (results === undefined) return 1;
  /** @type {Record<string, any>} */
  const measured = {};
  for (const [part, measurePart] of Object.entries(PARTS)) {
    if (parts.includes(part)) measured[part] = await measurePart();
  }
  if (results.length > 0) console.log(`\n${formatBar(results, measured["weight"])}`);
  if (options.json !== undefined) {
    const kept = { machine, rounds, ms, results, ...measured };
    writeFileSync(options.json, `${JSON.stringify(kept, null, 2)}\n`);
  }
  return 0;
}

/**
 * @template Measured
 * @param {Promise<Measured>} measuring
 * @param {(measured: Measured) => string} format
 */
async function tell(measuring, format) {
  const measured = await measuring;
  console.log(`\n${format(measured)}`);
  return measured;
}

/** @returns {Promise<Result[] | undefined>} undefined where an answer is wrong */
async function measureWork() {
  const contestants = await Promise.all(options.only.map(start));
  try {
    if (!(await prove(contestants))) return undefined;
    console.log(`Measuring ${options.rounds} rounds of ${options.ms} ms`);
    const times = await timeAll(contestants);
    const results = [];
    for (const contestant of contestants) results.push(await resultOf(contestant, times));
    console.log(
      ["", formatRatios(results), formatCosts(results), formatCalls(results)]
        .join("\n\n")
        .trimStart(),
    );
    return results;
  } finally {
    for (const { stop } of contestants) stop();
  }
}

/**
 * Nobody is timed whose answers are wrong.
 * @param {readonly Contestant[]} contestants
 */
async function prove(contestants) {
  let wrong = 0;
  for (const { ask } of contestants) {
    try {
      await ask({ ask: "prove" });
    } catch (error) {
      // Told at once, and the others are looked at too.
      console.error(error instanceof Error ? error.message : error);
      wrong++;
    }
  }
  if (wrong > 0) console.error(`Wrong answers: ${wrong} of ${contestants.length} contenders`);
  else console.log(`All ${contestants.length} contenders give the right answers`);
  return wrong === 0;
}

/**
 * @param {Contestant} contestant
 * @param {Record<string, Partial<Record<Work, Taken[]>>>} times
 * @returns {Promise<Result>}
 */
async function resultOf({ file, ask, stop: _stop, ...description }, times) {
  const isStored = description.keeps === "store";
  return {
    ...description,
    version: description.library === FLOOR ? "" : versionOf(description.library),
    isFloor: file === FLOOR,
    isOurs: description.library === "coatcheck",
    works: Object.fromEntries(
      WORKS.flatMap((work) => {
        const taken = times[file]?.[work];
        const floor = times[FLOOR]?.[work];
        return taken && floor ? [[work, compare(taken, floor)]] : [];
      }),
    ),
    calls: isStored ? await ask({ ask: "countCalls" }) : undefined,
    left: isStored ? await ask({ ask: "countLeft" }) : undefined,
  };
}

/**
 * Each round has each work done by all of them, one after another, so that what else the machine does hits all alike.
 * Who begins moves on.
 * @param {readonly Contestant[]} contestants
 * @returns {Promise<Record<string, Partial<Record<Work, Taken[]>>>>} by file, work and round
 */
async function timeAll(contestants) {
  /** @type {Record<string, Partial<Record<Work, Taken[]>>>} */
  const times = {};
  for (const { file, ask } of contestants) {
    /** @type {Partial<Record<Work, Taken[]>>} */
    const own = {};
    for (const work of WORKS) {
      if ((await ask({ ask: "time", work, ms: WARMUP_MS })) !== undefined) own[work] = [];
    }
    times[file] = own;
  }
  for (let round = 0; round < options.rounds; round++) {
    const first = round % contestants.length;
    const turns = [...contestants.slice(first), ...contestants.slice(0, first)];
    for (const work of WORKS) {
      for (const { file, ask } of turns) {
        const own = times[file]?.[work];
        own?.push(await ask({ ask: "time", work, ms: options.ms }));
      }
    }
  }
  return times;
}
