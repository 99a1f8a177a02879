// What the tests have and the bench needs too, which is in TypeScript: a bundle of it, imported and gone.

// @ts-check

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { ROOT } from "../scripts/system.js";

/**
 * @param {string} contents of a module in `test`
 * @param {string} [within] a folder from which packages are found. Default: one from which none are
 * @returns {Promise<any>} the module
 */
export async function importTests(contents, within = tmpdir()) {
  const folder = mkdtempSync(join(within, "bench-"));
  try {
    const outfile = join(folder, "module.mjs");
    await build({
      stdin: { contents, resolveDir: join(ROOT, "test") },
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      logLevel: "warning",
      plugins: [{ name: "where it is", setup: leaveScripts }],
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Scripts know where they are, and so stay there.
 * @param {import("esbuild").PluginBuild} build
 */
function leaveScripts({ onResolve }) {
  onResolve({ filter: /\/scripts\/\w+\.js$/ }, ({ path, importer }) => {
    const file = resolve(dirname(importer), path);
    return { path: pathToFileURL(file).href, external: true };
  });
}
