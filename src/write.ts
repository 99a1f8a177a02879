// A session -> its row, by compare-and-swap; and again, with the same changes, on what another request wrote.

import { diff, replay } from "./changes.ts";
import { type Context, refOf } from "./context.ts";
import { type SetCookie, writeCookie } from "./cookie.ts";
import { checkSize, encodeData } from "./data.ts";
import { DEADLINE_MS, endRow, MARK_MS, trim } from "./end.ts";
import { admit, enter, leave, touch } from "./entries.ts";
import { SessionConflictError, StoreError } from "./errors.ts";
import { encodeRecord, expiryOf, type SessionRecord } from "./record.ts";
import { beginWith, checkSchema, interpret, type Reading } from "./row.ts";
import { noteEdits, type Row, type State } from "./state.ts";
import type { Store } from "./store.ts";
import { keyOf, newHandle, newId } from "./token.ts";
import type { UserEntry } from "./users.ts";

/** Two equal ids of 256 bits are a broken random source or a broken store: a few tries, then an error (R6). */
const MAX_TRIES = 3;

type Base = Omit<SessionRecord, "data"> & { readonly data?: string };

/** What `write` can be asked for. `renew` writes nothing but the time of this visit. */
export type Writing = "create" | "update" | "renewing update" | "renew" | "regenerate";

/** A record, ready to be written. */
interface Draft {
  readonly record: SessionRecord;
  /** JSON of its data as the application sees it. */
  readonly seen: string;
  readonly text: string;
  readonly expiresAt: number;
}

/**
 * Writes a session: `create` a row, `update` it, `renew` it, or `regenerate` it under a new id. Answers the cookie
 * that must be set, if any.
 *
 * @throws as `save`
 */
