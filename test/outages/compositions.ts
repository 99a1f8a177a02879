// The two compositions that docs/outages.md is about, as they are made without options, and with patience.

import { cachedStore, fallbackStore, memoryStore } from "coatcheck";
import type { Compose } from "./world.ts";

/** Where no store is silent: so that a busy machine is not taken for an outage. */
export const PATIENT = { timeoutMs: 5_000, budgetMs: 15_000 };
/** The default of `cachedStore`. */
export const MAX_STALE_MS = 30_000;

export const fallback =
  (options = {}): Compose =>
  ({ redis, sql }, onEvent) =>
    fallbackStore([redis, sql, memoryStore()], { onEvent, ...options });

export const cached =
  (options = {}): Compose =>
  ({ redis, sql }, onEvent) =>
    cachedStore({ authority: sql, cache: redis, onEvent, ...options });
