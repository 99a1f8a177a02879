// Users in this process. For one process alone, as `memoryStore`.

import { checkOptions, wholeNumber } from "../check.ts";
import type { ListedEntry, UserIndex } from "../users.ts";

/** What `memoryUsers` takes. */
export interface MemoryUsersOptions {
  /** Entries kept at most, of all users together; the one that was noted first goes first. Default 100,000. */
  readonly maxEntries?: number;
}

interface Entry extends ListedEntry {
  readonly user: string;
}

/**
 * An index of users in memory, for development, tests and single processes. Bounded by `maxEntries`; expired entries go
 * when they are met or when their turn comes. No timers.
 *
 * @throws TypeError for an unknown option; RangeError unless `maxEntries` is a whole number from 1 to 10,000,000
 */
export function memoryUsers(options: MemoryUsersOptions = {}): UserIndex {
  const { maxEntries } = checkOptions("memory index", options, {
    maxEntries: wholeNumber(100_000, 10_000_000, "entries"),
  }) as unknown as Required<MemoryUsersOptions>;
  // A Map remembers the order of insertion: the first was noted first.
  const entries = new Map<string, Entry>();
  const keysOf = new Map<string, Set<string>>();

  function drop(key: string): void {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    const keys = keysOf.get(entry.user);
    keys?.delete(key);
    if (keys?.size === 0) keysOf.delete(entry.user);
  }

  function put(entry: Entry): void {
    drop(entry.key);
    entries.set(entry.key, entry);
    const keys = keysOf.get(entry.user) ?? new Set();
    keysOf.set(entry.user, keys.add(entry.key));
    const [oldest] = entries.size > maxEntries ? entries.keys() : [];
    if (oldest !== undefined) drop(oldest);
  }

  /** The entries of a user, as they are now. */
  function find(user: string): Entry[] {
    const found: Entry[] = [];
    for (const key of keysOf.get(user) ?? []) {
      const entry = entries.get(key);
      if (entry && entry.expiresAt > Date.now()) found.push(entry);
      else drop(key);
    }
    return found;
  }

  return {
    async add(user, entry) {
      if (!entries.has(entry.key)) put({ ...entry, user, retired: false });
    },

    async touch(user, { key, expiresAt }) {
      const entry = entries.get(key);
      if (entry?.user !== user || entry.expiresAt <= Date.now()) return false;
      put({ ...entry, expiresAt });
      return true;
    },

    async list(user, { limit, after, handle, retired }) {
      return find(user)
        .filter((entry) => !retired || entry.retired)
        .filter((entry) => handle === undefined || entry.handle === handle)
        .toSorted(compare)
        .filter((entry) => !after || compare(after, entry) < 0)
        .slice(0, limit)
        .map(copyOf);
    },

    async retire(user, { handle, except }) {
      for (const entry of find(user)) {
        const isMeant = entry.handle === (handle ?? entry.handle) && entry.handle !== except;
        if (isMeant) entries.set(entry.key, { ...entry, retired: true });
      }
    },

    async remove(user, keys) {
      for (const key of keys) if (entries.get(key)?.user === user) drop(key);
    },
  };
}

/** Without the user, who asks. */
function copyOf({ key, handle, at, expiresAt, retired }: ListedEntry): ListedEntry {
  return { key, handle, at, expiresAt, retired };
}

type Place = Pick<ListedEntry, "at" | "handle">;

/** The latest first. */
function compare(left: Place, right: Place): number {
  return (
    right.at - left.at || (left.handle < right.handle ? 1 : -Number(left.handle !== right.handle))
  );
}
