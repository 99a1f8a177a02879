// What an application's imports come to when they are bundled for production, with everything they need.

// @ts-check

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/**
 * @typedef {object} Size
 * @property {number} bytes minified and gzipped
 * @property {readonly string[]} packages that are read for it; of some nothing is left in the bundle
 */

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/**
 * @param {import("./imports.js").Imported["modules"]} modules
 * @returns {Promise<Size>}
 */
export async function sizeOf(modules) {
  const names = Object.entries(modules).flatMap(([module, exported]) =>
    exported.map((name) => ({ name, module: JSON.stringify(module) })),
  );
  const lines = names.map(({ name, module }, at) => `import { ${name} as _${at} } from ${module};`);
  // A bundler may not drop what is used, and what is used stands in a global.
  const used = `globalThis.used = [${names.map((_, at) => `_${at}`).join()}];`;
  const { outputFiles, metafile } = await build({
    stdin: { contents: [...lines, used].join("\n"), resolveDir: FOLDER },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    // Leaves Node's own modules out.
    platform: "node",
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "none",
    logLevel: "error",
  });
  const bytes = gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
  return { bytes, packages: [...new Set(Object.keys(metafile.inputs).flatMap(packageOf))] };
}

/** @param {string} path */
function packageOf(path) {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  return name === undefined ? [] : [name];
}
