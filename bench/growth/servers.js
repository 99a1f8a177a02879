// The real servers that are measured, as the tests start them, which is in TypeScript.

// @ts-check

import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { prepareClients } from "../../scripts/prisma.js";
import { findProgram, ROOT } from "../../scripts/system.js";

/**
 * @typedef {import("../../test/support/redis.ts").RedisProcess} RedisProcess
 * @typedef {import("../../test/prisma/databases.ts").Server} Server
 *
 * @typedef {object} Starters
 * @property {typeof import("../../test/support/redis.ts").startRedis} startRedis
 * @property {typeof import("../../test/prisma/postgres.ts").startPostgres} startPostgres
 * @property {typeof import("../../test/prisma/postgres.ts").connectPostgres} connectPostgres
 * @property {typeof import("../../test/prisma/databases.ts").migrationOf} migrationOf
 *
 * @typedef {object} Servers
 * @property {RedisProcess | undefined} redis
 * @property {Database | undefined} postgres
 * @property {readonly string[]} skipped what is missing
 * @property {() => Promise<void>} stop
 *
 * @typedef {object} Database
 * @property {(name: string) => Promise<Client>} create makes a database with the tables in it
 *
 * @typedef {import("../../test/prisma/databases.ts").Client} Client
 */

const TESTS = join(ROOT, "test");
/** Where the packages of the tests with Prisma are found. */
const FOLDER = join(TESTS, "prisma/generated");

/** @returns {Promise<Servers>} */
export async function startServers() {
  /** @type {string[]} */
  const skipped = [];
  /** @type {(() => Promise<void>)[]} */
  const stops = [];
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each();
  };
  try {
    const clients = await prepareClients(["postgresql"]);
    if (!clients.ok) {
      return { redis: undefined, postgres: undefined, skipped: [clients.output], stop };
    }
    const { startRedis, startPostgres, connectPostgres, migrationOf } = await loadStarters();
    const has = (/** @type {string} */ name) => findProgram(name) !== null;
    for (const name of ["redis-server", "postgres"]) {
      if (!has(name)) skipped.push(`${name} is not installed`);
    }
    const redis = has("redis-server") ? await startRedis() : undefined;
    if (redis) stops.push(() => redis.stop());
    if (!has("postgres")) return { redis, postgres: undefined, skipped, stop };
    const server = await startPostgres({
      log_statement: "none",
      // So that a million rows are not in the middle of being written out while something is measured.
      max_wal_size: "4GB",
      checkpoint_timeout: "30min",
    });
    stops.push(() => server.stop());
    const admin = await server.connect({ max: 1 });
    stops.push(() => admin.$disconnect());
    const postgres = {
      /** @param {string} name */
      async create(name) {
        await admin.$executeRawUnsafe(`CREATE DATABASE "${name}"`);
        const url = new URL(server.url);
        url.pathname = name;
        const client = await connectPostgres(url.href);
        stops.push(() => client.$disconnect());
        for (const sql of await migrationOf("postgresql")) await client.$executeRawUnsafe(sql);
        return client;
      },
    };
    return { redis, postgres, skipped, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @returns {Promise<Starters>} */
async function loadStarters() {
  const folder = mkdtempSync(join(FOLDER, "bench-"));
  try {
    const outfile = join(folder, "servers.mjs");
    await build({
      stdin: {
        contents: `export { startRedis } from "./support/redis.ts";
          export { connectPostgres, startPostgres } from "./prisma/postgres.ts";
          export { migrationOf } from "./prisma/databases.ts";`,
        resolveDir: TESTS,
      },
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
