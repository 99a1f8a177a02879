// Counts what a request costs: a store around a store, and the request that is under way around both.
import { AsyncLocalStorage } from "node:async_hooks";

/** @typedef {{ reads: number, writes: number }} Cost */

/**
 * Answers the same store, counted, and `measure(cost, work)`, which adds the commands of `work` to `cost`.
 * The store is given to `createSessions` once, so the request comes from the asynchronous context.
 *
 * @param {import("coatcheck").Store} store
 */
export function meter(store) {
  /** @type {AsyncLocalStorage<Cost>} */
  const current = new AsyncLocalStorage();

  /** @type {import("coatcheck").Store} */
  const counted = {
    read(key) {
      const cost = current.getStore();
      if (cost) cost.reads++;
      return store.read(key);
    },
    write(key, value, expiresAt, expected) {
      const cost = current.getStore();
      if (cost) cost.writes++;
      return store.write(key, value, expiresAt, expected);
    },
  };

  /**
   * @template Result
   * @param {Cost} cost
   * @param {() => Result} work
   */
  const measure = (cost, work) => current.run(cost, work);

  return { counted, measure };
}
