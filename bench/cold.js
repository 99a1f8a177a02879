// What a cold start costs: a fresh process imports what an application would, and says how long that took.

// @ts-check

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** @typedef {import("./stopwatch.js").Taken} Taken */

/** A file, as an application's own: Node has what it needs to find and read modules by then. */
const FRESH = fileURLToPath(new URL("fresh.js", import.meta.url));

/**
 * @param {readonly string[]} modules imported together, as by one file
 * @returns {{ imports: Taken, wholeMs: number }} microseconds of the imports, as the process itself measures them; and
 *   milliseconds from its start to its end
 */
export function importCold(modules) {
  const urls = modules.map((module) => import.meta.resolve(module));
  const from = performance.now();
  const { stdout, stderr, status } = spawnSync(process.execPath, [FRESH, ...urls], {
    encoding: "utf8",
    env: { ...process.env, NODE_ENV: "production" },
  });
  const wholeMs = performance.now() - from;
  if (status !== 0) throw new Error(`Cannot import ${modules.join(" and ")}: ${stderr}`);
  return { imports: JSON.parse(stdout), wholeMs };
}
