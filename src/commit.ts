// Session -> store -> cookie. What to do is decided by `plan`, which is pure; `save` has it done.

import type { Context } from "./context.ts";
import { deleteCookie, type SetCookie, writeCookie } from "./cookie.ts";
import { replacedElsewhere, type Writing } from "./draft.ts";
import { endAll, endOpen } from "./end.ts";
import { SessionError, StoreError } from "./errors.ts";
import type { Flash } from "./record.ts";
import { type Session, stateOf } from "./session.ts";
import { isSignIn, noteEdits, type State } from "./state.ts";
import { write } from "./write.ts";

/**
 * What a save is to do. `conflict`: refuse a change on a session that was replaced before this request began.
 * `forget`: no session was opened, but a cookie came and is to be deleted. `renew`: write nothing but the time of this visit.
 */
export type Plan = Writing | "nothing" | "end" | "forget" | "conflict";

/** What the response allows. */
export interface SaveOptions {
  /** The handler failed: everything is dropped but an end. Default false. */
  readonly failed?: boolean | undefined;
  /** No cookie can be set, as on a 101. Default false. */
  readonly cookieless?: boolean | undefined;
  /** Asked before anything is done: what cannot be answered must not be saved either, but an end. */
  readonly fits?: (planned: Plan) => boolean;
}

type Planned = Pick<
  State<object>,
  "origin" | "ended" | "signIn" | "regenerate" | "readOnly" | "isPrefetch" | "cookieCame"
>;

interface Facts {
  /** Whether there is anything to write. */
  readonly changed: boolean;
  /** Seconds. */
  readonly idleTimeout: number;
}

/**
 * Decides what a save is to do.
 *
 * @param now epoch milliseconds
 */
export function plan(
  { origin, ended, signIn, regenerate, readOnly, isPrefetch, cookieCame }: Planned,
  now: number,
  { changed, idleTimeout, failed, cookieless }: SaveOptions & Facts,
): Plan {
  if (ended && origin.kind !== "none") return "end";
  if (ended) return cookieCame ? "forget" : "nothing";
  if (failed || readOnly) return "nothing";
  // After an end, or where nobody could tell, a sign-in begins another session. Where another request has moved this one,
  // it has most likely signed in: every order of two leaves one.
  const isFree = origin.kind === "unanswered" || (origin.kind === "replaced" && !origin.isMoved);
  if (isFree && isSignIn(signIn)) return "create";
  if (origin.kind === "unanswered") return "nothing";
  if (origin.kind === "replaced") return changed || regenerate ? "conflict" : "nothing";
  if (origin.kind !== "row") return changed || isSignIn(signIn) ? "create" : "nothing";
  if (regenerate) return "regenerate";
  // Due once a tenth of the idle timeout has passed, so that most requests write nothing (R26).
  const due = now - origin.record.seenAt >= idleTimeout * 100 && !cookieless && !isPrefetch();
  if (changed) return due ? "renewing update" : "update";
  return due ? "renew" : "nothing";
}

/**
 * Saves what was done to a session, and answers the cookie that must be set, if any. It may be called again later.
 *
 * @throws StoreError when the store cannot answer; SessionConflictError; SessionDataError and SessionSizeError before
 *   any write; SessionError `SESSION_FOREIGN`, `SESSION_COOKIE_NEEDED`; what a function given to `update` throws
 */
export async function save<Data extends object>(
  context: Context<Data>,
  session: Session<Data>,
  options?: SaveOptions,
): Promise<SetCookie | null> {
  const cookie = await startSave(context, session, options);
  const due = stateOf(session).cookie;
  // A deletion is due until a response has carried it, or another cookie takes its place.
  return cookie ?? (due?.value === "" ? due : null);
}

/**
 * Starts a save, whose cookie the session's state has when it is done; `undefined` where there is nothing to do, as in
 * most requests, which need not wait then.
 *
 * @throws as {@link save}, at once or later
 */
export function startSave<Data extends object>(
  context: Context<Data>,
  session: Session<Data>,
  { failed, cookieless, fits }: SaveOptions = {},
): Promise<SetCookie | null | undefined> | undefined {
  const state = stateOf(session);
  if (state.owner !== context) {
    throw new SessionError("SESSION_FOREIGN", "Cannot save session: other sessions opened it");
  }
  const saveNow = () => {
    // An end is carried out whatever became of the data, so the data is not even looked at.
    if (state.touched && !state.ended && !failed) noteEdits(state);
    const changed = state.changes.length > 0 && isChanged(state);
    const { idleTimeout } = context.options;
    const planned = plan(state, Date.now(), { changed, failed, cookieless, idleTimeout });
    if (planned === "nothing") return undefined;
    const isEnd = planned === "end" || planned === "forget";
    const isFit = fits?.(planned) ?? true;
    return isFit || isEnd ? perform(context, state, planned, cookieless) : undefined;
  };
  const saving = state.saving ? state.saving.then(saveNow, saveNow) : saveNow();
  if (saving) state.saving = saving;
  return saving;
}

async function perform<Data extends object>(
  context: Context<Data>,
  state: State<Data>,
  planned: Exclude<Plan, "nothing">,
  cookieless = false,
): Promise<SetCookie | null> {
  if (planned === "conflict") throw replacedElsewhere();
  if (planned === "end" || planned === "forget") {
    return (state.cookie = await endSession(context, state));
  }
  if (cookieless && (planned === "create" || planned === "regenerate")) throw cookieNeeded();
  try {
    const cookie = await write(context, state, planned);
    if (cookie) state.cookie = cookie;
    if (context.openEnds.keys.size > 0) await endOpen(context);
    return cookie;
  } catch (error) {
    // Alone it is tried once, and whatever it meets, the response goes out as it is.
    if (planned === "renew" && error instanceof StoreError) return null;
    throw error;
  }
}

/**
 * Ends what the session's cookies name, and answers the cookie that is deleted.
 *
 * @throws StoreError when the store cannot confirm it, with the cookie that has a later request repeat it
 */
async function endSession<Data extends object>(
  context: Context<Data>,
  state: State<Data>,
): Promise<SetCookie> {
  const { options, tokens } = context;
  const failure = await endAll(context, [state.origin, ...state.duplicates]);
  if (failure) {
    const { outcome, message, code } = failure.error;
    // For as long as a session can live, which others may renew in the meantime.
    const token = tokens.sign(failure.id, "end");
    state.cookie = writeCookie(options.cookie, token, options.lifetime);
    // A new error: the store may throw one and the same at every visitor.
    throw new StoreError(outcome, message, code, state.cookie);
  }
  // A second save has only the cookie to repeat.
  state.origin = { kind: "none" };
  state.duplicates.length = 0;
  return deleteCookie(options.cookie);
}

/** Whether the session ended up other than it stands in the store, or than a new one begins (R9). */
function isChanged<Data extends object>({ origin, noted, stored, flash }: State<Data>): boolean {
  const shown = origin.kind === "row" ? origin.record.flash : new Map<string, Flash>();
  const tagsOf = (entries: ReadonlyMap<string, Flash>) =>
    Array.from(entries.values(), ([tag]) => tag).join();
  return noted !== stored || tagsOf(flash) !== tagsOf(shown);
}

export function cookieNeeded(): SessionError {
  return new SessionError(
    "SESSION_COOKIE_NEEDED",
    "Cannot save session: a 101 response carries no cookie; begin the session before it",
  );
}
