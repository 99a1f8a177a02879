// What one save writes: a record of the session as it was when the save began, and again, with the same changes, on
// what others wrote meanwhile. And what the session is, once that is written or has no place any more.

import { type Change, diff, replay } from "./changes.ts";
import { type Context, refOf } from "./context.ts";
import { checkSize } from "./data.ts";
import type { Listed } from "./entries.ts";
import { SessionConflictError } from "./errors.ts";
import { encodeRecord, expiryOf, type Identity, type SessionRecord } from "./record.ts";
import { beginWith, checkSchema, type Lost, type Stored } from "./row.ts";
import { begun, type Draft, isSignIn, noteEdits, type Row, type State } from "./state.ts";

/** What a save can be asked to write. `renew` writes nothing but the time of this visit. */
export type Writing = "create" | "update" | "renewing update" | "renew" | "regenerate";

/** One save under way. What it takes from the state it takes at once: the application may go on meanwhile. */
export interface Job<Data extends object> {
  readonly context: Context<Data>;
  readonly state: State<Data>;
  readonly planned: Writing;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Where the session stands, if it does. */
  readonly row: Row | undefined;
  readonly changes: readonly Change<Data>[];
  /** JSON of the data with these changes. */
  readonly seen: string;
  readonly identity: Identity | undefined;
  readonly signIn: State<Data>["signIn"];
  /** Somebody signs in. */
  readonly isEntering: boolean;
  /** What the index has been told of new ids, by this save and those that it goes on from. */
  readonly claims: Listed[];
}

/** A draft that stands in the store, and what the session has to know of how it came there. */
export interface Written {
  readonly draft: Draft;
  /** How many of the session's changes it has. */
  readonly steps: number;
  readonly isNews: boolean;
  readonly isOvertaken?: boolean;
}

/** A record whose data is to come. */
type Base = Omit<SessionRecord, "data"> & { readonly data?: string };

/** Begins a save of what has been noted. */
export function beginJob<Data extends object>(
  context: Context<Data>,
  state: State<Data>,
  planned: Writing,
  claims: Listed[],
): Job<Data> {
  const { origin, identity, signIn, changes } = state;
  if (changes.length > 0) begun(state);
  return {
    context,
    state,
    planned,
    startedAt: Date.now(),
    row: origin.kind === "row" ? origin : undefined,
    changes: [...changes],
    seen: state.noted,
    identity,
    signIn,
    isEntering: isSignIn(signIn),
    claims,
  };
}

/** @throws SessionDataError, SessionSizeError */
export function draftOf<Data extends object>(job: Job<Data>): Promise<Draft> {
  const { state, startedAt: now, row, seen, signIn } = job;
  // Nothing of what another user had is carried over (R35).
  const kept = signIn === "other" ? undefined : row?.record;
  const base = { createdAt: now, seenAt: now, ...kept, flash: new Map(state.flash) };
  return draftOn(job, base, seen, kept !== undefined && seen === state.stored);
}

/**
 * The same changes on a session that others wrote to.
 *
 * @throws as {@link draftOf}; what a function given to `update` throws
 */
export async function redraft<Data extends object>(
  job: Job<Data>,
  { record, ...stored }: Stored<Data>,
): Promise<Draft> {
  const json = stored.data ? stored.json : (await beginWith(job.context.options))();
  const theirs = stored.data ?? (JSON.parse(json) as Data);
  const after = replay(job.changes, theirs, record.flash);
  return draftOn(job, { ...record, flash: after.flash }, after.data, after.data === json);
}

/** @param isKept data that ended up as it was stays as it stands, whatever the schema makes of it today */
async function draftOn<Data extends object>(
  { context: { options }, planned, startedAt, changes, identity, signIn }: Job<Data>,
  base: Base,
  seen: string,
  isKept: boolean,
): Promise<Draft> {
  const { data = seen } = isKept ? base : {};
  const seenAt = planned === "update" ? base.seenAt : Math.max(base.seenAt, startedAt);
  const record = { ...base, ...(identity && signIn ? { identity } : {}), data, seenAt };
  const flash = record.flash.size ? JSON.stringify([...record.flash]) : "";
  if (planned !== "renew" && changes.length > 0) checkSize(options.maxBytes, data + flash);
  if (!isKept) await checkSchema(options.schema, data);
  return { record, seen, text: encodeRecord(record), expiresAt: expiryOf(record, options) };
}

/**
 * Makes a written row what the session stands on. Where the changes were replayed on what others wrote (`isNews`),
 * the application's object takes that over in place. What the application did while the save was under way stays, and
 * is the next save's; where it signed somebody else in (`isOvertaken`), that alone.
 */
export function settle<Data extends object>(
  state: State<Data>,
  { id, key }: Pick<Row, "id" | "key">,
  { draft: { text, record, seen, expiresAt }, steps, isNews, isOvertaken }: Written,
): void {
  state.origin = { kind: "row", id, key, text, record };
  state.createdAt = record.createdAt;
  if (!state.signIn) state.identity = record.identity;
  state.expiresAt = expiresAt;
  state.sent.length = 0;
  // Meanwhile somebody else signed in, who has begun anew.
  if (isOvertaken) return;
  state.changes.splice(0, steps);
  // Nothing where the schema refuses what is stored, and nobody had asked for the data; since then somebody may have.
  state.stored = seen || state.stored;
  if (!isNews) return;
  try {
    if (state.touched) noteEdits(state);
    const theirs = JSON.parse(seen) as Data;
    const { data, flash } = replay(state.changes, theirs, record.flash);
    if (state.data) diff<Data>(state.noted, data)?.({ data: state.data, flash });
    else state.data = JSON.parse(data) as Data;
    state.noted = data;
    state.flash = flash;
  } catch {
    // Data that cannot be kept, or a function that refuses what others wrote: this save is done, and the next one
    // says so. It is made to meet the row again, by an expectation that none fulfils.
    state.origin = { ...state.origin, text: "" };
  }
}

/**
 * Makes it nobody's session any more, and drops what was to be saved. After an end nothing is lost by not writing: one
 * that came a moment later would have taken it all away.
 *
 * @param isAlive only a sign-in did not hold: the cookie opens what it opened before
 * @throws SessionConflictError after a move: what was to be saved is missing, and to follow the mark would let an old
 *   cookie write into the session of somebody who has signed in since
 */
export function lose<Data extends object>(
  { context: { report }, state, identity }: Job<Data>,
  found: Lost,
  text: string | null,
  { id, key }: Pick<Row, "id" | "key">,
  isAlive = false,
): null {
  report({ type: "gone", ref: refOf(key), during: "save", found });
  const isMoved = found === "moved";
  state.origin = { kind: "replaced", id, key, text, isMoved, isAlive };
  // Who has signed in meanwhile is the next save's; a fresh proof of who has not is nobody's.
  const { handle, signedInAt } = state.identity ?? {};
  if (handle === identity?.handle && signedInAt === identity?.signedInAt) {
    state.changes.length = 0;
    state.regenerate = false;
    state.signIn = undefined;
    state.past = identity?.user ?? state.past;
    state.identity = undefined;
  }
  if (isMoved) throw replacedElsewhere();
  return null;
}

export function replacedElsewhere(): SessionConflictError {
  return new SessionConflictError(
    "Cannot save session: another request has replaced it; send this one again with the new cookie",
  );
}
