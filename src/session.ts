// What the application holds. Synchronous, no I/O, no clock: it notes what is done, `commit` does it.

import { apply, type Change, restore } from "./changes.ts";
import { isText, wholeNumber } from "./check.ts";
import { deepFreeze, encodeData, formatStep, leavesOf } from "./data.ts";
import { SessionDataError, SessionError, StoreError } from "./errors.ts";
import type { Flash, Identity } from "./record.ts";
import { begun, noteEdits, refusal, type State } from "./state.ts";
import { newHandle, newStamp } from "./token.ts";

/** What may be said of a sign-in. */
export interface SignInOptions {
  /** What the application wants to see of it in a list of sessions, as the browser's name: plain JSON, up to 1,024 bytes. */
  readonly meta?: object;
  /** Whether the browser keeps the cookie when it is closed. Default true. */
  readonly persistent?: boolean;
}

const isUserId = isText(/^[^]{1,255}$/);
const MAX_META_BYTES = 1024;
/** Seconds: 400 days, the longest that a session lives. */
const AGE = wholeNumber(0, 34_560_000, "seconds");

/** Lets the compiler refuse a function that answers a promise; one that always throws answers `never`. */
export type Synchronous<Result> = [Result] extends [never]
  ? unknown
  : Result extends PromiseLike<unknown>
    ? never
    : unknown;

/** Opens a session to the modules that load and commit it. */
export let stateOf: <Data extends object>(session: Session<Data>) => State<Data>;

/** A visitor's session. Nothing that is done to it is stored before `commit`, `save` or the end of `handler`. */
export class Session<Data extends object> {
  static readonly name: string = "Session";
  readonly #state: State<Data>;

  constructor(state: State<Data>) {
    this.#state = state;
  }

  static {
    stateOf = (session) => session.#state;
  }

  /**
   * The application's own object: change it in place; what changed is found by comparing. After commit, and where
   * nothing can be written, a deeply frozen copy; what is then done to an object taken from here before is not saved.
   *
   * @throws SessionError `SESSION_DESTROYED` after `destroy()`
   */
  get data(): Data {
    const state = this.#open();
    const data = begun(state);
    if (!refusal(state)) {
      // Whoever has had it before may have edited it since: then its JSON alone can tell.
      state.touched ??= {
        json: state.noted,
        leaves: state.lent ? [] : leavesOf(data, state.noted.length),
      };
      return data;
    }
    return (state.frozen ??= deepFreeze(JSON.parse(JSON.stringify(data)) as Data));
  }

  /**
   * Applies `change` to the data now, and again on newer data when the save meets a concurrent write: two parallel
   * `update((d) => { d.n++ })` give 2. It must be synchronous and depend on the data alone. When it throws, the data
   * is as it was before.
   *
   * @throws TypeError when it answers a promise; SessionDataError when JSON cannot carry the result; SessionError
   *   `SESSION_DESTROYED`, `SESSION_COMMITTED`, `SESSION_READ_ONLY`; StoreError on an `unavailable` session
   */
  update<Result>(change: ((data: Data) => Result) & Synchronous<Result>): void {
    const state = this.#writable();
    const data = begun(state);
    noteEdits(state);
    state.lent = true;
    const step = apply(change);
    try {
      step({ data, flash: state.flash });
      state.noted = encodeData(data, "data");
    } catch (error) {
      restore(data, state.noted);
      throw error;
    }
    state.changes.push(step);
  }

  /**
   * Keeps a value for the next page. Any JSON; counts towards `maxBytes`.
   *
   * @throws as `update`
   */
  flash(key: string, value: unknown): void;
  /**
   * Answers the value kept for this page, else `undefined`. Reading uses it up at commit, and only the value that was
   * read; on a prefetch, and where nothing can be written, it stays.
   *
   * @throws SessionError `SESSION_DESTROYED`
   */
  flash(key: string): unknown;
  flash(key: string, ...values: unknown[]): unknown {
    const state = this.#open();
    const { flash, shown, changes } = state;
    if (values.length > 0) {
      this.#writable();
      const value = JSON.parse(encodeData(values[0], `flash${formatStep(key)}`)) as unknown;
      const entry: Flash = [newStamp(), deepFreeze(value)];
      const keep: Change<Data> = (draft) => draft.flash.set(key, entry);
      shown.delete(key);
      keep({ data: begun(state), flash });
      changes.push(keep);
      return undefined;
    }
    const entry = flash.get(key);
    if (entry !== undefined && !state.isPrefetch() && !refusal(state)) {
      shown.set(key, entry);
      flash.delete(key);
      changes.push((draft) => {
        if (draft.flash.get(key)?.[0] === entry[0]) draft.flash.delete(key);
      });
    }
    return (entry ?? shown.get(key))?.[1];
  }

  /**
   * Gives the session a new id at commit, with the same data; the old one is dead at once. Call it after every change
   * of rights; {@link signIn} and {@link elevate} do it themselves. Neither `createdAt` nor the lifetime moves.
   *
   * @throws SessionError `SESSION_DESTROYED`, `SESSION_COMMITTED`, `SESSION_READ_ONLY`; StoreError when `unavailable`
   */
  regenerate(): void {
    this.#writable().regenerate = true;
  }

