// The file that a cold start begins with: imports what its arguments name, and says how long that took.

// @ts-check

import process from "node:process";

const usage = process.cpuUsage();
const from = performance.now();
await Promise.all(process.argv.slice(2).map((url) => import(url)));
const wall = (performance.now() - from) * 1000;
const { user, system } = process.cpuUsage(usage);
console.log(JSON.stringify({ wall, cpu: user + system }));
process.exit();
