// A session -> its row, by compare-and-swap; and again, with the same changes, on what another request wrote.

import { diff } from "./changes.ts";
import { type Context, refOf } from "./context.ts";
import { type SetCookie, writeCookie } from "./cookie.ts";
import { checkSize, encodeData } from "./data.ts";
import { SessionConflictError, SessionDataError, StoreError } from "./errors.ts";
import { encodeRecord, expiryOf, type SessionRecord } from "./record.ts";
import { beginWith, checkSchema, interpret, type Reading } from "./row.ts";
import { noteEdits, type State } from "./session.ts";
import type { Store, Swap } from "./store.ts";
import { keyOf, newId } from "./token.ts";

/** How long a mark stands where a session was: longer than requests last that began before. */
export const MARK_MS = 60_000;
/** How long a save goes on replaying, or an end following, before it gives up. */
export const DEADLINE_MS = 5000;
/** Two equal ids of 256 bits are a broken random source or a broken store: a few tries, then an error (R6). */
const MAX_TRIES = 3;

/** A record, ready to be written. */
interface Draft {
  readonly record: SessionRecord;
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
  { planned, now }: { planned: string; now: number },
): Promise<SetCookie | null> {
  const { options, store, tokens, report } = context;
  const row = state.origin.kind === "row" ? state.origin : undefined;
  // Data that nobody changed stays as it stands, whatever the schema and the limit are today.
  const kept = state.changes.length > 0 ? undefined : row?.record.data;
  const json = kept ?? noteEdits(state);
  const changes = [...state.changes];
  const seenAt = planned === "update" ? 0 : now;
  const record = {
    createdAt: state.createdAt,
    ...row?.record,
    seenAt: Math.max(row?.record.seenAt ?? 0, seenAt),
    flash: new Map(state.flash),
    data: json,
  };
  const first = await draft(context, record, { unchecked: kept !== undefined });
  let next = first;
  // The new row first, then the mark on the old: a failure in between must leave the visitor as they were.
  const fresh = !row || planned === "regenerate" ? await insert(store, next) : undefined;
  const mark = fresh && encodeRecord({ moved: fresh.key });

  function finish({ id, key }: { id: Uint8Array; key: string }): SetCookie | null {
    const { record, expiresAt, text } = next;
    state.origin = { kind: "row", id, key, text, record };
    state.createdAt = record.createdAt;
    state.expiresAt = expiresAt;
    state.regenerate = false;
    state.changes.splice(0, changes.length);
    if (next !== first) takeOver(state, record);
    if (planned === "update") return null;
    return writeCookie(options.cookie, tokens.sign(id), Math.ceil((expiresAt - now) / 1000));
  }

  if (!row) {
    if (!fresh) return null;
    report({ type: "created", ref: refOf(fresh.key) });
    return finish(fresh);
  }
  try {
    let expected = row.text;
    for (let attempts = 1; ; attempts++) {
      const text = mark ?? next.text;
      const until = mark ? Date.now() + MARK_MS : next.expiresAt;
      const swap = await store
        .write(row.key, text, until, expected)
        .catch(async (error: unknown) => {
          // Where no answer comes, the old row is read once: a mark that is ours is success (R8).
          const unsure = mark && error instanceof StoreError && error.outcome === "unknown";
          if (unsure && (await store.read(row.key)) === mark) return { swapped: true } as const;
          throw error;
        });
      if (!isBlocked(swap, text)) {
        if (attempts > 1) report({ type: "conflict", ref: refOf(row.key), attempts });
        if (fresh) report({ type: "regenerated", ref: refOf(fresh.key), from: refOf(row.key) });
        return finish(fresh ?? row);
      }
      if (planned === "renew") return null;
      const reading = await interpret(options, swap.current);
      if (reading.kind !== "session") {
        if (fresh) await remove(store, fresh.key, next.text);
        return gone(context, state, { found: reading.kind, key: row.key, text: swap.current });
      }
      await pause(now);
      expected = swap.current ?? "";
      const flash = new Map(reading.record.flash);
      const data = reading.data ?? (await beginWith(options))();
      for (const change of changes) change({ data, flash });
      const both = await draft(context, {
        ...reading.record,
        seenAt: Math.max(reading.record.seenAt, seenAt),
        flash,
        data: encodeData(data, "data"),
      });
      if (
        fresh &&
        isBlocked(await store.write(fresh.key, both.text, both.expiresAt, next.text), both.text)
      ) {
        throw replacedElsewhere();
      }
      next = both;
    }
  } catch (error) {
    if (fresh) await remove(store, fresh.key, next.text);
    throw error;
  }
}

