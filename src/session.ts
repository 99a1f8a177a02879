// What the application holds. Synchronous, no I/O, no clock: it notes what is done, `commit` does it.

import { apply, type Change, diff, restore } from "./changes.ts";
import type { SetCookie } from "./cookie.ts";
import { deepFreeze, encodeData, formatStep } from "./data.ts";
import { SessionError, StoreError } from "./errors.ts";
import { type Flash, newStamp, type SessionRecord } from "./record.ts";

/** A row that holds the session, as it was when last read or written. */
export interface Row {
  readonly kind: "row";
  readonly id: Uint8Array;
  readonly key: string;
  /** The row's value, which a swap must expect. */
  readonly text: string;
  readonly record: SessionRecord;
}

/**
 * Where a session stands in the store.
 *
 * - `none`: no genuine cookie came.
 * - `row`: here.
 * - `absent`: a genuine cookie came, of a session that expired, does not decode, or is not there (`text` null).
 * - `replaced`: it was ended or replaced elsewhere; a mark stands there, or nothing any more.
 * - `unanswered`: the store did not say.
 */
export type Origin =
  | Row
  | { readonly kind: "none" }
  | {
      readonly kind: "absent" | "replaced" | "unanswered";
      readonly key: string;
      readonly text: string | null;
    };

/** All that a session knows; for `load` and `commit` alone. */
export interface State<Data extends object> {
  /** The `Sessions` that it belongs to. */
  readonly owner: object;
  readonly readOnly: boolean | undefined;
  readonly prefetch: boolean | undefined;
  /** Whether a cookie of the session's name came, genuine or not: then `destroy` deletes it. */
  readonly cookieCame: boolean;
  /** Keys of genuine cookies that came two at a time: they open nothing (R19), and `destroy` ends what they name. */
  readonly duplicates: readonly string[];
  /** Makes the data of a session that is not stored. */
  readonly begin: () => Data;
  origin: Origin;
  createdAt: number;
  expiresAt: number;
  /** The application's object; absent until somebody asks for it where nothing is stored. */
  data: Data | undefined;
  /** Whether the application may have edited `data` directly. */
  touched?: boolean;
  /** JSON of the data as it stands in the store, or as a new session begins. */
  stored: string;
  /** JSON of `data` with every change that stands in `changes`. */
  noted: string;
  readonly changes: Change<Data>[];
  /** Flash values still to be shown, and those that this request has shown. */
  flash: Map<string, Flash>;
  readonly shown: Map<string, Flash>;
  regenerate?: boolean;
  ended?: boolean;
  /** Whether `commit` has begun: the response is on its way, changes would be lost. */
  closed: boolean | undefined;
  /** What saves sent whose answers were lost: one of them may stand there. */
  readonly sent: (Pick<Row, "text" | "record"> & {
    seen: string;
    expiresAt: number;
    steps: number;
  })[];
  /** The save under way, if any: another waits for it, since two would make two rows. */
  saving: Promise<unknown>;
  /** A cookie that a save has made and no response has carried yet. */
  cookie?: SetCookie | undefined;
  frozen?: Data;
}

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
      state.touched = true;
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
    if (entry !== undefined && !state.prefetch && !refusal(state)) {
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
   * of privilege, sign-in above all. Neither `createdAt` nor the lifetime moves.
   *
   * @throws SessionError `SESSION_DESTROYED`, `SESSION_COMMITTED`, `SESSION_READ_ONLY`; StoreError when `unavailable`
   */
  regenerate(): void {
    this.#writable().regenerate = true;
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

type Refusable = Pick<State<object>, "closed" | "readOnly" | "origin">;

/** Why a session cannot be changed; `undefined` when it can. */
function refusal({ closed, readOnly, origin }: Refusable): SessionError | undefined {
  if (closed)
    return new SessionError(
      "SESSION_COMMITTED",
      "Cannot change session: it was committed; change it before you return the response",
    );
  if (readOnly)
    return new SessionError("SESSION_READ_ONLY", "Cannot change session: it was opened read-only");
  if (origin.kind !== "unanswered") return undefined;
  return new StoreError("none", "Cannot change session: the store did not answer");
}

/** The application's object, made now if nobody has asked for it before. */
function begun<Data extends object>(state: State<Data>): Data {
  if (state.data === undefined) {
    state.data = state.begin();
    state.noted = state.stored = encodeData(state.data, "data");
  }
  return state.data;
}

/**
 * Notes direct edits since the last note as a change, and answers the JSON of the data as it is now.
 *
 * @throws SessionDataError when JSON cannot carry the data
 */
export function noteEdits<Data extends object>(state: State<Data>): string {
  const data = begun(state);
  if (state.touched) {
    const json = encodeData(data, "data");
    const edits = json === state.noted ? undefined : diff(state.noted, data);
    if (edits) state.changes.push(edits);
    state.noted = json;
  }
  return state.noted;
}
