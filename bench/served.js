// Who is served over HTTP, and how each reaches Redis: through what its users would take.

// @ts-check

import { DAY_SECONDS } from "./work.js";

/**
 * @typedef {"node-redis" | "node-redis, writes not awaited" | "REST" | "REST, @upstash/redis"} Way
 *
 * @typedef {object} Served
 * @property {string} file of bench/contenders
 * @property {Way} way
 *
 * @typedef {object} Places
 * @property {string} redisUrl
 * @property {string} restUrl
 * @property {string} token
 *
 * @typedef {import("./work.js").Contender<any, any>} Contender
 */

/** Ours alone has a deadline, which a machine that does something else must not make an error here. */
const TIMEOUT_MS = 10_000;

/** @type {readonly Served[]} The floor comes first: the others are compared with it. */
export const SERVED = [
  { file: "floor", way: "node-redis" },
  { file: "coatcheck", way: "node-redis" },
  { file: "react-router", way: "node-redis" },
  { file: "remix-session", way: "node-redis" },
  { file: "hono-session", way: "node-redis, writes not awaited" },
  { file: "hono-sessions", way: "node-redis" },
  { file: "express-session", way: "node-redis" },
  { file: "coatcheck", way: "REST" },
  { file: "react-router", way: "REST, @upstash/redis" },
];

/**
 * @param {Served} served
 * @param {Places} places
 * @returns {Promise<{ contender: Contender, routes: Awaited<ReturnType<Contender["create"]>> }>}
 */
export async function open({ file, way }, places) {
  /** @type {{ contender: Contender, routesIn: (store: unknown) => ReturnType<Contender["create"]> }} */
  const { contender, routesIn } = await import(`./contenders/${file}.js`);
  if (file === "coatcheck") {
    return { contender, routes: await routesIn(await ourStore(way, places)) };
  }
  if (file === "express-session") {
    const { RedisStore } = await import("connect-redis");
    const store = new RedisStore({ client: await connect(places) });
    return { contender, routes: await routesIn(store) };
  }
  const rows = way.startsWith("REST")
    ? restRowsOf(await createRest(places))
    : rowsOf(await connect(places));
  return { contender, routes: await contender.create(rows) };
}

/**
 * @param {Way} way
 * @param {Places} places
 */
async function ourStore(way, places) {
  const { redisStore, upstash } = await import("../dist/redis.js");
  if (way === "REST") {
    const { restUrl: url, token } = places;
    return redisStore(upstash({ url, token, timeoutMs: TIMEOUT_MS }));
  }
  const client = await connect(places);
  return redisStore((command) => client.sendCommand(command), { timeoutMs: TIMEOUT_MS });
}

/**
 * Nobody listens for its errors: one ends the process, which its parent tells.
 * @param {Places} places
 */
async function connect({ redisUrl }) {
  const { createClient } = await import("redis");
  const client = createClient({ url: redisUrl });
  await client.connect();
  return client;
}

/** @param {Places} places */
async function createRest({ restUrl, token }) {
  const { Redis } = await import("@upstash/redis");
  // Rows are texts already.
  return new Redis({ url: restUrl, token, automaticDeserialization: false });
}

/**
 * Rows as one writes them by hand where a library leaves the store to the application.
 * @param {Awaited<ReturnType<typeof connect>>} client
 * @returns {import("./rows.js").Rows}
 */
function rowsOf(client) {
  const expiration = /** @type {const} */ ({ type: "EX", value: DAY_SECONDS });
  return {
    get: (key) => client.get(key),
    set: async (key, value) => void (await client.set(key, value, { expiration })),
    delete: async (key) => void (await client.del(key)),
    touch: async (key) => void (await client.expire(key, DAY_SECONDS)),
    swap: noSwap,
  };
}

/**
 * @param {Awaited<ReturnType<typeof createRest>>} client
 * @returns {import("./rows.js").Rows}
 */
function restRowsOf(client) {
  return {
    get: (key) => client.get(key),
    set: async (key, value) => void (await client.set(key, value, { ex: DAY_SECONDS })),
    delete: async (key) => void (await client.del(key)),
    touch: async (key) => void (await client.expire(key, DAY_SECONDS)),
    swap: noSwap,
  };
}

/** @returns {never} */
function noSwap() {
  throw new Error("None but ours swaps, and ours has a store of its own");
}
