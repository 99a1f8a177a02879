// What a session knows, between load and commit, and what may still be done to it.

import { type Change, diff } from "./changes.ts";
import type { SetCookie } from "./cookie.ts";
import { encodeData, isUnchanged } from "./data.ts";
import { SessionError, StoreError } from "./errors.ts";
import type { Flash, Identity, SessionRecord } from "./record.ts";

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
 * - `replaced`: it was ended or, where `isMoved`, replaced elsewhere; a mark stands there, or nothing any more.
 * - `unanswered`: the store was not asked, or did not say.
 */
export type Origin =
  | Row
  | Unanswered
  | { readonly kind: "none" }
  | {
      readonly kind: "absent" | "replaced";
      readonly id: Uint8Array;
      readonly key: string;
      readonly text: string | null;
      readonly isMoved?: boolean;
      /** What did not hold was a sign-in alone: the cookie opens what it opened before. */
      readonly isAlive?: boolean;
    };

/** What a genuine token names, before anybody has read it. */
export interface Unanswered {
  readonly kind: "unanswered";
  readonly id: Uint8Array;
  readonly key: string;
}

/** A record, ready to be written. */
export interface Draft {
  readonly record: SessionRecord;
  /** JSON of its data as the application sees it. */
  readonly seen: string;
  readonly text: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** All that a session knows; for `load` and `commit` alone. */
export interface State<Data extends object> {
  /** The `Sessions` that it belongs to. */
  readonly owner: object;
  readonly readOnly: boolean | undefined;
  /** A function, since it is seldom asked. */
  readonly isPrefetch: () => boolean;
  /** Whether a cookie of the session's name came, genuine or not: then `destroy` deletes it. */
  readonly cookieCame: boolean;
  /** What genuine cookies name that came two at a time: they open nothing (R19), and `destroy` ends them. */
  readonly duplicates: Unanswered[];
  /** Makes the data of a session that is not stored, as JSON: what `initial` answers may serve every visitor. */
  readonly begin: () => string;
  origin: Origin;
  createdAt: number;
  expiresAt: number;
  /** The application's object; absent until somebody asks for it where nothing is stored. */
  data: Data | undefined;
  /** What `data` held when the application got hold of it, which it may have edited since; and JSON of that. */
  touched?: { readonly json: string; readonly leaves: readonly unknown[] };
  /** Whether a function given to `update` has had `data`, and may have kept hold of it. */
  lent?: boolean;
  /** JSON of the data as it stands in the store, or as a new session begins. */
  stored: string;
  /** JSON of `data` with every change that stands in `changes`. */
  noted: string;
  readonly changes: Change<Data>[];
  /** Flash values still to be shown, and those that this request has shown. */
  flash: Map<string, Flash>;
  readonly shown: Map<string, Flash>;
  /** Who has signed in, this request's own sign-in or proof included. */
  identity: Identity | undefined;
  /** Whose data this may be, after an end has made nobody of them. */
  past?: string | undefined;
  /** What is to become of the identity: `other`, when nothing of what stands in the row may be carried over. */
  signIn?: "other" | "same" | "elevate" | undefined;
  regenerate?: boolean;
  ended?: boolean;
  /** Whether `commit` has begun: the response is on its way, changes would be lost. */
  closed: boolean | undefined;
  /** What saves sent whose answers were lost: one of them may stand there. */
  readonly sent: {
    readonly draft: Draft;
    readonly steps: number;
  }[];
  /** The save under way, if any: another waits for it, since two would make two rows. */
  saving?: Promise<unknown>;
  /** A cookie that a save has made and no response has carried yet. */
  cookie?: SetCookie | undefined;
  frozen?: Data | undefined;
}

/** Whether somebody signs in, rather than proving once more who they are. */
export function isSignIn(signIn: State<object>["signIn"]): boolean {
  return signIn !== undefined && signIn !== "elevate";
}

type Refusable = Pick<State<object>, "closed" | "readOnly" | "origin" | "signIn">;

/** Why a session cannot be changed, or somebody cannot sign in; `undefined` when it can. */
export function refusal(
  { closed, readOnly, origin, signIn: earlier }: Refusable,
  signIn: State<object>["signIn"] = earlier,
): SessionError | undefined {
  if (closed)
    return new SessionError(
      "SESSION_COMMITTED",
      "Cannot change session: it was committed; change it before you return the response",
    );
  if (readOnly)
    return new SessionError("SESSION_READ_ONLY", "Cannot change session: it was opened read-only");
  // A sign-in begins another session, whatever became of the one that was not read.
  if (origin.kind !== "unanswered" || signIn) return undefined;
  return new StoreError("none", "Cannot change session: the store did not answer");
}

/** The application's object, made now if nobody has asked for it before. */
export function begun<Data extends object>(state: State<Data>): Data {
  if (state.data === undefined) {
    state.noted = state.stored = state.begin();
    state.data = JSON.parse(state.noted) as Data;
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
  const { touched } = state;
  if (touched && !(touched.json === state.noted && isUnchanged(data, touched.leaves))) {
    const json = encodeData(data, "data");
    const edits = json === state.noted ? undefined : diff<Data>(state.noted, json);
    if (edits) state.changes.push(edits);
    state.noted = json;
  }
  return state.noted;
}
