// What it takes to sign in, to list where a user is signed in and to end one of these, by how many sessions the user has;
// and how often store and index are asked.

// @ts-check

import { setTimeout as sleep } from "node:timers/promises";
import { createWith } from "../contenders/coatcheck.js";
import { ratiosOf, takeTurns, timeOf } from "../rounds.js";
import { quartilesOf } from "../table.js";
import { web } from "../web.js";

/**
 * @typedef {import("../../dist/index.js").Store} Store
 * @typedef {import("../../dist/index.js").UserIndex} UserIndex
 * @typedef {import("../table.js").Quartiles} Quartiles
 *
 * @typedef {"sign in" | "list" | "end" | "sign in, maxPerUser"} Step
 *
 * @typedef {object} Taken
 * @property {number} micros
 * @property {Calls} calls
 *
 * @typedef {object} Calls
 * @property {number} store
 * @property {number} index
 *
 * @typedef {object} ByUser
 * @property {number} sessions of the user
 * @property {Partial<Record<Step, { micros: Quartiles, ratio: Quartiles, calls: Calls }>>} steps times as long as with one
 *
 * @typedef {object} AccountResult
 * @property {string} index
 * @property {readonly ByUser[]} users
 * @property {Taken & { sessions: number, left: number }} endAll
 */

const SIZES = [1, 10, 100, 1_000, 10_000];
/** More than `maxPerUser` takes. */
const MOST_LIMITED = 500;
/** Of a large account so many sessions are real, the latest; behind them are entries alone. */
const REAL = 50;
const ENDED = 1_000;
const TIMES = 5;
const DAY_MS = 86_400_000;

/**
 * @param {string} index its name
 * @param {{ store: Store, users: UserIndex }} over
 * @param {import("../rounds.js").Most} most
 * @returns {Promise<AccountResult>}
 */
export async function measureAccounts(index, over, most) {
  const counted = count(over);
  const accounts = [];
  const limited = [];
  for (const sessions of SIZES) {
    accounts.push(await createAccount(counted, { user: `user of ${sessions}`, sessions }));
    if (sessions > MOST_LIMITED) continue;
    const user = `user of at most ${sessions}`;
    limited.push(await createAccount(counted, { user, sessions, maxPerUser: sessions }));
  }
  const taken = await takeTurns(most, accounts, ({ visit }) => visit());
  const takenLimited = await takeTurns(most, limited, async ({ signIn }) => [await signIn()]);

  return {
    index,
    users: SIZES.map((sessions, at) => ({
      sessions,
      steps: {
        .../** @type {const} */ (["sign in", "list", "end"]).reduce(
          (steps, step, place) => ({ ...steps, [step]: summary(taken, at, place) }),
          {},
        ),
        ...(at < limited.length && { "sign in, maxPerUser": summary(takenLimited, at, 0) }),
      },
    })),
    endAll: await measureEndAll(counted),
  };
}

/**
 * @param {readonly (readonly (readonly Taken[])[])[]} taken by account, round and step
 * @param {number} at which account
 * @param {number} step
 */
function summary(taken, at, step) {
  const microsOf = (/** @type {number} */ account) =>
    (taken[account] ?? []).map((round) => round[step]?.micros ?? NaN);
  return {
    micros: quartilesOf(microsOf(at)),
    ratio: ratiosOf(microsOf(at), microsOf(0)),
    calls: taken[at]?.at(-1)?.[step]?.calls ?? { store: NaN, index: NaN },
  };
}

/** @typedef {ReturnType<typeof count>} Counted */

/**
 * The same, with a note of what was asked.
 * @param {{ store: Store, users: UserIndex }} over
 */