export async function write<Data extends object>(
  context: Context<Data>,
  state: State<Data>,
  planned: Writing,
): Promise<SetCookie | null> {
  const { options, store, tokens, report } = context;
  const now = Date.now();
  const row = state.origin.kind === "row" ? state.origin : undefined;
  const seen = state.changes.length > 0 ? noteEdits(state) : state.noted;
  const changes = [...state.changes];
  const { identity, signIn } = state;
  /** Of the row that is written: where it does not come from the row that was read. */
  const given = identity && signIn ? { identity } : {};
  const isUnchanged = planned === "renew" || changes.length === 0;

  /** Data that ended up as it was stays as it stands (`isKept`), whatever the schema makes of it today. */
  async function draft(base: Base, seen: string, isKept: boolean | undefined): Promise<Draft> {
    const { data = seen } = isKept ? base : {};
    const seenAt = planned === "update" ? base.seenAt : Math.max(base.seenAt, now);
    const record = { ...base, data, seenAt };
    const flash = record.flash.size ? JSON.stringify([...record.flash]) : "";
    if (!isUnchanged) checkSize(options.maxBytes, data + flash);
    if (!isKept) await checkSchema(options.schema, data);
    return { record, seen, text: encodeRecord(record), expiresAt: expiryOf(record, options) };
  }

  /** Nobody's session any more: reports it, and drops what was to be saved. */
  function gone(
    found: Exclude<Reading<Data>["kind"], "session">,
    text: string | null,
    { id, key }: Pick<Row, "id" | "key">,
    isAlive = false,
  ): null {
    report({ type: "gone", ref: refOf(key), during: "save", found });
    const isMoved = found === "moved";
    state.origin = { kind: "replaced", id, key, text, isMoved, isAlive };
    // Who has signed in meanwhile is the next save's.
    if (state.identity === identity) {
      state.changes.length = 0;
      state.regenerate = false;
      state.signIn = undefined;
      state.past = identity?.user ?? state.past;
      state.identity = undefined;
    }
    // After an end nothing is lost by not writing: one that came a moment later would have taken it all away.
    // After a move it is missing, and to follow the mark would let an old cookie write into the session of
    // somebody who has signed in since.
    if (found === "moved") throw replacedElsewhere();
    return null;
  }

  const times = { createdAt: now, seenAt: now };
  // Nothing of what another user had is carried over (R35).
  const kept = signIn === "other" ? undefined : row?.record;
  const base = { ...times, ...kept, ...given, flash: new Map(state.flash) };
  let next = await draft(base, seen, kept && seen === state.stored);
  if (row && next.expiresAt <= now) return gone("expired", row.text, row);
  // The new row first, then the mark on the old: a failure in between must leave the visitor as they were.
  const isEntering = isSignIn(signIn);
  const fresh =
    row && planned !== "regenerate" ? undefined : await insert(context, next, isEntering);
  const mark = row && fresh && encodeRecord({ moved: fresh.key });
  let isWritten = false;
  let isForItself = false;
  let attempts = 0;
  let over: readonly UserEntry[] = [];
  try {
    if (fresh && next.record.identity) {
      const listed = { ...next, identity: next.record.identity, key: fresh.key };
      if (!isEntering) await enter(context, listed);
      const found = await admit(context, listed, isEntering);
      if (!found) {
        const { user, signedInAt: at } = listed.identity;
        // Somebody asked for its end, and perhaps could not have it.
        if (row && !isEntering) await endRow(context, row, { user, at });
        const stands = row ?? ("key" in state.origin ? state.origin : undefined);
        const isAlive = isEntering && stands !== undefined;
        return gone("ended", row?.text ?? null, stands ?? fresh, isAlive);
      }
      over = found;
    }
    const { origin } = state;
    if (fresh && (origin.kind === "unanswered" || (origin.kind === "replaced" && origin.isAlive))) {
      // What the cookie names must not outlive the sign-in (R8). It is no logout: where it cannot be ended, it stays.
      const failure = await endRow(context, { key: origin.key });
      if (failure) throw failure;
      // It counted until now.
      const { identity: who } = next.record;
      if (over.length > 0 && who) {
        over = (await admit(context, { identity: who, key: fresh.key }, true)) ?? [];
      }
    }
    isWritten = !row;
    for (let expected = row?.text ?? null; row && !isWritten; attempts++) {
      const swap = await store
        .write(row.key, mark ?? next.text, mark ? Date.now() + MARK_MS : next.expiresAt, expected)
        .catch(async (error: StoreError) => {
          if (!mark && error.outcome === "unknown")
            state.sent.push({ ...next, steps: changes.length });
          // Where no answer comes, the old row is read once: a mark that is ours is success (R8).
          const unsure = mark && error.outcome === "unknown";
          if (unsure && (await store.read(row.key)) === mark) return { swapped: true } as const;
          throw error;
        });
      isWritten = swap.swapped;
      if (swap.swapped) continue;
      if (planned === "renew") return null;
      expected = swap.current;
      // What was sent for the user before is none of the one's who signs in.
      const sent =
        signIn === "other" ? undefined : state.sent.find(({ text }) => text === expected);
      if (sent) {
        // An earlier save was carried out after all, though its answer was lost: what it did is not done again.
        settle(state, { ...row, ...sent, isNews: true });
        // A regenerate and a renewal's cookie are still to come.
        const isDone = state.changes.length === 0 && planned === "update";
        return isDone ? null : await write(context, state, planned);
      }
      const reading = await interpret(options, expected);
      // After an end a sign-in stands for itself. After a move another has most likely been made.
      isForItself = isEntering && reading.kind !== "session" && reading.kind !== "moved";
      if (isForItself) {
        state.origin = { kind: "replaced", id: row.id, key: row.key, text: expected };
        break;
      }
      if (reading.kind !== "session") return gone(reading.kind, expected, row);
      await pause(now);
      if (signIn === "other") continue;
      const { record, data = (await beginWith(options))() } = reading;
      const before = encodeData(data, "data");
      const after = replay(changes, data, record.flash);
      const both = await draft(
        { ...record, ...given, flash: after.flash },
        after.data,
        after.data === before,
      );
      if (fresh) {
        const again = await store.write(fresh.key, both.text, both.expiresAt, next.text);
        if (!again.swapped) throw replacedElsewhere();
      }
      next = both;
    }
  } finally {
    if (fresh && !isWritten) {
      await remove(store, fresh.key, next.text);
      if (next.record.identity) await leave(context, next.record.identity.user, [fresh.key]);
    }
  }

  if (isForItself) {
    // Under a handle of its own: the one before was ended.
    if (state.identity === identity && identity) {
      state.identity = { ...identity, handle: newHandle() };
    }
    return write(context, state, "create");
  }

  const { id, key } = (fresh ?? row) as { id: Uint8Array; key: string };
  const ref = refOf(key);
  if (!row) report({ type: "created", ref });
  if (row && attempts > 1) report({ type: "conflict", ref: refOf(row.key), attempts });
  if (row && fresh) report({ type: "regenerated", ref, from: refOf(row.key) });
  settle(state, {
    ...next,
    id,
    key,
    steps: changes.length,
    isNews: attempts > 1 && kept === row?.record,
    isOvertaken: state.signIn === "other" && state.identity !== identity,
  });
  // Another may have been asked for meanwhile.
  if (fresh && state.identity === identity) state.regenerate = false;
  if (state.identity === identity) state.signIn = undefined;
  if (mark && row?.record.identity) await leave(context, row.record.identity.user, [row.key]);
  if (planned === "update") return null;
  const { identity: written } = next.record;
  if (written) {
    const listed = { ...next, identity: written, key };
    await (fresh ? trim(context, listed, over) : touch(context, listed));
  }
  // Until the browser is closed, where the sign-in said so.
  const maxAge =
    written?.persistent === false ? undefined : Math.ceil((next.expiresAt - now) / 1000);
  return writeCookie(options.cookie, tokens.sign(id), maxAge);
}

