// Next loads a module more than once. Whoever keeps sessions in the module's memory hears of it in development.

import type { Store } from "../../src/index.ts";

/** Next replaces it when it builds. */
declare const process: { readonly env: { readonly NODE_ENV?: string } };

const STORES = Symbol.for("coatcheck.next.memory");

/** In development: a second memoryStore in one process knows nothing of the first. */
export function warnOfMemory(store: Store): void {
  if (process.env.NODE_ENV !== "development" || !store.isLocal) return;
  const stores = ((globalThis as { [STORES]?: Set<Store> })[STORES] ??= new Set());
  if (stores.has(store) || stores.add(store).size === 1) return;
  console.warn(
    "coatcheck: this is a second memoryStore, and it knows nothing of the sessions in the first. Next loads a module apart for pages, for route handlers and for the proxy, and again after an edit. Keep one for all, as in `globalThis.store ??= memoryStore()`, or use Redis",
  );
}
