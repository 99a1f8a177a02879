// The one way in which sessions end: swap the row for a mark, and follow marks that lead on. An end that the store does
// not confirm stays open, and is tried again (R54).

import { type Context, refOf } from "./context.ts";
import { type Excess, findExcess, keysOf, leave } from "./entries.ts";
import { StoreError } from "./errors.ts";
import { decodeRecord, encodeRecord, type Mark, type SessionRecord } from "./record.ts";
import type { Origin } from "./state.ts";
import type { UserEntry } from "./users.ts";

/** How long a mark stands where a session was: longer than requests last that began before. */
export const MARK_MS = 60_000;
/** How long a save goes on replaying, or an end following, before it gives up. */
export const DEADLINE_MS = 5000;
/** How many ends stay open at most; the one that has waited longest goes first. */
const MAX_OPEN = 1000;
/** How many of them a request tries: it is somebody else's, and waits for them. */
const MAX_TRIES = 3;
/** How long they are left alone after a try in vain. */
const PAUSE_MS = 1000;

/** An end that the store did not confirm. */
export interface Unconfirmed {
  readonly id: Uint8Array;
  readonly error: StoreError;
}

/**
 * Ends the sessions that stand, or stood, at `origins`, and whatever they were moved to. Where it answers nothing, the
 * store has confirmed it: then no cookie of theirs opens anything, on any machine (R29, R30). All are tried; it answers
 * the first that was not confirmed.
 */
export async function endAll<Data extends object>(
  context: Context<Data>,
  origins: readonly Origin[],
): Promise<Unconfirmed | undefined> {
  let first: Unconfirmed | undefined;
  for (const origin of origins) {
    if (origin.kind === "none") continue;
    const error = await endAndRemember(context, origin);
    if (error) first ??= { id: origin.id, error };
  }
  return first;
}

/**
 * Tries a few of the ends that are still open. To be called when the store has just answered, by a request that waits
 * for it: a platform may stop whatever nobody waits for. It never fails that request.
 */
export async function endOpen<Data extends object>(context: Context<Data>): Promise<void> {
  const { openEnds } = context;
  const now = Date.now();
  // Clocks are set back, too.
  if (openEnds.keys.size === 0 || Math.abs(now - openEnds.triedAt) < PAUSE_MS) return;
  // Before the first try: requests side by side leave them to this one.
  openEnds.triedAt = now;
  for (const key of [...openEnds.keys].slice(0, MAX_TRIES)) {
    // To the back of the queue, where it stays if it fails again, or if this request is cut off.
    openEnds.keys.delete(key);
    openEnds.keys.add(key);
    if (await endAndRemember(context, { key })) return;
  }
  openEnds.triedAt = 0;
}

/**
 * Ends one. Answers whether a session stood there.
 *
 * @param row `text` is what was read; without it, nobody has read it
 * @param of whose it must be, and signed in to no later (epoch milliseconds): any other session is let be
 * @throws StoreError where the store cannot confirm it: nobody tries again but who asked
 */
export async function endRow<Data extends object>(
  context: Context<Data>,
  { key: first, text }: { readonly key: string; readonly text?: string | null },
  of?: { readonly user: string; readonly at: number },
): Promise<boolean> {
  const { store, report, openEnds } = context;
  const mark = encodeRecord({ moved: null });
  const deadline = Date.now() + DEADLINE_MS;
  const met = [first];
  let user: string | undefined;
  let isEnded = false;
  let key = first;
  let current = text;
  while (Date.now() <= deadline) {
    // Nothing is expected where nobody has looked: a store made of stores would put the mark beside the row.
    if (current === undefined) current = await store.read(key);
    const record = (decodeRecord(current ?? "") ?? {}) as Partial<Mark & SessionRecord>;
    const { moved = key, createdAt, identity } = record;
    const isSession = createdAt !== undefined;
    // Where a mark leads on to, somebody else may have signed in, or the same user once more.
    if (of && isSession && !(identity?.user === of.user && identity.signedInAt <= of.at)) {
      return isEnded;
    }
    user = identity?.user ?? user;
    if (moved === null) {
      openEnds.keys.delete(first);
      // Whoever has asked by the list clears what it has met there, all at once.
      if (user !== undefined) await leave(context, user, of ? met.slice(1) : met);
      report({ type: "destroyed", ref: refOf(first) });
      return isEnded;
    }
    if (moved === key) {
      // An empty place is asked for again, by the removal of nothing: a lagging replica may have said so. A mark there
      // would be a new row, which a store made of stores may put beside the one that is meant.
      const swap =
        current === null
          ? await store.write(key, "", 0, null)
          : await store.write(key, mark, Date.now() + MARK_MS, current);
      isEnded = swap.swapped && isSession;
      current = swap.swapped ? mark : swap.current;
    } else {
      key = moved;
      met.push(key);
      current = undefined;
    }
  }
  throw new StoreError("unknown", "Cannot end session: others write to it without pause");
}

/** Ends one, and where the store cannot confirm that has later requests try again. Answers the error then. */
async function endAndRemember<Data extends object>(
  context: Context<Data>,
  row: { readonly key: string; readonly text?: string | null },
): Promise<StoreError | undefined> {
  const { keys } = context.openEnds;
  try {
    await endRow(context, row);
    return undefined;
  } catch (error) {
    if (!keys.has(row.key)) context.report({ type: "unconfirmed", ref: refOf(row.key) });
    keys.add(row.key);
    const [oldest] = keys.size > MAX_OPEN ? keys : [];
    if (oldest !== undefined) keys.delete(oldest);
    // The store rejects with StoreError alone.
    return error as StoreError;
  }
}

/**
 * Ends what stands behind entries of a user. Answers whether a session did. One that cannot be ended keeps none of the
 * others from it.
 *
 * @throws StoreError the first; whoever asks again goes on
 */
export async function endEntries<Data extends object>(
  context: Context<Data>,
  user: string,
  entries: readonly (UserEntry & { readonly text?: string | null })[],
): Promise<boolean> {
  const deadline = Date.now() + DEADLINE_MS;
  let isEnded = false;
  let failure: unknown;
  for (const entry of entries) {
    try {
      isEnded = (await endRow(context, entry, { user, at: entry.at })) || isEnded;
    } catch (error) {
      failure ??= error;
      if (Date.now() > deadline) break;
    }
  }
  if (failure) throw failure;
  return isEnded;
}

/**
 * Ends the sessions that a sign-in leaves over the limit, once it is done: one that fails must not have ended others.
 * Those that cannot be ended now are the next sign-in's.
 */
export async function trim<Data extends object>(
  context: Context<Data>,
  user: string,
  first: Excess,
): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  let excess = first;
  try {
    for (;;) {
      await endEntries(context, user, excess.over);
      const isLeft = await leave(context, user, keysOf(excess.over));
      if (!isLeft || !excess.after || Date.now() > deadline) return;
      excess = await findExcess(context, user, excess);
    }
  } catch {
    // Store and index have reported it.
  }
}
