// Nothing lost: one store decides, the authority; another holds copies that are never served for long.

import { checkOptions, isStore, wholeNumber } from "../check.ts";
import type { StoreError } from "../errors.ts";
import type { Store, Swap } from "../store.ts";
import { budgetOf, COMPOSITE, type CompositeOptions, createMember } from "./breaker.ts";
import { createLedger, decodeCopy, encodeCopy, newCopy, newTombstone } from "./copy.ts";

/** What `cachedStore` takes. */
export interface CachedStoreOptions extends CompositeOptions {
  /** Decides every change: SQL, for one. Must answer what was written last: a primary, no replica. */
  readonly authority: Store;
  /** Holds copies: Redis, for one. Whatever it loses or brings back, no change is lost. */
  readonly cache: Store;
  /** Milliseconds after which a copy is not served any more: 1 to 3,600,000. Default 30,000. */
  readonly maxStaleMs?: number;
}

/** Reads remembered between a request's read and its write. */
const MOST_SEEN = 100;
/** Tries to put a tombstone over what others put meanwhile. */
const MAX_TRIES = 3;

/**
 * A store made of two: the authority decides every compare-and-swap, the cache answers most reads.
 *
 * A copy carries the instant before the authority was asked, and is served for `maxStaleMs` from then, by the reader's
 * clock: the bound does not rest on the cache's own expiry. After every change the copy is replaced, or a tombstone is
 * put in its place, and only over what stood there before the change was sent; so a slow reader cannot bring back
 * what it read before. An instance never serves what is older than its own last write of that key.
 *
 * While the cache does not answer, the authority is asked; while the authority does not, what has no fresh copy
 * rejects, and so does every change. A row whose copy was made by a read may be answered for up to `maxStaleMs` after
 * it has expired: the copy does not know when (sessions do, and end in time).
 *
 * A store that failed three times in a row is left alone for 5 s or more, and then tried by one call.
 *
 * @throws TypeError for a missing store or an unknown option; RangeError for a number out of range
 */
export function cachedStore(options: CachedStoreOptions): Store {
  const checked = checkOptions("cached store", options, {
    ...COMPOSITE,
    authority: [undefined, isStore, "a store, such as prismaStore(prisma.session)"],
    cache: [undefined, isStore, "a store, such as redisStore(upstash({ url, token }))"],
    maxStaleMs: wholeNumber(30_000, 3_600_000, "milliseconds"),
  }) as unknown as Required<CachedStoreOptions>;
  const { maxStaleMs, strict } = checked;
  const budgetMs = budgetOf("cached store", checked);
  const authority = createMember(checked.authority, "authority", checked);
  const cache = createMember(checked.cache, "cache", checked);
  const ledger = createLedger(maxStaleMs);
  /** What stood in the cache when a key was last read: a write of the same request need not ask again. */
  const seen = new Map<string, string | null>();

  function remember(key: string, text: string | null): void {
    seen.delete(key);
    seen.set(key, text);
    const [oldest] = seen.size > MOST_SEEN ? seen.keys() : [];
    if (oldest !== undefined) seen.delete(oldest);
  }

  /** Asks the cache; undefined where it does not answer: then it is as if there were none. */
  async function tryCache<Answer>(asked: () => Promise<Answer>): Promise<Answer | undefined> {
    return asked().catch(() => undefined);
  }

  /** Puts a tombstone over whatever stands there: always right, since it only sends readers to the authority. */
  async function bury(key: string, known: string | null | undefined, deadline: number) {
    let text = known === undefined ? await tryCache(() => cache.read(key, deadline)) : known;
    for (let tries = 0; tries < MAX_TRIES && text !== undefined; tries++) {
      const row = [key, newTombstone(), Date.now() + maxStaleMs, text] as const;
      const swap = await tryCache(() => cache.write([...row], deadline));
      text = swap?.swapped === false ? swap.current : undefined;
    }
  }

  return {
    async read(key) {
      const deadline = Date.now() + budgetMs;
      const text = await cache.read(key, deadline).catch((error: StoreError) => {
        if (strict && error.code === "STORE_MISCONFIGURED") throw error;
        return undefined;
      });
      if (text !== undefined) remember(key, text);
      const copy = decodeCopy(text);
      if (copy && ledger.isServable(key, copy, Date.now())) return copy.value;
      const at = Date.now();
      const value = await authority.read(key, deadline);
      if (value === null || text === undefined) return value;
      // Only over what stood there before the authority was asked: else a change that came between would be undone.
      const fresh = newCopy(at, value);
      const row = [key, encodeCopy(fresh), at + maxStaleMs, text] as const;
      const swap = await tryCache(() => cache.write([...row], deadline));
      if (swap?.swapped) {
        remember(key, row[1]);
        ledger.noteCopy(key, fresh);
      }
      return value;
    },

    async write(key, value, expiresAt, expected) {
      const deadline = Date.now() + budgetMs;
      // What was seen before the authority is asked: what is there later may be newer than what is written here.
      const before = seen.get(key);
      seen.delete(key);
      const at = Date.now();
      let swap: Swap;
      try {
        swap = await authority.write([key, value, expiresAt, expected], deadline);
      } catch (error) {
        if ((error as StoreError).outcome === "unknown") {
          // It may have been written, or be written yet.
          ledger.note(key, Date.now());
          await bury(key, before, deadline);
        }
        throw error;
      }
      const now = Date.now();
      if (!swap.swapped) {
        ledger.note(key, now);
        // Whoever made the change has told the cache, or tried to. A copy that misled this writer misleads others.
        const misled = expected !== null && decodeCopy(before)?.value === expected;
        if (misled) await bury(key, before, deadline);
        return swap;
      }
      // Over nothing, only a row that is new: of any other nobody knows what stood there a moment ago.
      const isSafe = typeof before === "string" || expected === null;
      if (!isSafe || expiresAt <= now) {
        ledger.note(key, now);
        await bury(key, before, deadline);
        return swap;
      }
      const copy = newCopy(at, value, expiresAt);
      ledger.note(key, now, copy.nonce);
      const until = Math.min(expiresAt, at + maxStaleMs);
      const row = [key, encodeCopy(copy), until, before ?? null] as const;
      const put = await tryCache(() => cache.write([...row], deadline));
      if (put?.swapped === false) await bury(key, put.current, deadline);
      return swap;
    },
  };
}
