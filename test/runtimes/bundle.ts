// The cases and the built library (what people get from the package) in one file without imports.

import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Plugin } from "esbuild";

export interface Bundle {
  /** A temporary folder, also for what a runtime wants to write. */
  readonly folder: string;
  /** Path of an ES module that exports `run(world)`. */
  readonly module: string;
  /** Path of a classic script that sets `globalThis.run`. */
  readonly script: string;
  remove(): Promise<void>;
}

const BUILT = new Map([
  ["coatcheck", fileURLToPath(new URL("../../dist/index.js", import.meta.url))],
  ["coatcheck/redis", fileURLToPath(new URL("../../dist/index.js", import.meta.url))],
  ["coatcheck/prisma", fileURLToPath(new URL("../../dist/prisma.js", import.meta.url))],
  ["coatcheck/env", fileURLToPath(new URL("../../dist/env.js", import.meta.url))],
]);

/** @throws if `dist/` was not built, or if anything in the bundle needs a module of Node. */
export async function bundleCases(): Promise<Bundle> {
  for (const file of BUILT.values()) {
    await access(file).catch((cause: unknown) => {
      throw new Error(`${file} is missing: run npm run build`, { cause });
    });
  }
  const folder = await mkdtemp(join(tmpdir(), "coatcheck-runtimes-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  const module = join(folder, "cases.mjs");
  const script = join(folder, "cases.js");
  const shared: BuildOptions = {
    entryPoints: [fileURLToPath(new URL("./entry.ts", import.meta.url))],
    bundle: true,
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    logLevel: "silent",
    plugins: [built],
  };
  try {
    await build({ ...shared, format: "esm", outfile: module });
    await build({
      ...shared,
      format: "iife",
      globalName: "cases",
      footer: { js: "globalThis.run = cases.run;" },
      outfile: script,
    });
    return { folder, module, script, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Takes the library as it was built. */
export const built: Plugin = {
  name: "built",
  setup({ onResolve }) {
    onResolve({ filter: /^coatcheck(\/|$)/ }, ({ path }) => {
      const file = BUILT.get(path);
      return file === undefined ? { errors: [{ text: `No entry ${path}` }] } : { path: file };
    });
  },
};
