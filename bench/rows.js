// Where a contender's store keeps its rows: a Map of strings, in this process or 5 ms away. What is away counts what it
// is asked, and how many of the calls waited for one another.

// @ts-check

import { setTimeout as sleep } from "node:timers/promises";

/**
 * @template Value
 * @typedef {Value | Promise<Value>} Awaitable
 */

/**
 * @typedef {{ swapped: true } | { swapped: false, current: string | null }} Swap
 *
 * @typedef {object} Rows
 * @property {(key: string) => Awaitable<string | null>} get
 * @property {(key: string, value: string) => Awaitable<void>} set
 * @property {(key: string) => Awaitable<void>} delete
 * @property {(key: string) => Awaitable<void>} touch moves the expiry alone, as Redis's EXPIRE
 * @property {(key: string, value: string, expected: string | null) => Awaitable<Swap>} swap
 *   as a script of Redis: sets the row if what stands there is as expected, else answers what does
 *
 * @typedef {object} Trace
 * @property {number} calls
 * @property {number} answered of these
 * @property {number} roundTrips the longest chain of calls of which each began when the one before was answered
 */

/** On its way there and back. Timers have no fractions of milliseconds. */
const OUTWARD_MS = 3;
const HOMEWARD_MS = 2;

/** Rows do not expire: no run lasts as long as a session. */
export function nearRows() {
  /** @type {Map<string, string>} */
  const map = new Map();
  return {
    /** @param {string} key */
    get: (key) => map.get(key) ?? null,
    /** @type {(key: string, value: string) => void} */
    set: (key, value) => void map.set(key, value),
    /** @param {string} key */
    delete: (key) => void map.delete(key),
    touch() {},
    /** @type {(key: string, value: string, expected: string | null) => Swap} */
    swap(key, value, expected) {
      const current = map.get(key) ?? null;
      if (current !== expected) return { swapped: false, current };
      map.set(key, value);
      return { swapped: true };
    },
    clear: () => map.clear(),
    /** Answers what puts all rows back as they are now. */
    keep() {
      const kept = [...map];
      return () => {
        map.clear();
        for (const [key, value] of kept) map.set(key, value);
      };
    },
  };
}

/** The same, 5 ms away. `trace` tells what it was asked since `forget`. */
export function farRows() {
  const near = nearRows();
  const trace = { calls: 0, answered: 0, roundTrips: 0 };

  /**
   * @template {readonly unknown[]} Given
   * @template Answer
   * @param {(...given: Given) => Answer} operation
   * @returns {(...given: Given) => Promise<Answer>}
   */
  function away(operation) {
    return async (...given) => {
      trace.calls++;
      const depth = trace.roundTrips + 1;
      await sleep(OUTWARD_MS);
      const answer = operation(...given);
      await sleep(HOMEWARD_MS);
      trace.answered++;
      trace.roundTrips = Math.max(trace.roundTrips, depth);
      return answer;
    };
  }

  return {
    get: away(near.get),
    set: away(near.set),
    delete: away(near.delete),
    touch: away((/** @type {string} */ _key) => near.touch()),
    swap: away(near.swap),
    /** @type {Readonly<Trace>} */
    trace,
    forget: () => void Object.assign(trace, { calls: 0, answered: 0, roundTrips: 0 }),
  };
}