function count({ store, users }) {
  const calls = { store: 0, index: 0 };
  const seen = { user: "" };

  /**
   * @template {readonly unknown[]} Given
   * @template Answer
   * @param {keyof Calls} what
   * @param {(...given: Given) => Answer} ask
   * @returns {(...given: Given) => Answer}
   */
  const noted =
    (what, ask) =>
    (...given) => {
      calls[what]++;
      if (what === "index") seen.user = String(given[0]);
      return ask(...given);
    };

  return {
    calls,
    /** Under what the index has the user who was asked for last. */
    seen,
    store: { read: noted("store", store.read), write: noted("store", store.write) },
    users: {
      add: noted("index", users.add),
      touch: noted("index", users.touch),
      list: noted("index", users.list),
      retire: noted("index", users.retire),
      remove: noted("index", users.remove),
    },
    /**
     * @param {() => Promise<unknown>} work
     * @returns {Promise<Taken>}
     */
    async take(work) {
      const before = { ...calls };
      const micros = await timeOf(work);
      const { store: ofStore, index } = calls;
      return { micros, calls: { store: ofStore - before.store, index: index - before.index } };
    },
  };
}

/**
 * @param {Counted} counted
 * @param {{ user: string, sessions: number, maxPerUser?: number }} given
 */
async function createAccount({ store, users, seen, take }, { user, sessions, maxPerUser }) {
  const own = createWith({ store, users, ...(maxPerUser && { maxPerUser }) });
  const handle = own.handler(async (_request, getSession) => {
    (await getSession()).signIn(user);
    return new Response("signed in");
  });
  const account = own.user(user);

  /** A new visitor's. */
  async function enter() {
    const response = await handle(web.request(undefined));
    if (response.headers.getSetCookie().length !== 1) throw new Error("Nobody is signed in");
  }

  await enter();
  const real = maxPerUser === undefined ? Math.min(sessions, REAL) : sessions;
  const before = Date.now() - DAY_MS;
  const expiresAt = Date.now() + 2 * DAY_MS;
  for (let at = 0; at < sessions - real; at++) {
    const key = crypto.randomUUID();
    await users.add(seen.user, { key, handle: key, at: before + at, expiresAt });
  }
  for (let at = 1; at < real; at++) {
    if (maxPerUser !== undefined) await nextInstant();
    await enter();
  }

  return {
    async signIn() {
      /** @type {Taken[]} */
      const all = [];
      while (all.length <= TIMES) {
        await nextInstant();
        all.push(await take(enter));
      }
      return mean(all);
    },
    /** Signs in once more, looks, and ends that session: then there are as many as before. */
    async visit() {
      /** @type {Taken[][]} */
      const all = [];
      for (let times = 0; times <= TIMES; times++) {
        let latest = "";
        all.push([
          await take(enter),
          await take(async () => {
            const { sessions: listed } = await account.list();
            latest = listed[0]?.handle ?? "";
            if (listed.length !== Math.min(real + 1, 20)) throw new Error("The list is not whole");
          }),
          await take(async () => {
            if (!(await account.end(latest))) throw new Error("Nothing has ended");
          }),
        ]);
      }
      return [0, 1, 2].map((step) => mean(all.map((steps) => steps[step])));
    },
  };
}

/** Of two sign-ins in one millisecond either may be the later one, and over the limit. */
async function nextInstant() {
  const { now } = Date;
  for (const before = now(); now() === before;) await sleep(1);
}

/**
 * Without the first, which meets what an account of another size has left in the processor and on the heap.
 * @param {readonly (Taken | undefined)[]} taken
 * @returns {Taken}
 */
function mean([_first, ...taken]) {
  const sum = taken.reduce((total, each) => total + (each?.micros ?? NaN), 0);
  return {
    micros: sum / taken.length,
    calls: taken.at(-1)?.calls ?? { store: NaN, index: NaN },
  };
}

/** @param {Counted} counted */
async function measureEndAll(counted) {
  const given = { user: `user of all ${ENDED}`, sessions: ENDED, maxPerUser: undefined };
  const own = createWith({ store: counted.store, users: counted.users });
  const handle = own.handler(async (_request, getSession) => {
    (await getSession()).signIn(given.user);
    return new Response("signed in");
  });
  for (let at = 0; at < ENDED; at++) await handle(web.request(undefined));
  const taken = await counted.take(() => own.user(given.user).endAll());
  const { sessions } = await own.user(given.user).list({ limit: 100 });
  return { ...taken, sessions: ENDED, left: sessions.length };
}
