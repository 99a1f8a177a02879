import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Plugin, transform } from "esbuild";
import { defineConfig } from "tsup";
import { buildCli } from "./scripts/cli.js";
import { ROOT } from "./scripts/system.js";

/**
 * What most applications import goes into one file, not into one for each set of entries that share a part of it: to
 * import a file takes as long as its first twenty kilobytes. So each entry reaches all of it.
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

/**
 * Makes what has been built as short as it can be, with a map to the text before, since a cold start reads all of it. And
 * makes the file that most applications import the entry itself: the bundler puts what several entries reach into another
 * file, and to look for a file and open it takes as long as what stands in ten kilobytes.
 */
async function finish(): Promise<void> {
  const folder = join(ROOT, "dist");
  const entry = await readFile(join(folder, "index.js"), "utf8");
  const [, shared = ""] = /from '\.\/(.+)'/.exec(entry) ?? [];
  await rename(join(folder, shared), join(folder, "index.js"));
  for (const name of await readdir(folder)) {
    if (!name.endsWith(".js")) continue;
    const path = join(folder, name);
    const text = (await readFile(path, "utf8")).replaceAll(shared, "index.js");
    const options = { format: "esm", target: TARGET, minify: true } as const;
    const { code, map } = await transform(text, { ...options, sourcemap: true, sourcefile: name });
    await writeFile(path, `${code}//# sourceMappingURL=${name}.map\n`);
    await writeFile(`${path}.map`, map);
  }
}

const TARGET = "es2022";

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
  target: TARGET,
  splitting: true,
  // tsup gives the declarations a `baseUrl`, which TypeScript 6 only warns of when told so.
  dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  clean: true,
  sourcemap: false,
  treeshake: true,
  async onSuccess() {
    await finish();
    await buildCli();
  },
});
