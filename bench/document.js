// Puts what a run has measured into a document: each block of text that a comment names, as `<!-- work -->` does, becomes
// what `npm run bench` prints of it. `node bench/document.js results.json docs/performance.md`, of results by `--json`.

// @ts-check

import { readFileSync, writeFileSync } from "node:fs";
import { formatGrowth } from "./growth.js";
import { formatHttp } from "./http.js";
import { formatBar, formatCalls, formatCosts, formatRatios } from "./report.js";
import { formatRuntimes } from "./runtimes.js";
import { formatWeight } from "./weight.js";

/** @type {Readonly<Record<string, (measured: any) => string>>} */
const FORMATS = {
  machine: ({ machine: { node, cpu, cores }, rounds, ms }) =>
    `Node ${node}, ${cpu}, ${cores} cores; ${rounds} rounds of ${ms} ms`,
  work: ({ results }) => formatRatios(results),
  costs: ({ results }) => formatCosts(results),
  calls: ({ results }) => formatCalls(results),
  weight: ({ weight }) => formatWeight(weight),
  http: ({ http }) => formatHttp(http),
  runtimes: ({ runtimes }) => formatRuntimes(runtimes),
  growth: ({ growth }) => formatGrowth(growth),
  bar: ({ results, weight }) => formatBar(results, weight),
};
const BLOCK = /(<!-- (\w+) -->\n+```text\n)[^]*?(\n```)/g;

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) {
  console.error("Usage: node bench/document.js results.json docs/performance.md");
  process.exitCode = 2;
} else {
  const measured = JSON.parse(readFileSync(from, "utf8"));
  const filled = readFileSync(to, "utf8").replaceAll(BLOCK, (_, before, name, after) => {
    const format = FORMATS[name];
    if (format === undefined) throw new TypeError(`${to} asks for ${name}, which nothing measures`);
    return before + format(measured) + after;
  });
  writeFileSync(to, filled);
}
