// Vercel's Edge runtime, as their tools run it: a sandbox with web globals and no others, in a Node of its own,
// so that a case that never yields can be killed.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runChild } from "./child.ts";
import { installedPackage, type Runtime } from "./runtime.ts";

const installed = installedPackage("edge-runtime");

export const edge: Runtime = {
  name: "Edge runtime",
  installed,
  run: async ({ folder, script }, world) => {
    const module = join(folder, "edge.mjs");
    await writeFile(module, sandbox(installed?.folder ?? "", script));
    return runChild({ command: process.execPath, args: [], env: {}, module, folder }, world);
  },
};

/** A module whose `run(world)` runs the classic script inside the sandbox. Only text passes its border. */
function sandbox(home: string, script: string): string {
  return `
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const { EdgeRuntime } = createRequire(${JSON.stringify(pathToFileURL(join(home, "package.json")).href)})(${JSON.stringify(home)});
export async function run(world) {
  const runtime = new EdgeRuntime({ initialCode: readFileSync(${JSON.stringify(script)}, "utf8") });
  return JSON.parse(await runtime.evaluate("run(" + JSON.stringify(world) + ").then(JSON.stringify)"));
}
`;
}
