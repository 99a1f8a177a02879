// Stores with so many rows in them, each a database of its own on one server. The rows of others are made there, quickly;
// those that are measured come in as everybody's do.

// @ts-check

import { Redis } from "ioredis";
import { prismaStore } from "../../dist/prisma.js";
import { redisStore } from "../../dist/redis.js";

/**
 * @typedef {import("../../dist/index.js").Store} Store
 * @typedef {import("./servers.js").Client} Client
 *
 * @typedef {object} Crowd
 * @property {number} rows
 * @property {Store} store
 */

const DAY_MS = 86_400_000;
/** On a busy machine slow is not lost. */
export const PATIENT = { timeoutMs: 10_000 };
const BATCH = 50_000;

/** Keys of 43 letters, as the library's are, and values that only take their place. */
const FILL_REDIS = `for at = ARGV[1], ARGV[2] do
  redis.call("SET", "session:" .. redis.sha1hex(at) .. "row", "a row of somebody else", "PX", ARGV[3])
end`;
const FILL_POSTGRES = `INSERT INTO "Session" ("key", "value", "expiresAt")
SELECT translate(rtrim(encode(sha256(row::text::bytea), 'base64'), '='), '+/', '-_'),
  'a row of somebody else',
  now() AT TIME ZONE 'UTC' + CASE WHEN row % $2 = 0 THEN interval '-1 day' ELSE interval '1 day' END
FROM generate_series(1, $1) AS row`;

/** @param {number} port */
export function openRedis(port) {
  /** @type {Redis[]} */
  const clients = [];

  /** @param {number} [db] */
  function open(db = 0) {
    const redis = new Redis(port, "127.0.0.1", { db });
    clients.push(redis);
    /** @type {import("../../dist/redis.js").Send} */
    const send = ([name, ...args]) => redis.call(name, ...args);
    return send;
  }

  return {
    open,
    /**
     * @param {number} rows
     * @param {number} db
     * @returns {Promise<Crowd>}
     */
    async fill(rows, db) {
      const send = open(db);
      for (let from = 1; from < rows; from += BATCH) {
        const to = Math.min(from + BATCH, rows) - 1;
        await send(["EVAL", FILL_REDIS, "0", String(from), String(to), String(DAY_MS)]);
      }
      return { rows, store: redisStore(send, PATIENT) };
    },
    close: () => clients.forEach((client) => client.disconnect()),
  };
}

/**
 * @param {Client} client
 * @param {number} rows
 * @param {number} expired how many of them have
 * @returns {Promise<Crowd>}
 */
export async function fillPostgres(client, rows, expired = 0) {
  const every = expired === 0 ? rows + 1 : Math.floor(rows / expired);
  // One is left out, for the session that is measured.
  await client.$executeRawUnsafe(FILL_POSTGRES, rows - Number(expired === 0), every);
  // As the server itself does a minute later, which would be in the middle of what is measured.
  await client.$executeRawUnsafe(`VACUUM ANALYZE "Session"`);
  return { rows, store: prismaStore(client.session, PATIENT) };
}