  /**
   * Makes it the session of a user at commit, under a new id: the old one is dead at once. The lifetime starts anew. What
   * the visitor had before is kept, unless they were signed in as somebody else: then nothing of that is.
   *
   * Call it when the proof is complete: what is known after a password alone, where a second factor is to come, belongs
   * into `data` (F42).
   *
   * @param userId the application's own name for the user, 1 to 255 characters; another user has another one
   * @throws TypeError for another `userId` or `persistent`, and for another user than before where the schema is async and
   *   there is no `initial`; SessionDataError
   *   for what `meta` holds; SessionError `SESSION_DESTROYED`, `SESSION_COMMITTED`, `SESSION_READ_ONLY`
   */
  signIn(userId: string, { meta, persistent = true }: SignInOptions = {}): void {
    if (!isUserId(userId)) {
      throw new TypeError("Cannot sign in: userId must be text of 1 to 255 characters");
    }
    if (typeof persistent !== "boolean") {
      throw new TypeError("Cannot sign in: persistent must be true or false");
    }
    const json = meta === undefined ? undefined : encodeData(meta, "meta");
    if (json !== undefined) {
      if (!json.startsWith("{")) throw new SessionDataError("meta", "is no object");
      if (new TextEncoder().encode(json).length > MAX_META_BYTES) {
        throw new SessionDataError("meta", `is larger than ${MAX_META_BYTES} bytes`);
      }
    }
    const state = this.#open();
    const refused = refusal(state, "same");
    if (refused) throw refused;
    state.frozen = undefined;
    const before = state.identity;
    const whose = before?.user ?? state.past;
    const isOther = whose !== undefined && whose !== userId;
    const now = Date.now();
    if (isOther) forget(state);
    else begun(state);
    state.identity = {
      user: userId,
      handle: before && !isOther ? before.handle : newHandle(),
      signedInAt: now,
      authenticatedAt: now,
      ...(json === undefined ? {} : { meta: deepFreeze(JSON.parse(json) as object) }),
      ...(persistent ? {} : { persistent }),
    };
    state.signIn = isOther || state.signIn === "other" ? "other" : "same";
    state.regenerate = true;
  }

  /**
   * Notes that the user has proved once more who they are, for {@link isFresh}, and gives the session a new id, as
   * `regenerate()` does. The lifetime does not move.
   *
   * @throws SessionError `SESSION_NOT_SIGNED_IN`, and as `regenerate`
   */
  elevate(): void {
    const state = this.#writable();
    if (!state.identity) {
      throw new SessionError(
        "SESSION_NOT_SIGNED_IN",
        "Cannot elevate session: nobody is signed in",
      );
    }
    state.identity = { ...state.identity, authenticatedAt: Date.now() };
    state.signIn ??= "elevate";
    state.regenerate = true;
  }

  /** `destroy()`, as the opposite of {@link signIn}. */
  signOut(): void {
    this.destroy();
  }

  /** Who has signed in; `undefined` where nobody has, and as soon as they have signed out. */
  get userId(): string | undefined {
    return this.#identity?.user;
  }

  /**
   * What `sessions.user(userId)` calls this session: the same after `regenerate()`, and worth nothing as a cookie.
   * `undefined` where nobody has signed in.
   */
  get handle(): string | undefined {
    return this.#identity?.handle;
  }

  /** Epoch milliseconds: when the user last proved who they are, by `signIn` or `elevate`. */
  get authenticatedAt(): number | undefined {
    return this.#identity?.authenticatedAt;
  }

  /**
   * Whether the user has proved who they are no longer than so many seconds ago. False where nobody is signed in.
   *
   * @param seconds a whole number from 1 to 34,560,000
   * @throws RangeError for another number, TypeError for anything else
   */
  isFresh(seconds: number): boolean {
    const [, isRight, mend] = AGE;
    if (!isRight(seconds)) {
      const Kind = typeof seconds === "number" ? RangeError : TypeError;
      throw new Kind(`Cannot tell age: seconds must be ${mend}`);
    }
    // Either way: a clock that was set back must not make a proof last.
    const age = Math.abs(Date.now() - (this.authenticatedAt ?? -Infinity));
    return age <= seconds * 1000;
  }

  /**
   * Ends the session everywhere at commit, and deletes the cookie. Final: whatever is done to this object afterwards
   * throws.
   *
   * @throws SessionError `SESSION_DESTROYED`, `SESSION_COMMITTED`, `SESSION_READ_ONLY`
   */
  destroy(): void {
    const state = this.#open();
    const refused = refusal(state);
    // While the store does not answer, an end can still be asked for: commit tries it, and fails aloud.
    if (refused && !(refused instanceof StoreError)) throw refused;
    state.ended = true;
  }

  /** Whether nothing of this session is stored: none came with the request, and none was saved since. */
  get isNew(): boolean {
    return this.#state.origin.kind !== "row";
  }

  /** Whether the store did not answer and `whenUnavailable` is `"anonymous"`: the data is that of a new session. */
  get unavailable(): boolean {
    return this.#state.origin.kind === "unanswered";
  }

  /** Epoch milliseconds. */
  get createdAt(): number {
    return this.#state.createdAt;
  }

  /** Epoch milliseconds: when the session ends if it is not renewed before. */
  get expiresAt(): number {
    return this.#state.expiresAt;
  }

  /** Nobody's as soon as it was destroyed. */
  get #identity(): Identity | undefined {
    const { ended, identity } = this.#state;
    return ended ? undefined : identity;
  }

  #open(): State<Data> {
    if (this.#state.ended) {
      throw new SessionError("SESSION_DESTROYED", "Cannot use session: it was destroyed");
    }
    return this.#state;
  }

  #writable(): State<Data> {
    const state = this.#open();
    const refused = refusal(state);
    if (refused) throw refused;
    return state;
  }
}

/** Makes the session one that nobody has used: what it held was another user's (R35). */
function forget<Data extends object>(state: State<Data>): void {
  const json = state.begin();
  state.noted = state.stored = json;
  state.data = JSON.parse(json) as Data;
  state.changes.length = 0;
  state.sent.length = 0;
  state.flash = new Map();
  state.shown.clear();
}
