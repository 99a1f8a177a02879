// What the library asks of a store: two methods. Types only.

/** What `write` found: it took place, or this is what stands there instead (`null`: nothing). */
export type Swap =
  | { readonly swapped: true }
  | { readonly swapped: false; readonly current: string | null };

/**
 * A key-value table whose rows expire and change only by compare-and-swap. It knows nothing of sessions.
 *
 * Both methods answer or reject. A rejection means "I cannot answer" and is a `StoreError`, whose `outcome` says
 * whether the command may have taken effect; it never stands for an absent row, and an absent row is never a
 * rejection. Anything else that a store throws is taken for an `unknown` outcome.
 */
export interface Store {
  /** Whether rows live in this process alone, so that no other instance sees them. Default false. */
  readonly isLocal?: boolean;

  /** Answers the row's value byte for byte; `null` when there is none, or it has expired. */
  read(key: string): Promise<string | null>;

  /**
   * Atomically makes the row `value` until `expiresAt`, if what stands there now is exactly `expected` (`null`:
   * nothing, or an expired row); else changes nothing and answers what does stand there.
   *
   * @param expiresAt epoch milliseconds. One that is not in the future removes the row, on the same condition.
   */
  write(key: string, value: string, expiresAt: number, expected: string | null): Promise<Swap>;
}
