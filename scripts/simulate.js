// `npm run simulate`: bundles the simulator with the library's source, and runs it. Arguments go to it.

// @ts-check

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { ROOT } from "./system.js";

const folder = mkdtempSync(join(tmpdir(), "coatcheck-simulate-"));
try {
  const outfile = join(folder, "simulator.mjs");
  await build({
    entryPoints: [join(ROOT, "test/simulator/main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
    alias: {
      coatcheck: join(ROOT, "src/index.ts"),
      "coatcheck/prisma": join(ROOT, "src/prisma.ts"),
      "coatcheck/redis": join(ROOT, "src/redis.ts"),
    },
  });
  const { main } = await import(pathToFileURL(outfile).href);
  process.exitCode = await main(process.argv.slice(2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
