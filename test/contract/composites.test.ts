import { cachedStore, fallbackStore, memoryStore, type Store } from "coatcheck";
import { describe, test } from "vitest";
import { faultyStore } from "../support/stores.ts";
import type { World } from "../support/suite.ts";
import { storeContract } from "./store.ts";

const nowhere: World = { url: "", token: "", faulty: {} as World["faulty"] };

/** A store that other instances see, as far as its neighbours know. */
function shared(): Store {
  const { read, write } = memoryStore();
  return { read, write };
}

/** One that refuses every call. */
function refusing(): Store {
  const faulty = faultyStore(shared());
  for (const operation of ["read", "write"] as const) {
    faulty.fail(operation, "refused", { times: Number.MAX_SAFE_INTEGER });
  }
  return faulty.store;
}

const STORES: Readonly<Record<string, () => Store>> = {
  "fallbackStore of one": () => fallbackStore([shared()]),
  "fallbackStore of two and memory": () => fallbackStore([shared(), shared(), memoryStore()]),
  "fallbackStore of memory alone": () => fallbackStore([memoryStore()]),
  cachedStore: () => cachedStore({ authority: shared(), cache: shared() }),
  "cachedStore whose cache refuses": () => cachedStore({ authority: shared(), cache: refusing() }),
  "cachedStore whose copies are stale at once": () =>
    cachedStore({ authority: shared(), cache: shared(), maxStaleMs: 1 }),
  "fallbackStore of a cachedStore": () =>
    fallbackStore([cachedStore({ authority: shared(), cache: shared() }), memoryStore()]),
};

describe("the contract in stores made of stores", () => {
  for (const [name, make] of Object.entries(STORES)) {
    const cases = storeContract(name, async () => ({ store: make() }));
    for (const { name: sentence, run } of cases) test(sentence, () => run(nowhere));
  }
});
