// What a cold start costs: a fresh process imports what an application would, and says how long that took.

// @ts-check

import { spawnSync } from "node:child_process";

/** @typedef {import("./stopwatch.js").Taken} Taken */

/**
 * @param {readonly string[]} modules imported together, as by one file
 * @returns {{ imports: Taken, wholeMs: number }} microseconds of the imports, as the process itself measures them; and
 *   milliseconds from its start to its end
 */
export function importCold(modules) {
  const urls = modules.map((module) => import.meta.resolve(module));
  const code = `const usage = process.cpuUsage();
    const from = performance.now();
    await Promise.all(${JSON.stringify(urls)}.map((url) => import(url)));
    const wall = (performance.now() - from) * 1000;
    const { user, system } = process.cpuUsage(usage);
    console.log(JSON.stringify({ wall, cpu: user + system }));
    process.exit();`;
  const from = performance.now();
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", code],
    { encoding: "utf8", env: { ...process.env, NODE_ENV: "production" } },
  );
  const wholeMs = performance.now() - from;
  if (status !== 0) throw new Error(`Cannot import ${modules.join(" and ")}: ${stderr}`);
  return { imports: JSON.parse(stdout), wholeMs };
}
