// What a request costs on Node, Deno, Bun and workerd: the processor's time, as the kernel counts it for the process,
// beside that of the floor on the same runtime. Alone: `node bench/runtimes.js [contender…]`, after `npm run build`.

// @ts-check

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPackages, isBuilt, isMain } from "../scripts/system.js";
import { hasCpuTime } from "./cpu.js";
import { takeTurns } from "./rounds.js";
import { bundle } from "./runtimes/bundle.js";
import { spend, warmUp } from "./runtimes/spend.js";
import { findRuntimes } from "./runtimes/programs.js";
import { WORKS } from "./stopwatch.js";
import { NONE, quartilesOf, short, spread, table } from "./table.js";

/**
 * @typedef {import("./stopwatch.js").Work} Work
 * @typedef {import("./runtimes/programs.js").Runtime} Runtime
 * @typedef {import("./table.js").Quartiles} Quartiles
 * @typedef {import("./runtimes/programs.js").Process & { file: string }} Contestant
 *
 * @typedef {object} Cost
 * @property {Quartiles} micros of the processor's time, for each request
 * @property {Quartiles} ratio times as cheap as the floor in the same round
 *
 * @typedef {object} RuntimeResult
 * @property {string} runtime
 * @property {Record<string, Partial<Record<Work, Cost>>>} costs by contender and work
 *
 * @typedef {object} RuntimesResults
 * @property {readonly RuntimeResult[]} runtimes
 * @property {readonly string[]} skipped what was not measured, and why
 */

const FLOOR = "floor";
const CONTENDERS = [FLOOR, "coatcheck", "react-router", "hono-sessions"];

/**
 * @param {object} [options]
 * @param {readonly string[]} [options.contenders] files of bench/contenders that speak Web, the floor among them
 * @param {number} [options.rounds]
 * @param {number} [options.ms] of the processor, in a round
 * @param {number} [options.seconds] of the rounds on one runtime, at most
 * @returns {Promise<RuntimesResults>}
 */
export async function measureRuntimes(options = {}) {
  const { contenders = CONTENDERS, rounds = 9, ms = 40, seconds = 7 } = options;
  if (!hasCpuTime()) return { runtimes: [], skipped: ["all: this system has no schedstat"] };
  const { ok, output } = await installPackages("test/runtimes");
  const skipped = ok ? [] : [`what is not installed: ${output.trim()}`];
  const runtimes = [];
  for (const runtime of findRuntimes()) {
    if (runtime.binary === undefined) {
      skipped.push(`${runtime.name}: it is not installed, or not made for this platform`);
      continue;
    }
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-bench-"));
    /** @type {Contestant[]} */
    const contestants = [];
    try {
      for (const file of contenders) {
        const started = await start(runtime, file, folder).catch((error) => String(error.message));
        if (typeof started === "string") skipped.push(`${file} on ${runtime.name}: ${started}`);
        else contestants.push(started);
      }
      if (!contestants.some(({ file }) => file === FLOOR)) continue;
      const costs = await measureAll(contestants, { rounds, ms, seconds });
      runtimes.push({ runtime: `${runtime.name} ${runtime.version}`, costs });
    } catch (error) {
      // Whatever it is, the other runtimes are measured.
      skipped.push(`${runtime.name}: ${error instanceof Error ? error.message : error}`);
    } finally {
      for (const { stop } of contestants) await stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { runtimes, skipped };
}

/**
 * A contender in a process of its own, whose answers are right there.
 * @param {Runtime} runtime
 * @param {string} file
 * @param {string} folder
 * @returns {Promise<Contestant>}
 */
async function start({ conditions, isWorker, start: startModule }, file, folder) {
  const module = join(folder, `${file}.mjs`);
  await bundle(file, { conditions, isWorker, outfile: module });
  const child = await startModule(module);
  try {
    const { error } = await child.ask({ ask: "prove" });
    if (error !== undefined) throw new Error(error);
    return { ...child, file };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

/**
 * @param {readonly Contestant[]} contestants
 * @param {{ rounds: number, ms: number, seconds: number }} options
 */
async function measureAll(contestants, { rounds, ms, seconds }) {
  /** @type {RuntimeResult["costs"]} */
  const costs = Object.fromEntries(contestants.map(({ file }) => [file, {}]));
  for (const work of WORKS) {
    const doing = [];
    for (const contestant of contestants) {
      const count = await warmUp(contestant, { work }, ms, work === WORKS[0]);
      if (count > 0) doing.push({ ...contestant, count });
    }
    const most = { rounds, seconds: seconds / WORKS.length };
    const taken = await takeTurns(most, doing, async ({ count, ...contestant }) => {
      const { cpu, done } = await spend(contestant, { work, count });
      return cpu / done;
    });
    const floor = taken[doing.findIndex(({ file }) => file === FLOOR)];
    for (const [at, { file }] of doing.entries()) {
      const values = taken[at] ?? [];
      const ratios = values.map((value, round) => (floor?.[round] ?? NaN) / value);
      const cost = { micros: quartilesOf(values), ratio: quartilesOf(ratios) };
      Object.assign(costs[file] ?? {}, { [work]: cost });
    }
  }
  return costs;
}

/** @param {RuntimesResults} results */
export function formatRuntimes({ runtimes, skipped }) {
  const rows = runtimes.flatMap(({ runtime, costs }) =>
    Object.entries(costs).map(([file, works], at) => [
      at === 0 ? runtime : "",
      file,
      ...WORKS.map((work) => {
        const found = works[work];
        if (found === undefined) return NONE;
        return file === FLOOR ? `${short(found.micros.median)} µs` : spread(found.ratio);
      }),
    ]),
  );
  return [
    "Times as cheap as the floor on each runtime, in time of the processor, a store in process: median and quartiles",
    table(["", "", ...WORKS], rows),
    ...skipped.map((line) => `Not measured, ${line}`),
  ].join("\n");
}

if (isMain(import.meta.url)) {
  if (!isBuilt()) console.log("The library is older than its source: npm run build");
  const given = process.argv.slice(2);
  const contenders = given.length > 0 ? [...new Set([FLOOR, ...given])] : CONTENDERS;
  console.log(formatRuntimes(await measureRuntimes({ contenders })));
}
