// How the library grows: with rows in the store, requests in flight, bytes in a session and sessions of a user. Ratios to
// the smallest of each, so that 1 says: it does not grow. Alone: `node bench/growth.js`, after `npm run build`.

// @ts-check

import { memoryStore, memoryUsers } from "../dist/index.js";
import { redisStore, redisUsers } from "../dist/redis.js";
import { isBuilt, isMain } from "../scripts/system.js";
import { hasCpuTime } from "./cpu.js";
import { measureAccounts } from "./growth/account.js";
import { measureCrowds } from "./growth/crowd.js";
import { BATCH, measureExpired } from "./growth/expired.js";
import { FLIGHTS, measureFlights } from "./growth/flight.js";
import { startServers } from "./growth/servers.js";
import { measureSizes } from "./growth/size.js";
import { fillPostgres, openRedis, PATIENT } from "./growth/stores.js";
import { NONE, short, spread, table } from "./table.js";

/**
 * @typedef {object} GrowthResults
 * @property {readonly { store: string, among: readonly import("./growth/crowd.js").Among[] }[]} crowds
 * @property {readonly import("./growth/expired.js").Expired[]} expired
 * @property {Readonly<Record<import("./growth/flight.js").Flight, import("./growth/flight.js").InFlight[]>>} flights
 * @property {readonly import("./growth/size.js").BySize[]} sizes
 * @property {readonly import("./growth/account.js").AccountResult[]} accounts
 * @property {readonly string[]} skipped what was not measured, and why
 */

const ROWS = [1, 100, 10_000, 1_000_000];
/** Tables of so many rows, of which so many have expired. */
const CLEARED = [
  { rows: 20_000, expired: 10_000 },
  { rows: 1_000_000, expired: 10_000 },
];
const MOST_ENTRIES = 1_000_000;

/**
 * @param {object} [options]
 * @param {number} [options.rounds] at most, of each part
 * @returns {Promise<GrowthResults>}
 */
export async function measureGrowth({ rounds = 15 } = {}) {
  const servers = await startServers();
  const { redis, postgres } = servers;
  const clients = redis && openRedis(redis.port);
  const skipped = [...servers.skipped];
  if (!hasCpuTime()) skipped.push("data by size: this system has no schedstat");
  try {
    // Both at once: that is the longest part.
    const [inRedis = [], inPostgres = { crowds: [], cleared: [] }] = await Promise.all([
      clients && Promise.all(ROWS.map((rows, db) => clients.fill(rows, db))),
      postgres && fillDatabases(postgres),
    ]);
    const most = { rounds, seconds: 4 };
    return {
      crowds: [
        { store: "Redis", among: await measureCrowds(inRedis, most) },
        { store: "PostgreSQL", among: await measureCrowds(inPostgres.crowds, most) },
      ],
      expired: await measureExpired(inPostgres.cleared, { ...most, rounds: 3 * rounds }),
      flights: await measureFlights(most),
      sizes: hasCpuTime() ? await measureSizes(most) : [],
      accounts: await measureIndexes(clients?.open(ROWS.length), most),
      skipped,
    };
  } finally {
    clients?.close();
    await servers.stop();
  }
}

/** @param {import("./growth/servers.js").Database} postgres */
async function fillDatabases({ create }) {
  /** @type {import("./growth/stores.js").Crowd[]} */
  const crowds = [];
  const cleared = [];
  for (const given of [...CLEARED, ...ROWS.map((rows) => ({ rows, expired: 0 }))]) {
    // The largest is for both.
    if (crowds.some(({ rows }) => rows === given.rows)) continue;
    const { rows, expired } = given;
    const client = await create(`${rows} rows`);
    const crowd = await fillPostgres(client, rows, expired);
    if (ROWS.includes(rows)) crowds.push(crowd);
    if (expired > 0) cleared.push({ client, rows, expired });
  }
  return { crowds: crowds.toSorted((a, b) => a.rows - b.rows), cleared };
}

/**
 * @param {import("../dist/redis.js").Send | undefined} send
 * @param {import("./rounds.js").Most} most
 */
async function measureIndexes(send, most) {
  const limit = { maxEntries: MOST_ENTRIES };
  const over = { store: memoryStore(limit), users: memoryUsers(limit) };
  const inMemory = await measureAccounts("memoryUsers", over, most);
  if (send === undefined) return [inMemory];
  const overRedis = { store: redisStore(send, PATIENT), users: redisUsers(send, PATIENT) };
  return [inMemory, await measureAccounts("redisUsers", overRedis, most)];
}

