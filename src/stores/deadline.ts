// How long a store waits for its client.

import { type Rule, wholeNumber } from "../check.ts";

/** Milliseconds: 1 to 60,000. */
export const TIMEOUT: Rule = wholeNumber(1000, 60_000, "milliseconds");

/**
 * Answers what `ask` does, or rejects with what `late` makes when that takes longer: a client that queues while it is
 * not connected would wait for ever. What was asked goes on, and nobody hears of it.
 */
export async function within<Answer>(
  timeoutMs: number,
  late: (timeoutMs: number) => Error,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late(timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([ask(), deadline]);
  } finally {
    clearTimeout(timer);
  }
}
