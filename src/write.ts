// A session -> its row, by compare-and-swap; and again, with the same changes, on what another request wrote.

import { type Context, refOf } from "./context.ts";
import { type SetCookie, writeCookie } from "./cookie.ts";
import {
  beginJob,
  draftOf,
  type Job,
  lose,
  redraft,
  replacedElsewhere,
  settle,
  type Writing,
} from "./draft.ts";
import { DEADLINE_MS, MARK_MS, trim } from "./end.ts";
import { leave, type Listed, NO_EXCESS, touch } from "./entries.ts";
import { SessionConflictError, type StoreError } from "./errors.ts";
import { place, type Place, type Placed, remove } from "./place.ts";
import { encodeRecord } from "./record.ts";
import { interpret, type Lost } from "./row.ts";
import { type Draft, noteEdits, type Row, type State } from "./state.ts";
import type { Store, Swap } from "./store.ts";
import { newHandle } from "./token.ts";

/**
 * What became of a row that was to be swapped: `swapped`; `left` as others have made it; an earlier save's own, whose
 * answer was lost (`sent`); no session any more (`lost`).
 */
type Outcome<Data extends object> =
  | { readonly kind: "swapped"; readonly draft: Draft; readonly attempts: number }
  | { readonly kind: "left" }
  | { readonly kind: "sent"; readonly sent: State<Data>["sent"][number] }
  | { readonly kind: "lost"; readonly found: Lost; readonly text: string | null };

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
  const claims: Listed[] = [];
  try {
    return await attempt(context, state, planned, claims);
  } finally {
    const { origin } = state;
    for (const { identity, key } of claims) {
      if (origin.kind !== "row" || origin.key !== key) await leave(context, identity.user, [key]);
    }
  }
}

async function attempt<Data extends object>(
  context: Context<Data>,
  state: State<Data>,
  planned: Writing,
  claims: Listed[],
): Promise<SetCookie | null> {
  const job = beginJob(context, state, planned, claims);
  const { row, startedAt } = job;
  const draft = await draftOf(job);
  if (row && draft.expiresAt <= startedAt) return lose(job, "expired", row.text, row);
  if (!row) return create(job, draft);
  return planned === "regenerate" ? regenerate(job, row, draft) : update(job, row, draft);
}

/** Goes on with what is to be saved by now: the application may have edited the data meanwhile. */
function again<Data extends object>(
  { context, state, claims }: Job<Data>,
  planned: Writing,
): Promise<SetCookie | null> {
  if (state.changes.length > 0) noteEdits(state);
  return attempt(context, state, planned, claims);
}

/** Writes the row where it stands. */
async function update<Data extends object>(
  job: Job<Data>,
  row: Row,
  first: Draft,
): Promise<SetCookie | null> {
  const { context, state, planned, changes } = job;
  const outcome = await contend(job, row, first, async (draft, expected) => {
    try {
      return await context.store.write(row.key, draft.text, draft.expiresAt, expected);
    } catch (error) {
      const isUnknown = (error as StoreError).outcome === "unknown";
      if (isUnknown) state.sent.push({ draft, steps: changes.length });
      throw error;
    }
  });
  if (outcome.kind !== "swapped") return giveUp(job, row, outcome);
  finish(job, row, outcome);
  if (planned === "update") return null;
  const { draft } = outcome;
  const { identity } = draft.record;
  if (identity) await touch(context, { ...draft, identity, key: row.key });
  return cookieOf(job, row.id, draft);
}

async function create<Data extends object>(
  job: Job<Data>,
  draft: Draft,
): Promise<SetCookie | null> {
  const placed = await place(job, draft);
  if (!placed) return null;
  job.context.report({ type: "created", ref: refOf(placed.key) });
  finish(job, placed, { draft, attempts: 0 });
  return welcome(job, placed, draft);
}

/**
 * Writes the session under a new id, and where it stood a mark that leads there. The new row comes first: a failure in
 * between must leave the visitor as they were.
 */
async function regenerate<Data extends object>(
  job: Job<Data>,
  row: Row,
  first: Draft,
): Promise<SetCookie | null> {
  const { context, state, identity, isEntering } = job;
  const { store } = context;
  const placed = await place(job, first);
  if (!placed) return null;
  const { key } = placed;
  const mark = encodeRecord({ moved: key });
  let standing = first;
  let outcome: Outcome<Data> | undefined;
  try {
    outcome = await contend(job, row, first, async (draft, expected) => {
      if (draft !== standing) {
        const again = await store.write(key, draft.text, draft.expiresAt, standing.text);
        if (!again.swapped) throw replacedElsewhere();
        standing = draft;
      }
      return replace(store, row.key, mark, expected);
    });
  } finally {
    if (outcome?.kind !== "swapped") await remove(store, key, standing.text);
  }
  if (outcome.kind === "lost" && outcome.found !== "moved" && isEntering) {
    // After an end a sign-in stands for itself, under a handle of its own. After a move another has most likely been made.
    state.origin = { kind: "replaced", id: row.id, key: row.key, text: outcome.text };
    if (identity && state.identity === identity) {
      state.identity = { ...identity, handle: newHandle() };
    }
    return again(job, "create");
  }
  if (outcome.kind !== "swapped") return giveUp(job, row, outcome);
  finish(job, placed, outcome);
  context.report({ type: "regenerated", ref: refOf(key), from: refOf(row.key) });
  const { identity: before } = row.record;
  if (before) await leave(context, before.user, [row.key]);
  return welcome(job, placed, outcome.draft);
}