/** @param {GrowthResults} results */
export function formatGrowth({ crowds, expired, flights, sizes, accounts, skipped }) {
  return [
    formatCrowds(crowds),
    formatExpired(expired),
    formatFlights(flights),
    formatSizes(sizes),
    ...accounts.map(formatAccount),
    skipped.map((line) => `Not measured, ${line}`).join("\n"),
  ]
    .filter(Boolean)
    .join("\n\n");
}

/** @param {GrowthResults["crowds"]} crowds */
function formatCrowds(crowds) {
  const sizes = ROWS.slice(1).map((rows) => `of ${whole(rows)}`);
  const measured = crowds.filter(({ among }) => among.length > 0);
  const rows = measured.flatMap(({ store, among }) =>
    /** @type {const} */ (["read", "write"]).map((work) => [
      `${store}, ${work}`,
      `${short(among[0]?.works[work].micros.median ?? NaN)} µs`,
      ...among.slice(1).map(({ works }) => spread(works[work].ratio)),
    ]),
  );
  if (rows.length === 0) return "";
  return titled(
    "Time of a request among the rows of others, times that of the only row",
    ["", "the only row", ...sizes],
    rows,
  );
}

/** @param {GrowthResults["expired"]} expired */
function formatExpired(expired) {
  if (expired.length === 0) return "";
  return titled(
    `deleteExpired in PostgreSQL: time of ${BATCH} rows, times that in the first table`,
    ["rows", "of these expired", "", "ratio"],
    expired.map(({ rows, expired: over, micros, ratio }) => [
      whole(rows),
      whole(over),
      `${short(micros.median)} µs`,
      spread(ratio),
    ]),
  );
}

/** @param {GrowthResults["flights"]} flights */
function formatFlights(flights) {
  const sizes = flights.reads.map(({ requests }) => whole(requests));
  const one = flights["writes to one session"];
  return titled(
    "Requests a second against a store 5 ms away, times those of one in flight",
    ["in flight", ...sizes],
    [
      ...FLIGHTS.map((flight) => [flight, ...flights[flight].map(({ ratio }) => spread(ratio))]),
      ["… attempts for each", ...one.map(({ attempts }) => short(attempts))],
      ["… refused after 5 s", ...one.map(({ refused }) => `${Math.round(refused)}%`)],
      ["… lost", ...one.map(({ lost }) => whole(lost))],
    ],
  );
}

/** @param {GrowthResults["sizes"]} sizes */
function formatSizes(sizes) {
  if (sizes.length === 0) return "";
  const works = /** @type {const} */ (["read", "write"]);
  return titled(
    "Times as cheap as the floor with the same data, in time of the processor, a store in process",
    ["bytes", ...works.flatMap((work) => [`${work}, floor`, "ours"])],
    sizes.map(({ bytes, works: found }) => [
      whole(bytes),
      ...works.flatMap((work) => [
        `${short(found[work].floor.median)} µs`,
        spread(found[work].ratio),
      ]),
    ]),
  );
}

/** @param {GrowthResults["accounts"][0]} account */
function formatAccount({ index, users, endAll }) {
  const steps = /** @type {const} */ (["sign in", "sign in, maxPerUser", "list", "end"]);
  const rows = steps.flatMap((step) => {
    const first = users[0]?.steps[step];
    return [
      [
        step,
        `${short(first?.micros.median ?? NaN)} µs`,
        ...users.slice(1).map(({ steps: found }) => spread(found[step]?.ratio)),
      ],
      ["… calls", ...users.map(({ steps: found }) => callsOf(found[step]?.calls))],
    ];
  });
  const { micros, sessions, left } = endAll;
  return [
    titled(
      `By sessions of the user, ${index}: time times that with one, and calls of the store + of the index`,
      ["sessions", ...users.map(({ sessions: count }) => whole(count))],
      rows,
    ),
    `endAll of ${whole(sessions)}: ${short(micros / sessions)} µs and ${callsOf(endAll.calls)} calls, ${left} left`,
  ].join("\n");
}

/** @param {import("./growth/account.js").Calls | undefined} calls */
function callsOf(calls) {
  return calls ? `${calls.store} + ${calls.index}` : NONE;
}

/** @param {number} value */
function whole(value) {
  return value.toLocaleString("en");
}

/**
 * @param {string} title
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
function titled(title, head, rows) {
  return `${title}\n${table(head, rows)}`;
}

if (isMain(import.meta.url)) {
  if (!isBuilt()) console.log("The library is older than its source: npm run build");
  console.log(formatGrowth(await measureGrowth()));
}
