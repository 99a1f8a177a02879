// Rows in this process. For one process alone: another instance, or a restart, knows nothing of them.

import type { Store } from "../store.ts";

/** What `memoryStore` takes. */
export interface MemoryStoreOptions {
  /** Rows kept at most; the one that was used least recently goes first. Default 10,000. */
  readonly maxEntries?: number;
}

interface Entry {
  readonly value: string;
  readonly expiresAt: number;
}

/**
 * A store in memory, for development, tests and single processes. Bounded by `maxEntries`; expired rows go when they
 * are met or when their turn comes. No timers.
 *
 * @throws TypeError for an unknown option; RangeError unless `maxEntries` is a whole number of 1 or more
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  for (const key of Object.keys(options)) {
    if (key !== "maxEntries") {
      throw new TypeError(`Cannot create memory store: ${key} is unknown; use maxEntries`);
    }
  }
  const { maxEntries = 10_000 } = options;
  if (!Number.isInteger(maxEntries) || maxEntries < 1) {
    throw new RangeError(
      "Cannot create memory store: maxEntries must be a whole number of 1 or more",
    );
  }
  // A Map remembers the order of insertion: a row that is used is put in anew, so the first is the least recent.
  const entries = new Map<string, Entry>();

  function find(key: string): string | null {
    const entry = entries.get(key);
    if (entry === undefined) return null;
    entries.delete(key);
    if (entry.expiresAt <= Date.now()) return null;
    entries.set(key, entry);
    return entry.value;
  }

  return {
    isLocal: true,
    read: async (key) => find(key),
    async write(key, value, expiresAt, expected) {
      const current = find(key);
      if (current !== expected) return { swapped: false, current };
      entries.delete(key);
      if (expiresAt > Date.now()) entries.set(key, { value, expiresAt });
      const [oldest] = entries.size > maxEntries ? entries.keys() : [];
      if (oldest !== undefined) entries.delete(oldest);
      return { swapped: true };
    },
  };
}
