// `npm run chaos`: real servers, separate processes, faults that come and go by a seed, and a checker of every promise.
// Exit code 0: no promise was broken; 1: one was; 2: wrong usage.

// @ts-check

import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { prepareClients } from "./prisma.js";
import { findProgram, isBuilt, ROOT, run, show } from "./system.js";

const USAGE = `Usage: npm run chaos -- [--seconds 60] [--seed 7] [--instances 4] [--mode cached|fallback]

  --seconds    for how long faults come and go, in all: 1 to 86,400. Default 60
  --seed       which faults, and when: 0 to 4,294,967,295. Default: another one each time
  --instances  processes of the application: 1 to 16. Default 4
  --mode       which composition. Default: both, half of the time each`;

const MODES = ["fallback", "cached"];
const FOLDER = join(ROOT, "test/prisma/generated");

const options = readOptions();
const missing = ["redis-server", "postgres"].filter((name) => findProgram(name) === null);
if (missing.length > 0) {
  console.error(
    `Cannot run chaos: ${missing.join(" and ")} is not installed; npm test installs it`,
  );
  process.exit(2);
}
process.exitCode = (await prepare()) ? await start() : 1;

/** @returns {{ seconds: number, seed: number, instances: number, modes: string[] }} */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: "string", default: "60" },
        seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
        instances: { type: "string", default: "4" },
        mode: { type: "string" },
      },
    });
    const { mode } = values;
    if (mode !== undefined && !MODES.includes(mode)) throw new TypeError(`--mode has no ${mode}`);
    return {
      seconds: whole("seconds", values.seconds, 1, 86_400),
      seed: whole("seed", values.seed, 0, 2 ** 32 - 1),
      instances: whole("instances", values.instances, 1, 16),
      modes: mode === undefined ? MODES : [mode],
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
 * @param {number} least
 * @param {number} most
 */
function whole(name, text, least, most) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new RangeError(`--${name} must be a whole number from ${least} to ${most}`);
}

async function prepare() {
  const steps = [() => prepareClients(["postgresql"])];
  if (!isBuilt()) steps.push(() => run("npm", ["run", "build"]));
  for (const step of steps) {
    const { ok, output } = await step();
    if (ok) continue;
    console.log(output);
    return false;
  }
  return true;
}

/** Bundles both programs to where the packages are found, and runs the one, which starts the other. */
async function start() {
  const folder = mkdtempSync(join(FOLDER, "chaos-"));
  try {
    const entries = ["main", "instance"].map((name) => join(ROOT, `test/chaos/${name}.ts`));
    await build({
      entryPoints: entries,
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      // Its package says that importing has no effects: then it warns of the parts that import one another.
      ignoreAnnotations: true,
      logLevel: "warning",
      plugins: [{ name: "where it is", setup: leaveScripts }],
    });
    const told = JSON.stringify({ ...options, entry: join(folder, "instance.mjs") });
    return (await show(process.execPath, [join(folder, "main.mjs"), told])) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The library is taken as it was built; scripts know where they are, and so stay there.
 * @param {import("esbuild").PluginBuild} build
 */
function leaveScripts({ onResolve }) {
  onResolve({ filter: /^coatcheck(\/|$)/ }, ({ path }) => {
    const entry = path.split("/")[1] ?? "index";
    return { path: join(ROOT, "dist", `${entry}.js`) };
  });
  onResolve({ filter: /\/scripts\/\w+\.js$/ }, ({ path, importer }) => {
    const file = resolve(dirname(importer), path);
    return { path: pathToFileURL(file).href, external: true };
  });
}
