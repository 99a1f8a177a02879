// `npm run check`: everything that can be said about the repository without running the library, and what its work
// costs. All checks run; the last line counts them.

// @ts-check

import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { transform } from "esbuild";
import { checkAdapters, checkCli, checkImports } from "./imports.js";
import { bin, filesUnder, installPackages, IN_CI, ROOT, run } from "./system.js";

/** @typedef {import("./system.js").Result} Result */

// Bytes. Of these some 3,000 are the hashing library.
const SIZE_LIMIT = 18_600;
const NODE_MODULES_LIMIT = 200_000_000;
const FORBIDDEN = [
  /\bnode:/,
  /\bBuffer\b/,
  /\bprocess\./,
  /\brequire\s*\(/,
  // As modules; messages may name them.
  /["'`]@upstash\/redis/,
  /["'`]ioredis["'`]/,
  /\bhono\b/,
  /\bconsole\./,
];
/** Next replaces the one when it builds, and its developers read the other: in development alone. */
/** @type {Readonly<Record<string, readonly string[]>>} */
const ALLOWED = {
  "next.js": ["process.env.NODE_ENV", "console.warn"],
  // In texts: what to give, and an address that is pasted by mistake.
  "env.js": ["give process.env,", '"console.upstash.com"'],
};
const JS_TSC = "--noEmit --allowJs --strict --skipLibCheck --target es2023 --types node";
/** The command line, which runs on Node alone and which nothing of the library imports. */
const FOR_NODE = "cli.js";
/** What JSR does not get: Next itself comes from npm alone. */
const NPM_ALONE = ["./next", "./package.json"];
/** These say something when they pass, too. */
const MEASURES = ["size", "performance", "size of node_modules"];

const temporary = mkdtempSync(join(tmpdir(), "coatcheck-check-"));

/** The checks that need the package as it is published come after `tarball`. */
const CHECKS = {
  build: () => run("npm", ["run", "build"]),
  "types of src": () => run(bin("tsc"), ["-p", "tsconfig.json"]),
  "types of cli": () => run(bin("tsc"), ["-p", "cli/tsconfig.json"]),
  "types of test": () => run(bin("tsc"), ["-p", "test/tsconfig.json"]),
  "types of bench": () => run(bin("tsc"), ["-p", "bench/tsconfig.json"]),
  "types of scripts": () => typesOf("scripts"),
  "types of the demonstration": () => typesOf("examples/demo", "--checkJs"),
  lint: () => run(bin("oxlint"), ["--deny-warnings"]),
  format: () => run(bin("oxfmt"), ["--check", "."]),
  imports: async () => listed([...checkImports(), ...checkAdapters(), ...checkCli()]),
  tarball,
  publint: () => run(bin("publint", "test/package"), ["run", tarballPath(), "--strict"]),
  "are the types wrong": () =>
    run(bin("attw", "test/package"), [tarballPath(), "--profile", "esm-only", "--no-emoji"]),
  size,
  performance: () => run(process.execPath, ["bench/gate.js"]),
  "words in the bundle": words,
  "lock files": async () => listed(lockFaults()),
  "versions of package.json and deno.json": async () => listed(versionFaults()),
  "deno publish": denoPublish,
  "size of node_modules": nodeModulesSize,
};

process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));
for (const folder of ["test/package", "test/runtimes", "test/prisma", "bench"]) {
  const { ok, output } = await installPackages(folder);
  if (!ok) console.log(output);
}
let failed = 0;
for (const [name, check] of Object.entries(CHECKS)) {
  const { ok, output } = await attempt(check);
  const passed = MEASURES.includes(name) ? `ok ${name}: ${output.trimEnd()}` : `ok ${name}`;
  console.log(ok ? passed : `FAILED ${name}\n${output.trimEnd()}`);
  if (!ok) failed++;
}
console.log(`${Object.keys(CHECKS).length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/**
 * A check that cannot be made has failed.
 * @param {() => Promise<Result>} check
 * @returns {Promise<Result>}
 */
async function attempt(check) {
  try {
    return await check();
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * @param {readonly string[]} faults
 * @returns {Result}
 */
function listed(faults) {
  return { ok: faults.length === 0, output: faults.join("\n") };
}

/**
 * JavaScript is checked where it says so (`@ts-check`), or all of it with `--checkJs`, but for what runs in a browser.
 * The compiler's options stand here.
 * @param {string} folder
 * @param {...string} more
 */
function typesOf(folder, ...more) {
  const files = [...filesUnder(join(ROOT, folder))].filter(
    (file) => file.endsWith(".js") && basename(file) !== "browser.js",
  );
  const options = [...JS_TSC.split(" "), "--module", "nodenext", ...more];
  return run(bin("tsc"), ["--ignoreConfig", ...options, ...files]);
}

function tarball() {
  return run("npm", ["pack", "--pack-destination", temporary]);
}

function tarballPath() {
  const name = readdirSync(temporary).find((file) => file.endsWith(".tgz"));
  if (name === undefined) throw new Error("There is no tarball to look at");
  return join(temporary, name);
}

/** What the most common application takes, with all dependencies, minified and gzipped. */
async function size() {
  const entry = join(temporary, "entry.js");
  const [index, redis] = ["index", "redis"].map((name) =>
    JSON.stringify(join(ROOT, "dist", `${name}.js`)),
  );
  writeFileSync(
    entry,
    `import { createSessions } from ${index};
import { redisStore, upstash } from ${redis};
globalThis.used = [createSessions, redisStore, upstash];
`,
  );
  const { resolve } = createRequire(join(ROOT, "test/package/package.json"));
  const [sizeLimit, esbuild, file] = await Promise.all(
    ["size-limit", "@size-limit/esbuild", "@size-limit/file"].map(
      async (name) => (await import(pathToFileURL(resolve(name)).href)).default,
    ),
  );
  const [{ size: bytes }] = await sizeLimit([esbuild, file], {
    checks: [{ files: [entry], gzip: true }],
  });
  return { ok: bytes <= SIZE_LIMIT, output: `${bytes} bytes, the limit is ${SIZE_LIMIT}` };
}

/** The library stands on the web platform alone. Comments may name what they like. */
async function words() {
  /** @type {string[]} */
  const faults = [];
  for (const file of filesUnder(join(ROOT, "dist"))) {
    if (!file.endsWith(".js") || basename(file) === FOR_NODE) continue;
    const { code } = await transform(readFileSync(file, "utf8"), {
      minifyWhitespace: true,
      legalComments: "none",
    });
    const allowed = ALLOWED[basename(file)] ?? [];
    const judged = allowed.reduce((text, word) => text.replaceAll(word, ""), code);
    for (const word of [...FORBIDDEN, /\bcli\.js/]) {
      const found = word.exec(judged);
      if (found === null) continue;
      const context = judged.slice(Math.max(0, found.index - 40), found.index + 40);
      faults.push(`${relative(ROOT, file)} has ${word}: ${context}`);
    }
  }
  return listed(faults);
}

/** A download address in a lock file ties the repository to one registry. */
function lockFaults() {
  const locks = [...filesUnder(ROOT, (name) => name !== "node_modules" && name !== ".git")].filter(
    (file) => file.endsWith("package-lock.json"),
  );
  return locks
    .filter((file) => /"resolved": *"https?:/.test(readFileSync(file, "utf8")))
    .map((file) => `${relative(ROOT, file)} has download addresses: see .npmrc`);
}

function versionFaults() {
  const [npm, jsr] = ["package.json", "deno.json"].map((name) =>
    JSON.parse(readFileSync(join(ROOT, name), "utf8")),
  );
  const faults = npm.version === jsr.version ? [] : [`${npm.version} is not ${jsr.version}`];
  const subpaths = Object.keys(npm.exports).filter((key) => !NPM_ALONE.includes(key));
  if (subpaths.join() !== Object.keys(jsr.exports).join()) faults.push("The exports differ");
  return faults;
}

async function denoPublish() {
  const scope = join(ROOT, "test/runtimes/node_modules/@deno");
  const platform = existsSync(scope) ? readdirSync(scope)[0] : undefined;
  if (platform === undefined)
    return { ok: !IN_CI, output: "Deno is missing: run npm ci in test/runtimes" };
  return run(
    join(scope, platform, "deno"),
    ["publish", "--dry-run", "--allow-dirty", "--no-lock"],
    {
      env: { DENO_DIR: join(temporary, "deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    },
  );
}

async function nodeModulesSize() {
  let bytes = 0;
  for (const file of filesUnder(join(ROOT, "node_modules"))) bytes += lstatSync(file).size;
  return {
    ok: bytes <= NODE_MODULES_LIMIT,
    output: `${bytes} bytes, the limit is ${NODE_MODULES_LIMIT}`,
  };
}
