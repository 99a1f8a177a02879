// A store as one that is made of stores asks it: within a deadline, and not at all while it is known to be silent.

import { isObject, type Rule, wholeNumber } from "../check.ts";
import { StoreError } from "../errors.ts";
import { createReporter, type SessionEvent } from "../events.ts";
import type { Store, Swap } from "../store.ts";
import { TIMEOUT, within } from "./deadline.ts";

/** What every store takes that is made of stores. */
export interface CompositeOptions {
  /** Milliseconds that one call of one store may take: 1 to 60,000. Default 1,000. */
  readonly timeoutMs?: number;
  /** Milliseconds that one read or write may take in all: `timeoutMs` to 60,000. Default 2,500, or 2.5 times `timeoutMs`. */
  readonly budgetMs?: number;
  /** Whether a store that is misconfigured (wrong token, missing table) stops the call, instead of being passed over. Default false. */
  readonly strict?: boolean;
  /** Called with `stepped-down` and `stepped-up`. What it throws is dropped. */
  readonly onEvent?: (event: SessionEvent) => void;
}

/** Rules for {@link CompositeOptions}. Bundlers leave them out where no store is made of stores. */
export const COMPOSITE: Readonly<Record<string, Rule>> = {
  timeoutMs: TIMEOUT,
  budgetMs: /* @__PURE__ */ wholeNumber(undefined, 60_000, "milliseconds"),
  strict: [false, (value) => typeof value === "boolean", "true or false"],
  onEvent: [undefined, (value) => !value || typeof value === "function", "a function"],
};

/**
 * What one read or write may take in all.
 *
 * @throws RangeError where that is less than one store may take: then none of the others would ever be asked
 */
export function budgetOf(
  what: string,
  { timeoutMs, budgetMs }: { timeoutMs: number; budgetMs?: number },
): number {
  if (budgetMs === undefined) return Math.max(2500, 2.5 * timeoutMs);
  if (budgetMs >= timeoutMs) return budgetMs;
  throw new RangeError(`Cannot create ${what}: budgetMs must not be less than timeoutMs`);
}

/** A store behind a circuit breaker. What it rejects with is a StoreError; `none` where it was not asked. */
export interface Member {
  readonly isLocal: boolean;
  /** @param deadline epoch milliseconds: when there is no more time at all */
  read(key: string, deadline: number): Promise<string | null>;
  write(row: Parameters<Store["write"]>, deadline: number): Promise<Swap>;
}

/** Failures in a row after which the breaker opens. */
const FAILURES = 3;
/** Milliseconds between two probes of an open breaker, and up to half as much again, so that instances spread out. */
const PROBE_MS = 5000;
/** The longest of them. In figures, so that a bundler can leave it out. */
const MAX_WAIT_MS = 7500;

/**
 * Puts a circuit breaker before a store. It opens after three failures in a row; then one caller in five seconds or more
 * tries the store for all, and the first answer closes it. No timers, and no promise that two requests share.
 *
 * @param name what events call the store
 * @see Michael Nygard, Release It!, "Circuit Breaker"
 */
export function createMember(
  store: Store,
  name: number | "authority" | "cache",
  { timeoutMs, onEvent }: { timeoutMs: number; onEvent?: (event: SessionEvent) => void },
): Member {
  const report = createReporter(onEvent);
  let failures = 0;
  let probeAt = 0;
  let asked = 0;
  /** The latest call that was answered, of those that were asked in order. */
  let answered = 0;
  let last: StoreError | undefined;

  async function ask<Answer>(deadline: number, work: () => Promise<Answer>): Promise<Answer> {
    const now = Date.now();
    const time = Math.min(timeoutMs, deadline - now);
    if (time <= 0) throw new StoreError("none", "Cannot use store: no time is left to ask it");
    if (last && failures >= FAILURES) {
      const wait = probeAt - now;
      // Longer than it was ever told to wait: the clock was set back.
      if (wait > 0 && wait <= MAX_WAIT_MS) throw new StoreError("none", last.message, last.code);
      // Whoever comes meanwhile is turned away: one probe, not a stampede (F51).
      probeAt = now + PROBE_MS + jitter();
    }
    const call = ++asked;
    let isCut = false;
    const late = () => {
      isCut = time < timeoutMs;
      return new StoreError("unknown", `Cannot use store: no answer within ${time} ms`);
    };
    try {
      const answer = await within(time, late, work);
      if (last) report({ type: "stepped-up", store: name });
      last = undefined;
      failures = 0;
      answered = Math.max(answered, call);
      return answer;
    } catch (error) {
      // What else a store throws may quote keys and values, so nothing of it is passed on.
      const failure =
        error instanceof StoreError
          ? error
          : new StoreError("unknown", "Cannot use store: it failed");
      // A store that was given less than its due says nothing of itself, nor does what has been overtaken by an answer.
      if (isCut || call < answered) throw failure;
      const { outcome, code, message } = failure;
      if (!last) report({ type: "stepped-down", store: name, outcome, code, message });
      last = failure;
      if (++failures >= FAILURES) probeAt = Date.now() + PROBE_MS + jitter();
      throw failure;
    }
  }

  return {
    isLocal: store.isLocal ?? false,
    read: (key, deadline) =>
      ask(deadline, async () => {
        const text = (await store.read(key)) as unknown;
        if (text === null || typeof text === "string") return text;
        throw wrongShape();
      }),
    write: (row, deadline) =>
      ask(deadline, async () => {
        const swap = await store.write(...row);
        if (isObject(swap)) return swap;
        throw wrongShape();
      }),
  };
}

function wrongShape(): StoreError {
  return new StoreError("unknown", "Cannot use store: its answer has the wrong shape");
}

function jitter(): number {
  const [random = 0] = crypto.getRandomValues(new Uint8Array(1));
  return (random / 256) * (PROBE_MS / 2);
}