export function isSignIn(signIn: State<object>["signIn"]): boolean {
  return signIn !== undefined && signIn !== "elevate";
}

/**
 * Writes a row where nothing stands, under an id that nobody has seen.
 *
 * @param isEntering somebody signs in: their list says so first
 */
async function insert<Data extends object>(
  context: Context<Data>,
  { text, expiresAt, record: { identity } }: Draft,
  isEntering: boolean,
): Promise<{ id: Uint8Array; key: string }> {
  const { store } = context;
  let retried = false;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const id = newId();
    const key = keyOf(id);
    const isListed = isEntering && identity;
    if (isListed) await enter(context, { identity, key, expiresAt });
    try {
      const { swapped } = await store.write(key, text, expiresAt, null);
      if (swapped) return { id, key };
    } catch (error) {
      // It may have been written, under an id that nobody will ever send. Once more, under a new one.
      if (isListed) await leave(context, identity.user, [key]);
      if (retried || (error as StoreError).outcome === "none") throw error;
      retried = true;
    }
  }
  throw new StoreError("none", "Cannot create session: every new id is taken");
}

/**
 * Makes a written row what the session stands on. Where the changes were replayed on what others wrote (`isNews`),
 * the application's object takes that over in place. What the application did while the save was under way stays, and
 * is the next save's; where it signed somebody else in (`isOvertaken`), that alone.
 */
function settle<Data extends object>(
  state: State<Data>,
  written: Draft &
    Pick<Row, "id" | "key"> & {
      readonly steps: number;
      readonly isNews: boolean;
      readonly isOvertaken?: boolean;
    },
): void {
  const { id, key, text, record, seen, expiresAt, steps, isNews, isOvertaken } = written;
  state.origin = { kind: "row", id, key, text, record };
  state.createdAt = record.createdAt;
  if (!state.signIn) state.identity = record.identity;
  state.expiresAt = expiresAt;
  state.sent.length = 0;
  // Meanwhile somebody else signed in, who has begun anew.
  if (isOvertaken) return;
  state.changes.splice(0, steps);
  state.stored = seen;
  if (!isNews) return;
  try {
    if (state.touched) noteEdits(state);
    const theirs = JSON.parse(seen) as Data;
    const { data, flash } = replay(state.changes, theirs, record.flash);
    if (state.data) diff(state.noted, theirs)?.({ data: state.data, flash });
    state.noted = data;
    state.flash = flash;
  } catch {
    // Data that cannot be kept, or a function that refuses what others wrote: this save is done, and the next one
    // says so. It is made to meet the row again, by an expectation that none fulfils.
    state.origin = { ...state.origin, text: "" };
  }
}

/**
 * Waits up to 16 ms, so that writers who met once do not meet again. No longer each time: whoever has lost most
 * would then lose to every newcomer.
 */
async function pause(startedAt: number): Promise<void> {
  if (Date.now() - startedAt >= DEADLINE_MS) {
    throw new SessionConflictError("Cannot save session: others write to it without pause");
  }
  const [random = 0] = crypto.getRandomValues(new Uint8Array(1));
  await new Promise((resolve) => setTimeout(resolve, random / 16));
}

export function replacedElsewhere(): SessionConflictError {
  return new SessionConflictError(
    "Cannot save session: another request has replaced it; send this one again with the new cookie",
  );
}

/** Takes a new row back. It was never sent to anybody, so one that stays is nobody's, and expires. */
async function remove(store: Store, key: string, text: string): Promise<void> {
  try {
    const swap = await store.write(key, "", 0, text);
    if (!swap.swapped && swap.current !== null) await store.write(key, "", 0, swap.current);
  } catch {
    // The store rejects with StoreError alone: it does not answer, and whoever called hears of that.
  }
}
