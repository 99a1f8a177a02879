// A contender with all that it needs as one module: the same text for every runtime, but for what its packages keep for
// one of them.

// @ts-check

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const FOLDER = fileURLToPath(new URL("../", import.meta.url));

/**
 * @param {string} contender a file of bench/contenders
 * @param {object} where
 * @param {readonly string[]} where.conditions of package.json#exports that hold on the runtime
 * @param {boolean} where.isWorker
 * @param {string} where.outfile
 */
export async function bundle(contender, { conditions, isWorker, outfile }) {
  const start = isWorker
    ? `import { createWorker } from "./runtimes/worker.js";
       export default createWorker(contender);`
    : `import { serve } from "./runtimes/lines.js";
       await serve(contender);`;
  await build({
    stdin: {
      contents: `import { contender } from "./contenders/${contender}.js";\n${start}`,
      resolveDir: FOLDER,
    },
    outfile,
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: [...conditions, "production"],
    define: { "process.env.NODE_ENV": '"production"' },
    external: ["node:*"],
    target: "es2022",
    logLevel: "silent",
  });
}
