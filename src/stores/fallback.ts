// Availability first: a list of stores, each of which takes over when those above it do not answer.

import { checkOptions, isStore } from "../check.ts";
import { StoreError } from "../errors.ts";
import type { Store, Swap } from "../store.ts";
import { COMPOSITE, type CompositeOptions, createMember, type Member } from "./breaker.ts";

/** What `fallbackStore` takes. */
export type FallbackStoreOptions = CompositeOptions;

/** Milliseconds that a row lives at most in a store that no other instance sees: 15 minutes (R56). */
const LOCAL_MS = 900_000;
/** Milliseconds for which a store creates nothing after a create that it did not answer. */
const PASS_MS = 1000;

type Row = Parameters<Store["write"]>;

/**
 * A store made of stores, the most wanted first. A row lives in the store where it was created, and is never copied.
 *
 * - A new row goes to the first store that answers: to the next one only where it was certainly not written. Where
 *   nobody can say, the call rejects, and the silent store creates nothing for a second, so that whoever tries again
 *   under a new key succeeds further down, and no key has two rows.
 * - Read and change ask down the list, and the first store that has the row answers. "Not there" needs the word of
 *   every store: what none has while one could not be asked is no absence, and rejects.
 * - A store that other instances do not see (`isLocal`, memory) is asked only while no store above it answers, and its
 *   rows live at most 15 minutes.
 *
 * A store that failed three times in a row is left alone for 5 s or more, and then tried by one call.
 *
 * @throws TypeError for a list that is empty or holds something else, or an unknown option; RangeError for a number
 *   out of range
 */
export function fallbackStore(stores: readonly Store[], options: FallbackStoreOptions = {}): Store {
  const checked = checkOptions(
    "fallback store",
    { ...options, stores },
    {
      ...COMPOSITE,
      stores: [undefined, areStores, "a list of stores, such as [redisStore(…), memoryStore()]"],
    },
  ) as unknown as Required<FallbackStoreOptions>;
  const { budgetMs, strict } = checked;
  const members = stores.map((store, at) =>
    createMember(store.isLocal ? brief(store) : store, at, checked),
  );
  /** Until when, in epoch milliseconds, a store is passed over for new rows. */
  const passedUntil = members.map(() => 0);

  /**
   * Asks one store after another until one has the row: `find` answers undefined where it has not.
   * @throws StoreError where none has it and one could not be asked
   */
  async function search<Found>(
    find: (member: Member) => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    let failure: StoreError | undefined;
    let isShared = false;
    for (const member of members) {
      if (member.isLocal && isShared) continue;
      try {
        const found = await find(member);
        if (found !== undefined) return found;
        isShared = true;
      } catch (error) {
        failure = worse(failure, error as StoreError);
        if (strict && failure.code === "STORE_MISCONFIGURED") throw failure;
      }
    }
    if (failure) throw failure;
    return undefined;
  }

  async function create(row: Row, deadline: number): Promise<Swap> {
    let failure: StoreError | undefined;
    let isPassed = false;
    for (const [at, member] of members.entries()) {
      // One lost answer is no outage: a row in memory would be lost with the next answer.
      if (member.isLocal && isPassed) continue;
      if (Date.now() < (passedUntil[at] ?? 0)) {
        isPassed = true;
        continue;
      }
      try {
        return await member.write(row, deadline);
      } catch (error) {
        failure = worse(failure, error as StoreError);
        if (strict && failure.code === "STORE_MISCONFIGURED") throw failure;
        if (failure.outcome === "none") continue;
        // It may have been written: in another store it would stand twice.
        passedUntil[at] = Date.now() + PASS_MS;
        throw failure;
      }
    }
    throw failure ?? new StoreError("none", "Cannot create row: no store answered a moment ago");
  }

  return {
    isLocal: members.every(({ isLocal }) => isLocal),

    async read(key) {
      const deadline = Date.now() + budgetMs;
      return (
        (await search(async (member) => (await member.read(key, deadline)) ?? undefined)) ?? null
      );
    },

    async write(...row) {
      const [, , expiresAt, expected] = row;
      const now = Date.now();
      const deadline = now + budgetMs;
      if (expected === null && expiresAt > now) return create(row, deadline);
      const swap = await search(async (member) => {
        const answer = await member.write(row, deadline);
        const isElsewhere = answer.swapped ? expected === null : answer.current === null;
        return isElsewhere ? undefined : answer;
      });
      return swap ?? (expected === null ? { swapped: true } : { swapped: false, current: null });
    },
  };
}

/** The failure that says more of what may have been done. */
function worse(one: StoreError | undefined, other: StoreError): StoreError {
  return one === undefined || (one.outcome === "none" && other.outcome === "unknown") ? other : one;
}

function areStores(stores: unknown): boolean {
  return Array.isArray(stores) && stores.length > 0 && stores.every(isStore);
}

const BRIEF = /^(\d+)\n([^]*)$/;

/**
 * Rows that live at most 15 minutes from their creation, however often they are written: each carries the instant.
 */
function brief(store: Store): Store {
  const valueOf = (text: string | null) => (text === null ? null : (BRIEF.exec(text)?.[2] ?? text));
  return {
    isLocal: true,
    read: async (key) => valueOf(await store.read(key)),
    async write(key, value, expiresAt, expected) {
      const text = await store.read(key);
      const current = valueOf(text);
      if (current !== expected) return { swapped: false, current };
      const until = Number(BRIEF.exec(text ?? "")?.[1] ?? Date.now() + LOCAL_MS);
      const swap = await store.write(key, `${until}\n${value}`, Math.min(expiresAt, until), text);
      return swap.swapped ? swap : { swapped: false, current: valueOf(swap.current) };
    },
  };
}
