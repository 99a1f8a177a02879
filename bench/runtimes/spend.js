// What a batch of requests takes a process, in time of the processor.

// @ts-check

import { cpuOf } from "../cpu.js";

/**
 * @typedef {Omit<import("./batch.js").Question, "ask">} Batch
 * @typedef {Pick<import("./programs.js").Process, "pid" | "ask">} Asked
 */

/** So that what is measured has been compiled. A process that has done nothing yet needs longer. */
const WARMUP_MS = 400;
const FIRST_MS = 1500;

/**
 * Measured by the processor's time, since on a busy machine the time alone says nothing of what has been compiled.
 * @param {Asked} process
 * @param {Batch} batch
 * @param {number} ms
 * @param {boolean} isFirst of that process
 * @returns {Promise<number>} the requests that take so long; 0 where it does not do that work
 */
export async function warmUp(process, batch, ms, isFirst) {
  let count = 64;
  let spent = 0;
  const warmup = isFirst ? FIRST_MS : WARMUP_MS;
  // On a busy machine it gets less, and is not waited for.
  const deadline = performance.now() + 1.5 * warmup;
  while (spent < warmup * 1000 && performance.now() < deadline) {
    const { cpu, done } = await spend(process, { ...batch, count });
    if (done === 0) return 0;
    spent += cpu;
    count = Math.max(1, Math.round((done * ms * 1000) / cpu));
  }
  return count;
}

/**
 * @param {Asked} process
 * @param {Batch} batch
 * @returns {Promise<{ cpu: number, done: number }>} microseconds, of so many requests
 */
export async function spend({ pid, ask }, batch) {
  const before = cpuOf(pid);
  const { done = 0, error } = await ask({ ask: "do", ...batch });
  if (error !== undefined) throw new Error(error);
  return { cpu: cpuOf(pid) - before, done };
}
