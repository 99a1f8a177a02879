// Availability first: a list of stores, each of which takes over when those above it do not answer.

import { checkOptions, isStore } from "../check.ts";
import { StoreError } from "../errors.ts";
import type { Store, Swap } from "../store.ts";
import {
  budgetOf,
  COMPOSITE,
  type CompositeOptions,
  createMember,
  type Member,
} from "./breaker.ts";

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
 * - A store that other instances do not see (`isLocal`, memory) is asked only while no store above it answers; its rows
 *   live at most 15 minutes, and are over when one does.
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
      stores: [
        undefined,
        areStores,
        "a list of stores, memory last, such as [redisStore(…), memoryStore()]",
      ],
    },
  ) as unknown as Required<FallbackStoreOptions>;
  const { strict } = checked;
  const budgetMs = budgetOf("fallback store", checked);
  const locals: Brief[] = [];
  const members = stores.map((store, at) => {
    if (!store.isLocal) return createMember(store, at, checked);
    const local = brief(store);
    locals.push(local);
    return createMember(local, at, checked);
  });
  /** Until when, in epoch milliseconds, a store is passed over for new rows. */
  const passedUntil = members.map(() => 0);

  /**
   * Once a shared store answers, what memory holds is over: whoever signs out now, or changes something, is told so by
   * stores that do not have the row, and it must not be back with the next outage.
   */
  function noteAnswer({ isLocal }: Member): void {
    if (!isLocal) for (const local of locals) local.forget();
  }

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
        noteAnswer(member);
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

  async function isAnyReadable(key: string, deadline: number): Promise<boolean> {
    for (const member of members) {
      if (member.isLocal) continue;
      try {
        await member.read(key, deadline);
        noteAnswer(member);
        return true;
      } catch {
        // A store that does not answer: the next one is asked.
      }
    }
    return false;
  }

  async function create(row: Row, deadline: number): Promise<Swap> {
    let failure: StoreError | undefined;
    let isPassed = false;
    for (const [at, member] of members.entries()) {
      // One lost answer is no outage, nor is a store that reads and does not write: a row in memory would be over with
      // the next answer.
      if (member.isLocal && (isPassed || (await isAnyReadable(row[0], deadline)))) continue;
      if (Date.now() < (passedUntil[at] ?? 0)) {
        isPassed = true;
        continue;
      }
      try {
        const swap = await member.write(row, deadline);
        noteAnswer(member);
        return swap;
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
  if (!Array.isArray(stores) || stores.length === 0 || !stores.every(isStore)) return false;
  // What stands before a shared store would be over with that one's first answer.
  const first = stores.findIndex(({ isLocal }: Store) => isLocal);
  return first < 0 || stores.slice(first).every(({ isLocal }: Store) => isLocal);
}

/** A store whose rows can be made to be forgotten, without asking it. */
interface Brief extends Store {
  forget(): void;
}

const BRIEF = /^(\d+) ([\w-]*)\n([^]*)$/;

/**
 * Rows that live at most 15 minutes from their creation, however often they are written, and not beyond `forget()`: each
 * carries when it ends and the era in which it was created.
 */
function brief(store: Store): Brief {
  // Named when a row is written: where modules load, some platforms refuse randomness.
  let era: string | undefined = "";

  function open(text: string | null): { until: number; value: string } | undefined {
    const [, until, of, value = ""] = BRIEF.exec(text ?? "") ?? [];
    return until !== undefined && of === era ? { until: Number(until), value } : undefined;
  }

  return {
    isLocal: true,
    forget() {
      era = undefined;
    },
    read: async (key) => open(await store.read(key))?.value ?? null,
    async write(key, value, expiresAt, expected) {
      era ??= crypto.randomUUID();
      const text = await store.read(key);
      const row = open(text);
      if ((row?.value ?? null) !== expected) {
        return { swapped: false, current: row?.value ?? null };
      }
      const until = row?.until ?? Date.now() + LOCAL_MS;
      const next = `${until} ${era}\n${value}`;
      const swap = await store.write(key, next, Math.min(expiresAt, until), text);
      return swap.swapped ? swap : { swapped: false, current: open(swap.current)?.value ?? null };
    },
  };
}
