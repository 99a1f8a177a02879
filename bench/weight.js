// What a library weighs: the time of its cold import, its size, and the heap of sessions in its own store in memory.
// `npm run bench` has it in its report; `node bench/weight.js` measures it alone.

// @ts-check

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isMain } from "../scripts/system.js";
import { importCold } from "./cold.js";
import { FILES, SESSIONS } from "./heap.js";
import { IMPORTS } from "./imports.js";
import { compare } from "./report.js";
import { sizeOf } from "./size.js";
import { NONE, spread, table } from "./table.js";
import { versionOf } from "./version.js";
import { DATA } from "./work.js";

/**
 * @typedef {import("./stopwatch.js").Taken} Taken
 * @typedef {import("./report.js").Comparison} Comparison
 *
 * @typedef {object} Weight
 * @property {number} rounds
 * @property {number} emptyMs from start to end of a process that imports nothing
 * @property {readonly Import[]} imports
 * @property {readonly HeapOf[]} heaps
 *
 * @typedef {object} Import
 * @property {string} name
 * @property {string} version
 * @property {string} counted
 * @property {Comparison} cold its ratios are to ours
 * @property {number} bytes
 * @property {readonly string[]} packages
 *
 * @typedef {import("./heap.js").Heap & { version: string }} HeapOf
 */

const HEAP = fileURLToPath(new URL("heap.js", import.meta.url));
/** More are counted, not named. */
const NAMED = 4;

/**
 * @param {{ rounds?: number }} [options] how often all are imported, one after another
 * @returns {Promise<Weight>} ours comes first
 */
export async function measureWeight({ rounds = 7 } = {}) {
  const { emptyMs, taken } = importInTurns(rounds);
  const [ours = []] = taken;
  /** @type {Import[]} */
  const imports = [];
  for (const [at, { name, library, counted, modules }] of IMPORTS.entries()) {
    const own = taken[at] ?? [];
    const { bytes, packages } = await sizeOf(modules);
    const others = packages.filter((each) => !(each in modules)).toSorted();
    const cold = { ...compare(own, ours), ratios: compare(ours, own).ratios };
    const version = versionOf(library);
    imports.push({ name, version, counted, cold, bytes, packages: others });
  }
  return { rounds, emptyMs, imports, heaps: await Promise.all(FILES.map(measureHeap)) };
}

/**
 * @param {number} rounds
 * @returns {{ emptyMs: number, taken: readonly Taken[][] }} by import and round
 */
function importInTurns(rounds) {
  /** @type {number[]} */
  const empty = [];
  /** @type {Taken[][]} */
  const taken = IMPORTS.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    const { wholeMs } = importCold([]);
    const all = IMPORTS.map(({ modules }) => importCold(Object.keys(modules)).imports);
    // The first round fills the file cache.
    if (round === 0) continue;
    empty.push(wholeMs);
    for (const [at, each] of all.entries()) taken[at]?.push(each);
  }
  const emptyMs = empty.toSorted((a, b) => a - b)[empty.length >> 1] ?? NaN;
  return { emptyMs, taken };
}

/**
 * All at once: it is no time that is measured.
 * @param {string} file
 * @returns {Promise<HeapOf>}
 */
async function measureHeap(file) {
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", HEAP, file], {
    env: { ...process.env, NODE_ENV: "production" },
  });
  /** @type {import("./heap.js").Heap} */
  const heap = JSON.parse(stdout);
  return { ...heap, version: versionOf(heap.library) };
}

/** @param {Weight} weight */
export function formatWeight({ rounds, emptyMs, imports, heaps }) {
  const ourBytes = imports[0]?.bytes ?? NaN;
  const ourHeap = heaps[0]?.bytes ?? NaN;
  const importRows = imports.map(({ name, version, counted, cold, bytes, packages }) => [
    `${name} ${version}`,
    counted,
    `${(cold.micros.wall.median / 1000).toFixed(1)} ms`,
    spread(cold.ratios.wall),
    spread(cold.ratios.cpu),
    String(bytes),
    (bytes / ourBytes).toFixed(2),
    packages.length > NAMED ? `${packages.length} packages` : packages.join(", ") || NONE,
  ]);
  const heapRows = heaps.map(({ name, version, bytes }) => [
    `${name} ${version}`,
    `${(bytes / 1e6).toFixed(1)} MB`,
    String(Math.round(bytes / SESSIONS)),
    (bytes / ourHeap).toFixed(2),
  ]);
  const json = JSON.stringify(DATA).length;
  return [
    `A cold import, in a fresh process: medians of ${rounds} rounds and quartiles, times ours (an empty process takes ` +
      `${Math.round(emptyMs)} ms from start to end). Bytes: bundled with all it needs but Node's own, minified, gzipped`,
    table(
      ["", "among it", "import", "to ours", "in processor's time", "bytes", "to ours", "pulls in"],
      importRows,
    ),
    "",
    `Heap of ${SESSIONS.toLocaleString("en")} sessions, each of ${json} bytes of JSON, in the library's own store in memory, where it has one`,
    table(["", "heap", "bytes each", "to ours"], heapRows),
  ].join("\n");
}

if (isMain(import.meta.url)) console.log(formatWeight(await measureWeight()));
