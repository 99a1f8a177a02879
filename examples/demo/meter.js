// Counts what a request costs: a store around a store, and the request that is under way around both.
import { AsyncLocalStorage } from "node:async_hooks";

/**
 * @typedef {{ reads: number, writes: number, index: number, asked: Map<string, number>, ms?: number }} Cost `index`: calls
 *   of the index of users; `asked`: how often a request asked each of the stores that a store is made of, by name
 */

// A store is given to `createSessions` once, so the request comes from the asynchronous context.
/** @type {AsyncLocalStorage<Cost>} */
const current = new AsyncLocalStorage();

/** @returns {Cost} */
export const noCost = () => ({ reads: 0, writes: 0, index: 0, asked: new Map() });

/**
 * Does `work`, and adds its commands to `cost`.
 *
 * @template Result
 * @param {Cost} cost
 * @param {() => Result} work
 */
export const measure = (cost, work) => current.run(cost, work);

/**
 * Adds one to what the request under way costs.
 *
 * @param {"reads" | "writes" | "index"} kind
 */
export function count(kind) {
  const cost = current.getStore();
  if (cost) cost[kind]++;
}

/**
 * The same store, whose commands are counted.
 *
 * @param {import("coatcheck").Store} store
 * @returns {import("coatcheck").Store}
 */
export function metered(store) {
  return observed(store, count);
}

/**
 * @typedef {{
 *   name: string,
 *   role: string,
 *   part: string,
 *   asked: number,
 *   answered: number,
 *   failures: number,
 *   isDown: boolean,
 * }} Member one of the stores that a store is made of, seen from outside: `part` is what plays it, `failures` are in a row
 */

/**
 * The same store, which notes on `member` what it is asked and answers.
 *
 * @param {import("coatcheck").Store} store
 * @param {Member} member
 */
export function watched(store, member) {
  return observed(
    store,
    () => {
      member.asked++;
      const asked = current.getStore()?.asked;
      asked?.set(member.name, (asked.get(member.name) ?? 0) + 1);
    },
    (isAnswer) => {
      if (isAnswer) member.answered++;
      member.failures = isAnswer ? 0 : member.failures + 1;
    },
  );
}

/**
 * @param {import("coatcheck").Store} store
 * @param {(kind: "reads" | "writes") => void} onAsked
 * @param {(isAnswer: boolean) => void} [onSettled]
 * @returns {import("coatcheck").Store}
 */
function observed(store, onAsked, onSettled = () => undefined) {
  /**
   * @template Answer
   * @param {"reads" | "writes"} kind
   * @param {() => Promise<Answer>} ask
   */
  async function tell(kind, ask) {
    onAsked(kind);
    try {
      const answer = await ask();
      onSettled(true);
      return answer;
    } catch (error) {
      onSettled(false);
      throw error;
    }
  }
  return {
    ...(store.isLocal && { isLocal: true }),
    read: (key) => tell("reads", () => store.read(key)),
    write: (...row) => tell("writes", () => store.write(...row)),
  };
}
