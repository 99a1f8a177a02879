// `npm test`: installs what is missing, builds, runs every test. Arguments go to vitest, and then nothing is
// measured: `npm test -- test/unit`. TEST_RESULTS names a file for vitest's results in JSON.

// @ts-check

import { prepareClients } from "./prisma.js";
import { bin, ensurePrograms, IN_CI, installPackages, run, show } from "./system.js";

const FOLDERS = ["test/runtimes", "test/browser", "test/package", "test/prisma"];

/** @type {[name: string, step: () => Promise<boolean>][]} */
const STEPS = [
  ["system programs", async () => ensurePrograms().length === 0 || !IN_CI],
  ...FOLDERS.map(
    /** @returns {[string, () => Promise<boolean>]} */
    (folder) => [`packages of ${folder}`, () => quietly(installPackages(folder))],
  ),
  ["clients of Prisma", () => quietly(prepareClients())],
  ["build", () => quietly(run("npm", ["run", "build"]))],
  ["tests", () => show(bin("vitest"), ["run", ...vitestArguments(process.argv.slice(2))])],
  ["types", () => quietly(run(bin("tsc"), ["-p", "test/tsconfig.json"]))],
];

/** @type {string[]} */
const failed = [];
for (const [name, step] of STEPS) {
  if (!(await step())) failed.push(name);
}
console.log(failed.length === 0 ? "\nAll passed" : `\nFailed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** @param {readonly string[]} given */
function vitestArguments(given) {
  const results = process.env["TEST_RESULTS"];
  return [
    ...(given.length === 0 ? ["--coverage"] : given),
    ...(results ? ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`] : []),
  ];
}

/** @param {Promise<import("./system.js").Result>} result */
async function quietly(result) {
  const { ok, output } = await result;
  if (!ok) console.log(output);
  return ok;
}
