// What both sides of a run know: the processes of the application, and the one that sends its visitors.

/** Which composition is put to the test. */
export type Mode = "fallback" | "cached";

/** The store that has the index of users, where there is one: of either kind, and never in one that forgets. */
export const INDEX_IN: Readonly<Record<Mode, "redis" | "sql">> = {
  fallback: "redis",
  cached: "sql",
};

/** Of `cachedStore`: short, so that a minute has many of them. */
export const MAX_STALE_MS = 2_000;

/** The header in which an instance says what was noted of a request: JSON in base64url. */
export const NOTE = "x-note";
