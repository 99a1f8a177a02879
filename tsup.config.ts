import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";
import { defineConfig } from "tsup";
import { buildCli } from "./scripts/cli.js";
import { joinEntries, shorten } from "./scripts/dist.js";
import { ROOT } from "./scripts/system.js";

/**
 * What most applications import goes into one file, not into one for each set of entries that share a part of it: to
 * find and open a file takes as long as ten kilobytes more. So each entry reaches all of it.
 */
const together: Plugin = {
  name: "together",
  setup({ onLoad, onResolve }) {
    const entries = /[\\/](src[\\/](index|redis|prisma|env)|adapters[\\/](hono|next))\.ts$/;
    onLoad({ filter: entries }, async ({ path }) => ({
      contents: `${await readFile(path, "utf8")}\nimport "together";`,
      loader: "ts",
    }));
    onResolve({ filter: /^together$/ }, () => ({ path: "together", namespace: "together" }));
    onLoad({ filter: /^together$/, namespace: "together" }, () => ({
      contents: 'import * as index from "./src/index.ts"; import * as redis from "./src/redis.ts";',
      resolveDir: ROOT,
    }));
  },
};

// One entry for each key of package.json#exports. Splitting keeps one copy of every error class,
// so that `instanceof StoreError` holds across the subpaths.
export default defineConfig({
  entry: {
    index: "src/index.ts",
    redis: "src/redis.ts",
    prisma: "src/prisma.ts",
    env: "src/env.ts",
    hono: "adapters/hono.ts",
    next: "adapters/next.ts",
    "next-browser": "adapters/next/browser.ts",
  },
  external: ["server-only"],
  // Of which we need a third: in files of its own it would take as long to import as all the rest.
  noExternal: ["@noble/hashes"],
  esbuildPlugins: [together],
  format: "esm",
  platform: "neutral",
  target: "es2022",
  splitting: true,
  // tsup gives the declarations a `baseUrl`, which TypeScript 6 only warns of when told so.
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  clean: true,
  sourcemap: false,
  treeshake: true,
  async onSuccess() {
    await joinEntries();
    await shorten();
    await buildCli();
  },
});
