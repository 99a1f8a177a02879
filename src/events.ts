// Every event that `onEvent` reports, and how it is told. None contains an id, a token, a whole key, a secret or session data.

/**
 * Something worth counting, logging or alerting on. `ref` is the first 12 characters of the session's key (a hash):
 * enough to follow one session through a log, useless as a cookie.
 *
 * - `created`, `regenerated`, `destroyed`: a session began, got a new id, ended.
 * - `unconfirmed`: a session was to end, and the store did not confirm it. It is tried again; `destroyed` tells when it is done.
 * - `gone`: a genuine cookie came, or a change was to be saved, and no session stood there: `nothing` (any more),
 *   a mark of one that was `ended` or `moved`, one that had `expired`, or a `corrupt` record.
 * - `refused`: the schema does not take a stored session's data, which begins anew.
 * - `conflict`: a save met concurrent writes; it took `attempts` in all.
 * - `forged`: a cookie that is `malformed`, not signed by any of the secrets (`signature`), or one of two with the
 *   session's name (`duplicate`). It was not used.
 * - `store-failed`, `store-recovered`: a store call was not answered, or one of the index of users; the first answer
 *   after that.
 * - `stepped-down`, `stepped-up`: a store that others stand beside stopped answering, and answers again; its place in
 *   the list of `fallbackStore`, or its name in `cachedStore`.
 * - `insecure`: `createSessions` was called with `secure: false`.
 * - `cached-client`: a Redis client that may answer reads from a cache of its own (`@vercel/kv`).
 */
export type SessionEvent =
  | { readonly type: "created" | "destroyed" | "unconfirmed" | "refused"; readonly ref: string }
  | { readonly type: "regenerated"; readonly ref: string; readonly from: string }
  | {
      readonly type: "gone";
      readonly ref: string;
      readonly during: "load" | "save";
      readonly found: "nothing" | "ended" | "moved" | "expired" | "corrupt";
    }
  | { readonly type: "conflict"; readonly ref: string; readonly attempts: number }
  | { readonly type: "forged"; readonly reason: "malformed" | "signature" | "duplicate" }
  | {
      readonly type: "store-failed";
      readonly operation: "read" | "write" | "users";
      /** Whether the command may have taken effect. */
      readonly outcome: "none" | "unknown";
      /** `STORE_UNAVAILABLE`, or `STORE_MISCONFIGURED` where waiting does not help. */
      readonly code: string;
      /** What the store's error says: a reason and, for a misconfiguration, its mend. */
      readonly message: string;
    }
  | {
      readonly type: "stepped-down";
      readonly store: number | "authority" | "cache";
      /** Whether the command may have taken effect. */
      readonly outcome: "none" | "unknown";
      /** `STORE_UNAVAILABLE`, or `STORE_MISCONFIGURED` where waiting does not help. */
      readonly code: string;
      /** What the store's error says: a reason and, for a misconfiguration, its mend. */
      readonly message: string;
    }
  | { readonly type: "stepped-up"; readonly store: number | "authority" | "cache" }
  | { readonly type: "store-recovered" | "insecure" | "cached-client" };

/** An observer that fails must not fail the request: what it throws, or rejects with, is dropped. */
export function createReporter(
  onEvent: ((event: SessionEvent) => unknown) | undefined,
): (event: SessionEvent) => void {
  if (onEvent === undefined) return () => {};
  return async (event) => {
    try {
      await onEvent(event);
    } catch {
      // Whoever observes has their own ways to learn of it; the request goes on.
    }
  };
}
