// Prisma's clients, made from prisma/schema.prisma: one for each database and, for D1, for Workers. `node
// scripts/prisma.js` makes them anew; tests and the demonstration make what is missing. Nothing made is committed.

// @ts-check

import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { bin, installPackages, isMain, ROOT, run } from "./system.js";

/** @typedef {import("./system.js").Result} Result */

const FOLDER = "test/prisma";
const MADE = join(ROOT, FOLDER, "generated");
const SCHEMA = join(ROOT, "prisma/schema.prisma");

/**
 * Each client's database, the type of `value` there, and what the generator is told besides.
 * @type {Readonly<Record<string, readonly [provider: string, type: string, generator?: string]>>}
 */
const CLIENTS = {
  postgresql: ["postgresql", "@db.Text"],
  mysql: ["mysql", "@db.MediumText"],
  sqlite: ["sqlite", ""],
  workerd: ["sqlite", "", 'runtime = "workerd"'],
};

/** The table of PrismaSessionStore, as its README has it. */
const OTHER = `
model PrismaSession {
  id        String   @id
  sid       String   @unique
  data      String   TYPE
  expiresAt DateTime
}
`;

/**
 * Where a client is once it is made: an ES module with a `PrismaClient`, beside the TypeScript that it is made of.
 * @param {string} name
 */
export function clientPath(name) {
  return join(MADE, name, "client/client.js");
}

/**
 * A package of that folder, such as a driver adapter.
 * @param {string} name
 */
export function requirePackage(name) {
  return createRequire(join(ROOT, FOLDER, "package.json"))(name);
}

/**
 * Installs Prisma and makes the clients, where they are missing or older than the schema.
 * @param {readonly string[]} [names]
 * @returns {Promise<Result>}
 */
export async function prepareClients(names = Object.keys(CLIENTS)) {
  const installed = await installPackages(FOLDER);
  if (!installed.ok) return installed;
  for (const name of names) {
    if (isCurrent(clientPath(name))) continue;
    const made = await make(name);
    if (!made.ok) return made;
  }
  return { ok: true, output: "" };
}

/** @param {string} path */
function isCurrent(path) {
  if (!existsSync(path)) return false;
  const made = statSync(path).mtimeMs;
  const sources = [SCHEMA, join(ROOT, FOLDER, "package-lock.json"), import.meta.filename];
  return sources.every((source) => statSync(source).mtimeMs < made);
}

/**
 * @param {string} name
 * @returns {Promise<Result>}
 */
async function make(name) {
  const [provider, type, generator = ""] = CLIENTS[name] ?? [];
  const folder = join(MADE, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const schema = join(folder, "schema.prisma");
  const text = readFileSync(SCHEMA, "utf8") + OTHER;
  writeFileSync(
    schema,
    text
      .replace('provider = "postgresql"', `provider = "${provider}"`)
      .replace('"../generated/prisma"', `"./client"\n  ${generator}`)
      .replaceAll(/@db\.Text|TYPE/g, type ?? ""),
  );
  const generated = await run(bin("prisma", FOLDER), ["generate", "--schema", schema], {
    cwd: join(ROOT, FOLDER),
    // The schema engine would be downloaded, and generating needs none.
    env: {
      PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true",
      CHECKPOINT_DISABLE: "1",
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
    },
  });
  if (!generated.ok) return generated;
  await build({
    entryPoints: [join(folder, "client/client.ts")],
    outfile: clientPath(name),
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    packages: "external",
    external: ["*.wasm?module"],
    logLevel: "silent",
  });
  return { ok: true, output: "" };
}

if (isMain(import.meta.url)) {
  rmSync(MADE, { recursive: true, force: true });
  const { ok, output } = await prepareClients();
  console.log(ok ? `The clients are in ${MADE}` : output);
  if (!ok) process.exitCode = 1;
}
