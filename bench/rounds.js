// Rounds in which all take their turn, so that what else the machine does hits all alike, and ratios within a round.

// @ts-check

import { quartilesOf } from "./table.js";

/**
 * For how long at most: a slow machine has fewer rounds.
 *
 * @typedef {object} Most
 * @property {number} rounds
 * @property {number} seconds
 */

/** However slow the machine is, fewer have no quartiles. */
const LEAST_ROUNDS = 3;

/**
 * Has each of them measured once in each round, one after another. Who begins moves on.
 * @template Contestant
 * @template Taken
 * @param {Most} most
 * @param {readonly Contestant[]} contestants
 * @param {(contestant: Contestant) => Promise<Taken>} measure
 * @returns {Promise<Taken[][]>} what each contestant took in each round
 */
export async function takeTurns({ rounds, seconds }, contestants, measure) {
  const deadline = performance.now() + seconds * 1000;
  /** @type {Taken[][]} */
  const taken = contestants.map(() => []);
  for (let round = 0; round < rounds; round++) {
    if (round >= LEAST_ROUNDS && performance.now() > deadline) break;
    for (let turn = 0; turn < contestants.length; turn++) {
      const at = (round + turn) % contestants.length;
      taken[at]?.push(await measure(/** @type {Contestant} */ (contestants[at])));
    }
  }
  return taken;
}

/**
 * @param {readonly number[]} values in each round
 * @param {readonly number[] | undefined} base in the same rounds
 */
export function ratiosOf(values, base) {
  return quartilesOf(values.map((value, round) => value / (base?.[round] ?? NaN)));
}

/**
 * How long it takes, in microseconds.
 * @param {() => Promise<unknown>} work
 */
export async function timeOf(work) {
  const from = performance.now();
  await work();
  return (performance.now() - from) * 1000;
}
