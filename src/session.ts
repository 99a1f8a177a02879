// What the application holds. Synchronous, no I/O, no clock: it notes what is done, `commit` does it.

import { apply, type Change, restore } from "./changes.ts";
import { deepFreeze, encodeData, formatStep } from "./data.ts";
import { SessionError, StoreError } from "./errors.ts";
import { type Flash, newStamp } from "./record.ts";
import { begun, noteEdits, refusal, type State } from "./state.ts";

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
