// Time and chance of a run: one queue of events, a clock that jumps from one to the next, and randomness from a seed.
// While it runs, the library's `Date.now`, timers and random bytes are these; promises stay real.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Random } from "./random.ts";

export interface Scheduler {
  /** Milliseconds of the true clock, with fractions. */
  now(): number;
  /** Calls back after so many milliseconds. */
  after(ms: number, run: () => void): void;
  sleep(ms: number): Promise<void>;
  /** Runs as somebody whose clock is ahead of the true one by so many milliseconds. */
  withClock<Result>(aheadMs: number, run: () => Promise<Result>): Promise<Result>;
  /** By how much the clock of whoever asks is ahead. */
  aheadMs(): number;
}

interface Event {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** By how much the clock of whoever runs is ahead. */
const clocks = new AsyncLocalStorage<number>();

/** Where a run begins: some day in 2027. */
const EPOCH = 1_800_000_000_000;

/**
 * Runs `main` in virtual time, and puts everything back that it replaced, whatever happens.
 *
 * @throws what `main` throws; an Error when it waits for what will never happen
 */
export async function simulateTime<Result>(
  random: Random,
  main: (scheduler: Scheduler) => Promise<Result>,
): Promise<Result> {
  const queue = createQueue();
  let now = EPOCH;

  function add(ms: number, run: () => void): Event {
    const ahead = clocks.getStore();
    // A timer runs as whoever set it; the network's events are nobody's.
    const own = ahead === undefined ? run : () => clocks.run(ahead, run);
    return queue.add(now + Math.max(ms, 0), own);
  }

  const scheduler: Scheduler = {
    now: () => now,
    after: (ms, run) => void clocks.exit(() => add(ms, run)),
    sleep: (ms) => new Promise((resolve) => add(ms, resolve)),
    // Following contexts costs a fifth of the time, so it is done only where clocks do disagree.
    withClock: (aheadMs, run) => (aheadMs === 0 ? run() : clocks.run(aheadMs, run)),
    aheadMs: () => clocks.getStore() ?? 0,
  };

  const { setImmediate: realImmediate } = globalThis;
  const restore = replacePlatform({
    now: () => Math.floor(now + scheduler.aheadMs()),
    setTimeout: (run, ms) => add(ms, run),
    random,
  });
  try {
    let outcome: { value: Result } | { error: unknown } | undefined;
    main(scheduler).then(
      (value) => (outcome = { value }),
      (error: unknown) => (outcome = { error }),
    );
    for (;;) {
      // Everything that promises have to do is done before time goes on.
      await new Promise<void>((resolve) => realImmediate(resolve));
      if (outcome) break;
      const event = queue.take();
      if (event === undefined) throw new Error("the run waits for what will never happen");
      now = Math.max(now, event.at);
      event.run?.();
    }
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  } finally {
    clocks.disable();
    restore();
  }
}

/** Replaces what the library uses of the platform, and answers how to put it back. */
function replacePlatform(own: {
  now: () => number;
  setTimeout: (run: () => void, ms: number) => Event;
  random: Random;
}): () => void {
  const { setTimeout: timeout, clearTimeout: clear } = globalThis;
  const { now } = Date;
  Date.now = own.now;
  globalThis.setTimeout = ((run: () => void, ms = 0) => own.setTimeout(run, ms)) as never;
  globalThis.clearTimeout = ((event: Event | undefined) => {
    if (event) event.run = undefined;
  }) as never;
  const fill = <Bytes extends ArrayBufferView>(bytes: Bytes): Bytes => {
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < view.length; at++) view[at] = own.random.below(256);
    return bytes;
  };
  const hex = (digits: number) =>
    own.random
      .below(16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  const uuid = () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
  Object.defineProperty(crypto, "getRandomValues", { value: fill, configurable: true });
  Object.defineProperty(crypto, "randomUUID", { value: uuid, configurable: true });
  return () => {
    Date.now = now;
    globalThis.setTimeout = timeout;
    globalThis.clearTimeout = clear;
    // The platform's own are on the prototype.
    Reflect.deleteProperty(crypto, "getRandomValues");
    Reflect.deleteProperty(crypto, "randomUUID");
  };
}

/** A heap: the event that is due first, and of two at one instant the one that was added first. */
function createQueue(): { add(at: number, run: () => void): Event; take(): Event | undefined } {
  const heap: Event[] = [];
  let orders = 0;
  const isBefore = (one: Event, other: Event) =>
    one.at < other.at || (one.at === other.at && one.order < other.order);

  return {
    add(at, run) {
      const event: Event = { at, order: orders++, run };
      let place = heap.push(event) - 1;
      while (place > 0) {
        const parent = heap[(place - 1) >> 1];
        if (parent === undefined || !isBefore(event, parent)) break;
        heap[place] = parent;
        place = (place - 1) >> 1;
      }
      heap[place] = event;
      return event;
    },
    take() {
      const [first] = heap;
      const last = heap.pop();
      if (first === undefined || last === undefined || heap.length === 0) return first;
      let place = 0;
      for (;;) {
        const left = 2 * place + 1;
        const [one, other] = [heap[left], heap[left + 1]];
        const child = one && other && isBefore(other, one) ? left + 1 : left;
        const next = heap[child];
        if (next === undefined || !isBefore(next, last)) break;
        heap[place] = next;
        place = child;
      }
      heap[place] = last;
      return first;
    },
  };
}
