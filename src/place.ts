// A session under a new id: its entry in the index, its row, and whether both may stand.

import { type Job, lose } from "./draft.ts";
import { endRow } from "./end.ts";
import { admit, enter, type Excess, isRetired, type Listed, NO_EXCESS } from "./entries.ts";
import { StoreError } from "./errors.ts";
import type { Draft, Row } from "./state.ts";
import type { Store } from "./store.ts";
import { newId } from "./token.ts";

/** Two equal ids of 256 bits are a broken random source or a broken store: a few tries, then an error (R6). */
const MAX_TRIES = 3;

/** Where a row stands. */
export type Place = Pick<Row, "id" | "key">;

/** A new row, and what its user has over their limit since. */
export type Placed = Place & { readonly excess: Excess };

/** Writes a row under a new id that the index lets stand. Answers nothing where it does not: the session is over. */
export async function place<Data extends object>(
  job: Job<Data>,
  draft: Draft,
): Promise<Placed | undefined> {
  const { context, state, row, isEntering } = job;
  const fresh = await insert(job, draft);
  let excess: Excess | undefined;
  try {
    excess = await admitNew(job, { ...draft, key: fresh.key });
  } finally {
    if (!excess) await remove(context.store, fresh.key, draft.text);
  }
  if (excess) return { ...fresh, excess };
  const stood = row ?? ("key" in state.origin ? state.origin : undefined);
  lose(job, "ended", row?.text ?? null, stood ?? fresh, isEntering && stood !== undefined);
  return undefined;
}

/**
 * Asks the index whether a session may stand under its new id. Answers what is over the user's limit then, and
 * `undefined` where it may not.
 *
 * @throws StoreError
 */
async function admitNew<Data extends object>(
  job: Job<Data>,
  fresh: Draft & Pick<Row, "key">,
): Promise<Excess | undefined> {
  const { context, row, isEntering, claims } = job;
  const { origin } = job.state;
  const { identity } = fresh.record;
  const listed = identity && { ...fresh, identity };
  if (listed && !isEntering) {
    await claim(job, listed);
    if (!(await isRetired(context, listed))) return NO_EXCESS;
    const { user, signedInAt: at } = listed.identity;
    // Somebody asked for its end, and perhaps could not have it.
    if (row) await endRow(context, row, { user, at });
    return undefined;
  }
  if (!listed) return NO_EXCESS;
  const earlier = claims.slice(0, -1);
  const excess = await admit(context, listed, earlier);
  // They have left the list by now.
  if (excess) claims.splice(0, earlier.length);
  const isOpen = origin.kind === "unanswered" || (origin.kind === "replaced" && origin.isAlive);
  if (!excess || !isOpen) return excess;
  // What the cookie names must not outlive the sign-in (R8). It is no logout: where it cannot be ended, it stays.
  await endRow(context, { key: origin.key });
  // It counted until now.
  return excess.over.length > 0 ? admit(context, listed, []) : excess;
}

/**
 * Writes a row where nothing stands, under an id that nobody has seen. Where somebody signs in, their list says so
 * first.
 */
async function insert<Data extends object>(
  job: Job<Data>,
  { text, expiresAt, record: { identity } }: Draft,
): Promise<Place> {
  const { store, tokens } = job.context;
  let retried = false;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const id = newId();
    const key = tokens.keyOf(id);
    if (job.isEntering && identity) await claim(job, { identity, key, expiresAt });
    try {
      const { swapped } = await store.write(key, text, expiresAt, null);
      if (swapped) return { id, key };
    } catch (error) {
      // It may have been written, under an id that nobody will ever send. Once more, under a new one.
      if (retried || (error as StoreError).outcome === "none") throw error;
      retried = true;
    }
  }
  throw new StoreError("none", "Cannot create session: every new id is taken");
}

/** Notes a session under its user, to be taken back where the save comes to nothing. */
async function claim<Data extends object>(
  { context, claims }: Job<Data>,
  { identity, key, expiresAt }: Listed,
): Promise<void> {
  if (!context.users) return;
  claims.push({ identity, key, expiresAt });
  await enter(context, { identity, key, expiresAt });
}

/** Takes a new row back. It was never sent to anybody, so one that stays is nobody's, and expires. */
export async function remove(store: Store, key: string, text: string): Promise<void> {
  try {
    const swap = await store.write(key, "", 0, text);
    if (!swap.swapped && swap.current !== null) await store.write(key, "", 0, swap.current);
  } catch {
    // The store rejects with StoreError alone: it does not answer, and whoever called hears of that.
  }
}
