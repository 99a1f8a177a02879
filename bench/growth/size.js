// What a read and a write cost by the size of the session's data, beside the floor with the same data: in time of the
// processor, a store in process.

// @ts-check

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeTurns } from "../rounds.js";
import { bundle } from "../runtimes/bundle.js";
import { findRuntimes } from "../runtimes/programs.js";
import { spend, warmUp } from "../runtimes/spend.js";
import { quartilesOf } from "../table.js";

/**
 * @typedef {import("../table.js").Quartiles} Quartiles
 *
 * @typedef {object} BySize
 * @property {number} bytes of JSON
 * @property {Record<"read" | "write", { floor: Quartiles, ratio: Quartiles }>} works the floor's microseconds, and times
 *   as cheap as the floor
 */

const SIZES = [100, 1024, 2048, 16_384, 65_536];
const MS = 40;

/**
 * @param {import("../rounds.js").Most} most
 * @returns {Promise<BySize[]>}
 */
export async function measureSizes({ rounds, seconds }) {
  const node = findRuntimes().find(({ name }) => name === "Node");
  if (node === undefined) throw new Error("There is no Node");
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-bench-"));
  /** @type {import("../runtimes/programs.js").Process[]} */
  const processes = [];
  try {
    for (const file of ["floor", "coatcheck"]) {
      const outfile = join(folder, `${file}.mjs`);
      await bundle(file, { ...node, outfile });
      processes.push(await node.start(outfile));
    }
    /** @type {BySize[]} */
    const sizes = [];
    for (const bytes of SIZES) {
      const works = /** @type {BySize["works"]} */ ({});
      for (const work of /** @type {const} */ (["read", "write"])) {
        const doing = [];
        const isFirst = sizes.length === 0 && work === "read";
        for (const process of processes) {
          doing.push({ process, count: await warmUp(process, { work, bytes }, MS, isFirst) });
        }
        const most = { rounds, seconds: seconds / SIZES.length / 2 };
        const [floor = [], ours = []] = await takeTurns(most, doing, async ({ process, count }) => {
          const { cpu, done } = await spend(process, { work, bytes, count });
          return cpu / done;
        });
        const ratios = ours.map((value, round) => (floor[round] ?? NaN) / value);
        works[work] = { floor: quartilesOf(floor), ratio: quartilesOf(ratios) };
      }
      sizes.push({ bytes, works });
    }
    return sizes;
  } finally {
    for (const { stop } of processes) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
