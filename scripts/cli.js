// The command line: dist/cli.js, one file for Node, and dist/starts.json, what `init` writes. tsup.config.ts calls it
// after the library is built, which it takes by its public names.

// @ts-check

import { chmod, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { build } from "esbuild";
import { filesUnder, ROOT } from "./system.js";

/**
 * Each start is an example, with sessions of its own: configured by the environment alone.
 * @type {Readonly<Record<string, string>>}
 */
const EXAMPLES = {
  hono: "hono-node",
  next: "next-app",
  workers: "workers-plain",
  deno: "deno-plain",
};
/** Not for a project of somebody's own. What running an example leaves behind is not either. */
const LEFT_OUT =
  /^(README\.md|package-lock\.json|deno\.lock|\.env|\.dev\.vars|next-env\.d\.ts|worker-configuration\.d\.ts|.*\.tsbuildinfo)$/;
const MADE = ["node_modules", ".next", ".vercel", ".wrangler"];

export async function buildCli() {
  await build({
    entryPoints: [join(ROOT, "cli/main.ts")],
    outfile: join(ROOT, "dist/cli.js"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    // By its public names, so that its errors are those of the application's own modules.
    external: ["coatcheck", "coatcheck/*"],
    banner: { js: `#!/usr/bin/env node\n${await notices()}` },
    logLevel: "error",
  });
  await chmod(join(ROOT, "dist/cli.js"), 0o755);
  await writeFile(join(ROOT, "dist/starts.json"), `${JSON.stringify(await starts(), null, 1)}\n`);
}

/** The licences of what is bundled: cac, and mri, which is a part of it. Both say the same below their first lines. */
async function notices() {
  const text = await readFile(join(ROOT, "node_modules/cac/LICENSE"), "utf8");
  return `/*!
This file contains cac (https://github.com/cacjs/cac) and mri (https://github.com/lukeed/mri,
Copyright (c) Luke Edwards), under this licence:

${text.trim()}
*/`;
}

/** @param {string} name */
function ownText(name) {
  return readFile(join(ROOT, `cli/init/sessions/${name}.ts`), "utf8");
}

async function starts() {
  /** @type {Record<string, { files: Record<string, string>, core: object }>} */
  const all = {};
  for (const [start, example] of Object.entries(EXAMPLES)) {
    const folder = join(ROOT, "examples", example);
    /** @type {Record<string, string>} */
    const files = {};
    for (const path of [...filesUnder(folder, (name) => !MADE.includes(name))].toSorted()) {
      const name = relative(folder, path).replaceAll("\\", "/");
      if (!LEFT_OUT.test(name)) files[name] = await readFile(path, "utf8");
    }
    files["sessions.ts"] = await ownText(start);
    // The example's own is for its page alone, and takes out that page's message.
    const core = start === "next" ? { "proxy.ts": await ownText("next-proxy") } : {};
    all[start] = { files, core };
  }
  return all;
}
