// The shops to visit: one over the store that was asked for, or two over stores that can be taken away.
import { memoryStore, memoryUsers } from "coatcheck";
import { redisStore, redisUsers, upstash } from "coatcheck/redis";

/**
 * @typedef {{
 *   base: string,
 *   store: import("coatcheck").Store,
 *   storeName: string,
 *   users: import("coatcheck").UserIndex,
 *   usersName: string,
 *   cookieName?: string,
 *   outage?: import("./embedded.js").Outage,
 * }} Shop `base` is what its addresses begin with; `users` lasts as long as the rows of `store`
 * @typedef {{
 *   shops: Shop[],
 *   lines: string[],
 *   secret?: string | undefined,
 *   close?: () => Promise<void>,
 * }} Opened `lines` are for the terminal: where sessions are; `secret` is what the store keeps beside them
 * @typedef {(event: import("coatcheck").SessionEvent, name: string) => void} OnStep
 */

export const USAGE = `Usage: npm start -- [--store embedded|memory|upstash|sqlite]`;

/** What `--help` prints. */
export const HELP = `${USAGE}

  --store embedded  a Redis and an SQLite of its own, with switches to cut and slow Redis (default)
  --store memory    the memory of this process
  --store upstash   Upstash Redis (default where UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN are set)
  --store sqlite    an SQLite file through Prisma, which is installed first

Variables: PORT, HOST, SESSION_SECRET, SQLITE_FILE`;

/**
 * @param {string | undefined} given the store's name
 * @param {OnStep} onStep
 * @returns {Promise<Opened | string>} or why not
 */
export async function openShops(given, onStep) {
  const url = process.env.UPSTASH_REDIS_REST_URL;
  const token = process.env.UPSTASH_REDIS_REST_TOKEN;
  const file = process.env.SQLITE_FILE || undefined;
  const name = given ?? (url || token ? "upstash" : "embedded");
  if (name === "embedded") {
    const { openEmbedded } = await import("./embedded.js");
    return openEmbedded(file, onStep);
  }
  if (name === "memory") return single(memoryStore(), memoryUsers(), "the memory of this process");
  if (name === "sqlite") {
    // Prisma is large: it is loaded, and installed, for whoever asks for it.
    const { openSqlite } = await import("./sqlite.js");
    const { store, users, storeName, secret } = await openSqlite(file);
    return { ...single(store, users, storeName), secret };
  }
  if (name !== "upstash") return `Unknown store "${name}". ${USAGE}`;
  if (!url || !token) {
    return "Upstash needs both UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN";
  }
  const send = upstash({ url, token });
  return single(redisStore(send), redisUsers(send), `Upstash Redis at ${new URL(url).host}`);
}

/**
 * @param {import("coatcheck").Store} store
 * @param {import("coatcheck").UserIndex} users
 * @param {string} name of where both are
 * @returns {Opened}
 */
function single(store, users, name) {
  const shop = { base: "", store, storeName: name, users, usersName: name };
  return { shops: [shop], lines: [`Sessions are held in ${name}`] };
}