/** Swaps a row by `put` until that is done, each time with the changes made on what was met there. */
async function contend<Data extends object>(
  job: Job<Data>,
  row: Row,
  first: Draft,
  put: (draft: Draft, expected: string) => Promise<Swap>,
): Promise<Outcome<Data>> {
  const { context, state, planned, signIn, startedAt } = job;
  let draft = first;
  let expected = row.text;
  for (let attempts = 1; ; attempts++) {
    const swap = await put(draft, expected);
    if (swap.swapped) return { kind: "swapped", draft, attempts };
    if (planned === "renew") return { kind: "left" };
    const { current: text } = swap;
    // What was sent for the user before is none of the one's who signs in.
    const sent =
      signIn === "other" ? undefined : state.sent.find(({ draft }) => draft.text === text);
    if (sent) return { kind: "sent", sent };
    const reading = await interpret(context.options, text);
    if (text === null || reading.kind !== "session") {
      return { kind: "lost", found: reading.kind as Lost, text };
    }
    await pause(startedAt);
    if (signIn !== "other") draft = await redraft(job, reading);
    expected = text;
  }
}

/** What a save comes to whose row was not swapped. */
async function giveUp<Data extends object>(
  job: Job<Data>,
  row: Row,
  outcome: Exclude<Outcome<Data>, { kind: "swapped" }>,
): Promise<SetCookie | null> {
  const { state, planned } = job;
  if (outcome.kind === "left") return null;
  if (outcome.kind === "lost") return lose(job, outcome.found, outcome.text, row);
  // An earlier save was carried out after all, though its answer was lost: what it did is not done again.
  const isOver = isOvertaken(job);
  settle(state, row, { ...outcome.sent, isNews: true, isOvertaken: isOver });
  // The rest is the next save's.
  if (isOver) return null;
  // A regenerate and a renewal's cookie are still to come.
  const isDone = state.changes.length === 0 && planned === "update";
  return isDone ? null : again(job, planned);
}

/** Whether somebody else has signed in since the save began. */
function isOvertaken<Data extends object>({ state, identity }: Job<Data>): boolean {
  return state.signIn === "other" && state.identity !== identity;
}

function finish<Data extends object>(
  job: Job<Data>,
  at: Place,
  { draft, attempts }: { readonly draft: Draft; readonly attempts: number },
): void {
  const { context, state, row, changes, signIn } = job;
  if (row && attempts > 1) context.report({ type: "conflict", ref: refOf(row.key), attempts });
  // Another sign-in, or another new id, may have been asked for meanwhile.
  const isLatest = state.identity === job.identity;
  settle(state, at, {
    draft,
    steps: changes.length,
    isNews: attempts > 1 && signIn !== "other",
    isOvertaken: isOvertaken(job),
  });
  if (!isLatest) return;
  if (at.key !== row?.key) state.regenerate = false;
  state.signIn = undefined;
}

function cookieOf<Data extends object>(
  { context: { options, tokens }, startedAt }: Job<Data>,
  id: Uint8Array,
  { record, expiresAt }: Draft,
): SetCookie {
  // Until the browser is closed, where the sign-in said so.
  const isBrief = record.identity?.persistent === false;
  const maxAge = isBrief ? undefined : Math.ceil((expiresAt - startedAt) / 1000);
  return writeCookie(options.cookie, tokens.sign(id), maxAge);
}

/** Ends what a sign-in leaves over its user's limit, and answers the cookie. */
async function welcome<Data extends object>(
  job: Job<Data>,
  { id, excess }: Placed,
  draft: Draft,
): Promise<SetCookie> {
  const { identity } = draft.record;
  if (identity && excess !== NO_EXCESS) await trim(job.context, identity.user, excess);
  return cookieOf(job, id, draft);
}

/** Puts a mark where a row was. Where no answer comes, the row is read once: a mark that is ours is success (R8). */
async function replace(store: Store, key: string, mark: string, expected: string): Promise<Swap> {
  try {
    return await store.write(key, mark, Date.now() + MARK_MS, expected);
  } catch (error) {
    const isUnsure = (error as StoreError).outcome === "unknown";
    if (isUnsure && (await store.read(key)) === mark) return { swapped: true };
    throw error;
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
