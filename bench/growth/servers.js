// The real servers that are measured, as the tests start them.

// @ts-check

import { join } from "node:path";
import { prepareClients } from "../../scripts/prisma.js";
import { findProgram, ROOT } from "../../scripts/system.js";
import { importTests } from "../typescript.js";

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

/** Where the packages of the tests with Prisma are found. */
const FOLDER = join(ROOT, "test/prisma/generated");

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
    /** @type {Starters} */
    const { startRedis, startPostgres, connectPostgres, migrationOf } = await importTests(
      `export { startRedis } from "./support/redis.ts";
       export { connectPostgres, startPostgres } from "./prisma/postgres.ts";
       export { migrationOf } from "./prisma/databases.ts";`,
      FOLDER,
    );
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
