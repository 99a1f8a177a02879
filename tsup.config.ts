import { defineConfig } from "tsup";
import { buildCli } from "./scripts/cli.js";

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
  format: "esm",
  platform: "neutral",
  target: "es2022",
  splitting: true,
  // tsup gives the declarations a `baseUrl`, which TypeScript 6 only warns of when told so.
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  clean: true,
  sourcemap: false,
  treeshake: true,
  onSuccess: buildCli,
});
