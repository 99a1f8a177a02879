// Every error that a session can end in. Misuse of `createSessions` is a TypeError or RangeError instead.

import type { SetCookie } from "./cookie.ts";

/** The stable codes of {@link SessionError}. */
export type SessionErrorCode =
  | "SESSION_DESTROYED"
  | "SESSION_COMMITTED"
  | "SESSION_READ_ONLY"
  | "SESSION_FOREIGN"
  | "SESSION_CONFLICT"
  | "SESSION_TOO_LARGE"
  | "SESSION_DATA_INVALID"
  | "SESSION_NOT_SIGNED_IN"
  | "SESSION_COOKIE_NEEDED"
  | "STORE_UNAVAILABLE"
  | "STORE_MISCONFIGURED";

/**
 * A condition of a session that the application can act on. Tell conditions apart by `code`, which is stable, or by
 * the subclass. No message contains an id, a token, a key or session data.
 */
export class SessionError extends Error {
  // Logs print the class's own too, which is short in a file that was made short.
  static override readonly name: string = "SessionError";
  override readonly name: string = "SessionError";
  declare readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The change was not saved, because the session was replaced by another request (`regenerate`) or was written by
 * others without pause for 5 s. Code `SESSION_CONFLICT`. Nothing of this save was written.
 */
export class SessionConflictError extends SessionError {
  static override readonly name: string = "SessionConflictError";
  override readonly name = "SessionConflictError" as const;

  constructor(message: string) {
    super("SESSION_CONFLICT", message);
  }
}

/** Data and flash values are larger than `maxBytes`. Code `SESSION_TOO_LARGE`. Thrown before any write. */
export class SessionSizeError extends SessionError {
  static override readonly name: string = "SessionSizeError";
  override readonly name = "SessionSizeError" as const;
  /** Bytes of JSON in UTF-8. */
  declare readonly bytes: number;
  /** The option `maxBytes`. */
  declare readonly limit: number;

  constructor(bytes: number, limit: number) {
    super("SESSION_TOO_LARGE", `Cannot save session: data is ${bytes} bytes, maxBytes is ${limit}`);
    this.bytes = bytes;
    this.limit = limit;
  }
}

/**
 * The data would not come back as it is: JSON cannot carry it, or the schema refuses it. Code
 * `SESSION_DATA_INVALID`. Thrown before any write.
 */
export class SessionDataError extends SessionError {
  static override readonly name: string = "SessionDataError";
  override readonly name = "SessionDataError" as const;
  /** Where in the data, as in `data.cart[2].price`. Names of properties, never their values. */
  declare readonly path: string;

  constructor(path: string, reason: string) {
    super("SESSION_DATA_INVALID", `Cannot save session: ${path} ${reason}`);
    this.path = path;
  }
}

/** Seconds after which a client may ask again while the store cannot answer. */
const RETRY_AFTER = 5;

/** Whether a store's command took effect: `none`, certainly not; `unknown`, nobody can say. */
export type StoreOutcome = "none" | "unknown";

/**
 * The store cannot answer. Code `STORE_UNAVAILABLE` (an outage: refused, timeout, quota, half an answer) or
 * `STORE_MISCONFIGURED` (wrong or read-only token: waiting does not help; the message names the mend). An absent
 * session is never an error. `handler` and the adapters answer it with `getResponse()`.
 */
export class StoreError extends SessionError {
  static override readonly name: string = "StoreError";
  override readonly name = "StoreError" as const;
  declare readonly code: "STORE_UNAVAILABLE" | "STORE_MISCONFIGURED";
  declare readonly outcome: StoreOutcome;
  // Private, so that no log that prints the error prints the token (R48).
  readonly #cookie: SetCookie | undefined;

  constructor(
    outcome: StoreOutcome,
    message: string,
    code: StoreError["code"] = "STORE_UNAVAILABLE",
    cookie?: SetCookie,
  ) {
    super(code, message);
    this.outcome = outcome;
    this.#cookie = cookie;
  }

  /**
   * The cookie that must go out all the same, where the store could not confirm a `destroy()`: it takes the place of the
   * session's, opens nothing, and has the next request that opens a session repeat the end (R54). `getResponse()`
   * carries it; whoever answers by hand sets it, with `no-store`. Otherwise `undefined`: no cookie is to be set.
   */
  get cookie(): SetCookie | undefined {
    return this.#cookie;
  }

  /**
   * What a visitor gets: a 503 that says nothing of why, with `Retry-After`, `no-store` and `cookie`, if there is one
   * (R50, R51). A new one at every call. Hono asks errors for their response by this name.
   */
  getResponse(): Response {
    return new Response("Service unavailable\n", {
      status: 503,
      headers: {
        "Cache-Control": "no-store",
        "Content-Type": "text/plain; charset=utf-8",
        "Retry-After": String(RETRY_AFTER),
        ...(this.#cookie && { "Set-Cookie": this.#cookie.header }),
      },
    });
  }
}
