// `npm run bench`: the library as it is built, beside others, on the same work. Arguments go to bench/main.js.
// Exit code 0: it was measured, whatever came out; 1: a contender's answers are wrong; 2: wrong usage.

// @ts-check

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensurePrograms, installPackages, isBuilt, ROOT, run } from "./system.js";

/** Of the tests, which start the same runtimes, clients and servers. */
const FOLDERS = ["bench", "test/runtimes", "test/prisma"];
const STEPS = FOLDERS.map((folder) => () => installPackages(folder));
if (!isBuilt()) STEPS.push(() => run("npm", ["run", "build"]));

process.exitCode = (await prepare()) ? start() : 1;

async function prepare() {
  // What is still missing then, the part that needs it says.
  ensurePrograms(["redis-server", "postgres"]);
  for (const step of STEPS) {
    const { ok, output } = await step();
    if (ok) continue;
    console.log(output);
    return false;
  }
  return true;
}

function start() {
  const main = join(ROOT, "bench/main.js");
  const { status } = spawnSync(process.execPath, [main, ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  return status ?? 1;
}