async function draft<Data extends object>(
  { options }: Context<Data>,
  record: SessionRecord,
  { unchecked = false } = {},
): Promise<Draft> {
  const flash = JSON.stringify([...record.flash]);
  if (!unchecked) {
    checkSize(options.maxBytes, record.data + (record.flash.size ? flash : ""));
    await checkSchema(options.schema, record.data);
  }
  return { record, text: encodeRecord(record), expiresAt: expiryOf(record, options) };
}

/** Writes a row where nothing stands, under an id that nobody has seen. */
async function insert(
  store: Store,
  { text, expiresAt }: Draft,
): Promise<{ id: Uint8Array; key: string }> {
  let retried = false;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const id = newId();
    const key = keyOf(id);
    try {
      if (!isBlocked(await store.write(key, text, expiresAt, null), text)) return { id, key };
    } catch (error) {
      // It may have been written, under an id that nobody will ever send. Once more, under a new one.
      if (!(error instanceof StoreError) || error.outcome === "none" || retried) throw error;
      retried = true;
    }
  }
  throw new StoreError("none", "Cannot create session: a row stands under every new id");
}

/**
 * Takes what others wrote into a session whose changes were replayed on it: the application's object in place, and
 * on top what the application did while the save was under way, which is the next save's.
 */
function takeOver<Data extends object>(
  state: State<Data>,
  { data, flash }: Pick<SessionRecord, "data" | "flash">,
): void {
  try {
    if (state.touched) noteEdits(state);
  } catch (error) {
    // Data that cannot be kept, put there meanwhile: the next save says so, this one is done.
    if (!(error instanceof SessionDataError)) throw error;
  }
  const draft = { data: JSON.parse(data) as Data, flash: new Map(flash) };
  for (const change of state.changes) change(draft);
  if (state.data) diff(state.noted, draft.data)?.({ ...draft, data: state.data });
  state.noted = encodeData(draft.data, "data");
  state.flash = draft.flash;
}

/**
 * Reports a session that ended, or was replaced, while this request had it. After an end nothing is lost by not
 * writing: an end that came a moment later would have taken it all away.
 *
 * @throws SessionConflictError when it was replaced: what this request did is missing there, and following the mark
 *   would let an old cookie write into the session of somebody who has signed in since
 */
function gone<Data extends object>(
  { report }: Context<Data>,
  state: State<Data>,
  place: { found: Exclude<Reading<Data>["kind"], "session">; key: string; text: string | null },
): null {
  const { found, key, text } = place;
  report({ type: "gone", ref: refOf(key), during: "save", found });
  state.origin = { kind: "replaced", key, text };
  if (found === "moved") throw replacedElsewhere();
  return null;
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
    "Cannot save session: another request has replaced it; try again with the new cookie",
  );
}

/**
 * Whether something else stands in the way of a swap. Our own text does not: a client that sent the command twice
 * meets what it wrote itself, and the stamp tells that from anything another wrote.
 */
function isBlocked(swap: Swap, text: string): swap is Extract<Swap, { swapped: false }> {
  return !swap.swapped && swap.current !== text;
}

/** Takes a new row back. It was never sent to anybody, so one that stays is nobody's, and expires. */
async function remove(store: Store, key: string, text: string): Promise<void> {
  try {
    const swap = await store.write(key, "", 0, text);
    if (!swap.swapped && swap.current !== null) await store.write(key, "", 0, swap.current);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
  }
}
