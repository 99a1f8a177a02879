// How the library grows: with rows in the store, requests in flight, bytes in a session and sessions of a user. Ratios to
// the smallest of each, so that 1 says: it does not grow. Alone: `node bench/growth.js`, after `npm run build`.

// @ts-check

import { memoryStore, memoryUsers } from "../dist/index.js";
import { redisStore, redisUsers } from "../dist/redis.js";
import { isMain } from "../scripts/system.js";
import { hasCpuTime } from "./cpu.js";
import { measureAccounts } from "./growth/account.js";
import { measureCrowds } from "./growth/crowd.js";
import { BATCH, measureExpired } from "./growth/expired.js";
import { FLIGHTS, measureFlights } from "./growth/flight.js";
import { startServers } from "./growth/servers.js";
import { measureSizes } from "./growth/size.js";
import { fillPostgres, openRedis } from "./growth/stores.js";
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
  const skipped = [...servers.skipped];
  if (!hasCpuTime()) skipped.push("data by size: this system has no schedstat");
  try {
    const { redis, postgres } = servers;
    const inRedis = redis && (await measureRedis(redis.port, rounds));
    const inPostgres = postgres && (await measurePostgres(postgres, rounds));
    const most = { rounds, seconds: 4 };
    const over = {
      store: memoryStore({ maxEntries: MOST_ENTRIES }),
      users: memoryUsers({ maxEntries: MOST_ENTRIES }),
    };
    const inMemory = await measureAccounts("memoryUsers", over, most);
    return {
      crowds: [
        ...(inRedis ? [{ store: "Redis", among: inRedis.among }] : []),
        ...(inPostgres ? [{ store: "PostgreSQL", among: inPostgres.among }] : []),
      ],
      expired: inPostgres?.expired ?? [],
      flights: await measureFlights(most),
      sizes: hasCpuTime() ? await measureSizes({ rounds, seconds: 8 }) : [],
      accounts: [inMemory, ...(inRedis ? [inRedis.accounts] : [])],
      skipped,
    };
  } finally {
    await servers.stop();
  }
}

/**
 * @param {number} port
 * @param {number} rounds
 */
async function measureRedis(port, rounds) {
  const { open, fill, close } = openRedis(port);
  try {
    const crowds = [];
    for (const [db, rows] of ROWS.entries()) crowds.push(await fill(rows, db));
    const among = await measureCrowds(crowds, { rounds, seconds: 3 });
    const send = open(ROWS.length);
    const over = { store: redisStore(send), users: redisUsers(send) };
    return { among, accounts: await measureAccounts("redisUsers", over, { rounds, seconds: 4 }) };
  } finally {
    close();
  }
}

/**
 * @param {import("./growth/servers.js").Database} postgres
 * @param {number} rounds
 */
async function measurePostgres({ create }, rounds) {
  const crowds = [];
  const cleared = [];
  for (const rows of ROWS) {
    const large = CLEARED.find((each) => each.rows === rows);
    const client = await create(`rows ${rows}`);
    crowds.push(await fillPostgres(client, rows, large?.expired));
    if (large) cleared.push({ client, ...large });
  }
  for (const given of CLEARED) {
    if (ROWS.includes(given.rows)) continue;
    const client = await create(`cleared ${given.rows}`);
    await fillPostgres(client, given.rows, given.expired);
    cleared.unshift({ client, ...given });
  }
  const among = await measureCrowds(crowds, { rounds, seconds: 4 });
  return { among, expired: await measureExpired(cleared, { rounds: 3 * rounds, seconds: 4 }) };
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
  const sizes = crowds[0]?.among.slice(1).map(({ rows }) => `of ${whole(rows)}`) ?? [];
  const rows = crowds.flatMap(({ store, among }) =>
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

if (isMain(import.meta.url)) console.log(formatGrowth(await measureGrowth()));
