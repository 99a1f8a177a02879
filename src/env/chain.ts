// The places of the chain -> one store that says in the log which of them answers.

import type { StoreError } from "../errors.ts";
import type { SessionEvent } from "../events.ts";
import type { Store } from "../store.ts";
import { cachedStore } from "../stores/cached.ts";
import { fallbackStore } from "../stores/fallback.ts";
import { memoryStore } from "../stores/memory.ts";
import { createJournal, type Shared } from "./journal.ts";
import type { Checked } from "./options.ts";
import { brokenStore, watchedMemory, watchedStore } from "./watched.ts";

/** What stands in a place of the chain. */
export interface Place {
  /** Absent where there is nothing to ask. */
  readonly store?: Store;
  /** Why there is no store. */
  readonly absent?: string;
  /** Says more of an error than the store can. */
  readonly explain?: (error: StoreError) => StoreError;
  /** What is wrong, and was passed over. */
  readonly warnings?: readonly string[];
}

/** What a chain is made of. */
export interface Parts {
  readonly places: Readonly<Record<Shared, Place>>;
  readonly options: Checked;
  readonly isProduction: boolean;
  readonly onEvent: (event: SessionEvent) => void;
}

/** Each store keeps its own deadline; the chain's comes later, so that the store's own error says what was wrong. */
const GRACE_MS = 250;

/** Makes the chain, and writes what is known before anything is asked. */
export function createChain({ places, options, isProduction, onEvent }: Parts): Store {
  const { mode, memory, strict, budgetMs } = options;
  const absent = absencesOf(places);
  const journal = createJournal({
    logger: options.logger ?? console,
    isProduction,
    isFallback: mode === "fallback",
    absent,
  });
  for (const text of places.Redis.warnings ?? []) journal.note("warn", text);
  if (absent.Redis) journal.note("info", `Redis is not used: ${absent.Redis}`);

  const watched = (name: Shared, { store, explain = unchanged }: Place) =>
    store && watchedStore(name, store, { journal, explain });
  const redis = watched("Redis", places.Redis);
  const prisma = watched("Prisma", places.Prisma);
  const timeoutMs = Math.min(options.timeoutMs + GRACE_MS, budgetMs, 60_000);
  const composite = { timeoutMs, budgetMs, strict, onEvent };
  if (mode === "cached" && redis && prisma) {
    return cachedStore({ ...composite, authority: prisma, cache: redis });
  }
  const shared = [redis, prisma].filter((store) => store !== undefined);
  if (memory !== false && mode !== "cached") {
    return fallbackStore([...shared, watchedMemory(memoryStore(), journal)], composite);
  }
  if (shared.length > 0) return fallbackStore(shared, composite);
  const why = `${Object.values(absent).join("; ")}; memory is forbidden: set the variables, or give a client`;
  const nothing = watchedStore("Redis", brokenStore("Redis", why), { journal, explain: unchanged });
  return fallbackStore([nothing], composite);
}

function absencesOf(places: Parts["places"]): Partial<Record<Shared, string>> {
  return Object.fromEntries(
    Object.entries(places).flatMap(([name, { absent }]) => (absent ? [[name, absent]] : [])),
  );
}

function unchanged(error: StoreError): StoreError {
  return error;
}
