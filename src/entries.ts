// What a save tells the index of users: an entry before the row of a sign-in, none once it is over. The row decides, so
// an entry too many does no harm; one too few would hide a session from whoever ends them all.

import type { Context } from "./context.ts";
import type { Identity } from "./record.ts";
import { recordIn } from "./row.ts";
import { userKeyOf } from "./token.ts";
import type { ListedEntry, UserEntry, UserQuery } from "./users.ts";

/** Entries asked for at a time. */
export const PAGE = 50;
/** How many of the latest are looked at for one that was added just now. */
const LATEST = 10;

/** A session that is listed under its user, or will be. */
export interface Listed {
  readonly identity: Identity;
  readonly key: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/**
 * Notes a session under its user. Before the row of a sign-in is written, so that whoever ends all of the user's
 * sessions either finds the entry, or began before it; see {@link admit}.
 *
 * @throws StoreError
 */
export async function enter<Data extends object>(
  { users, options }: Context<Data>,
  listed: Listed,
): Promise<void> {
  const { user } = listed.identity;
  await users?.add(userKeyOf(user, options.cookie.name), entryOf(listed, options.idleTimeout));
}

/** Notes that a session lives longer now. Another visit is as good, so that a failure fails no request. */
export async function touch<Data extends object>(
  { users, store, options }: Context<Data>,
  { identity, key, expiresAt }: Listed,
): Promise<void> {
  if (!users) return;
  const user = userKeyOf(identity.user, options.cookie.name);
  const entry = entryOf({ identity, key, expiresAt }, options.idleTimeout);
  const isOver = async () => typeof recordIn(options, await store.read(key)) === "string";
  try {
    // Where none stands there the index has lost it; or the session was ended since, and must not be counted.
    if ((await users.touch(user, entry)) || (await isOver())) return;
    await users.add(user, entry);
    if (await isOver()) await users.remove(user, [key]);
  } catch {
    // It has been reported.
  }
}

/** Takes sessions that are over from the list, and answers whether it did: what is left is found to be stale later. */
export async function leave<Data extends object>(
  { users, options }: Context<Data>,
  user: string,
  keys: readonly string[],
): Promise<boolean> {
  if (!users || keys.length === 0) return true;
  try {
    await users.remove(userKeyOf(user, options.cookie.name), keys);
    return true;
  } catch {
    return false;
  }
}

/** Sessions of a user over their limit, as far as they have been looked for. */
export interface Excess {
  /** What is to be ended now: those over the limit, the oldest, and what somebody else could not end. */
  readonly over: readonly UserEntry[];
  /** Handles of those that stay. */
  readonly kept: readonly string[];
  /** The last entry looked at, where there may be more behind it. */
  readonly after?: UserEntry | undefined;
}

export const NO_EXCESS: Excess = { over: [], kept: [] };

/** Looks for what is over the limit, from the newest entry, or from where it was looked before. */
export async function findExcess<Data extends object>(
  context: Context<Data>,
  user: string,
  { kept: before, after }: Excess = NO_EXCESS,
): Promise<Excess & { readonly standing: readonly UserEntry[] }> {
  const { maxPerUser = Infinity, idleTimeout } = context.options;
  const limit = after ? PAGE : maxPerUser + PAGE;
  const entries = await listOf(context, user, { limit, after });
  const now = Date.now();
  const standing = entries.filter(
    ({ retired, expiresAt }) => !retired && expiresAt - idleTimeout * 1000 > now,
  );
  // A session that is getting a new id has two entries for a moment.
  const handles = new Set([...before, ...standing.map(({ handle }) => handle)]);
  const kept = [...handles].slice(0, maxPerUser);
  const over = entries.filter(
    (entry) => (entry.retired || standing.includes(entry)) && !kept.includes(entry.handle),
  );
  return { over, kept, standing, after: entries.length < limit ? undefined : entries.at(-1) };
}

/**
 * Whether a sign-in holds whose entry has been added: it does not where all of the user's sessions were ended meanwhile,
 * or so many signed in later that it is over the limit. Answers what is over the limit then, for `trim`; `undefined`
 * where it does not hold. As everybody asks after their entry was added, the last one sees all.
 *
 * @param earlier entries that the same sign-in has added before: whoever met one of them has met the sign-in
 * @throws StoreError
 */
export async function admit<Data extends object>(
  context: Context<Data>,
  listed: Listed,
  earlier: readonly Listed[],
): Promise<Excess | undefined> {
  const { users, options } = context;
  if (!users) return NO_EXCESS;
  const { user, handle } = listed.identity;
  for (const claim of earlier) {
    if (claim.identity.user === user && !(await stands(context, claim))) return undefined;
  }
  for (const { identity, key } of earlier) await leave(context, identity.user, [key]);
  if (options.maxPerUser === undefined) {
    return (await stands(context, listed)) ? NO_EXCESS : undefined;
  }
  const { standing, ...excess } = await findExcess(context, user);
  const isIn = standing.some(({ key }) => key === listed.key) && excess.kept.includes(handle);
  return isIn ? excess : undefined;
}

async function stands<Data extends object>(
  context: Context<Data>,
  { identity: { user, handle }, key }: Listed,
): Promise<boolean> {
  // It was added just now. Only where others are said to be later it is asked for by its handle, for which an index may
  // go through all that the user has.
  for (const query of [{ limit: LATEST }, { limit: PAGE, handle }]) {
    const entries = await listOf(context, user, query);
    const entry = entries.find((each) => each.key === key);
    if (entry) return !entry.retired;
  }
  return false;
}

/** Whether somebody has asked for the end of a session that is changing its id. */
export async function isRetired<Data extends object>(
  context: Context<Data>,
  { identity: { user, handle, signedInAt } }: Listed,
): Promise<boolean> {
  const entries = await listOf(context, user, { limit: PAGE, handle });
  // One of an earlier sign-in on the same browser was another session.
  return entries.some(({ retired, at }) => retired && at >= signedInAt);
}

async function listOf<Data extends object>(
  { users, options }: Context<Data>,
  user: string,
  query: UserQuery,
): Promise<readonly ListedEntry[]> {
  return (await users?.list(userKeyOf(user, options.cookie.name), query)) ?? [];
}

export function keysOf(entries: readonly UserEntry[]): string[] {
  return entries.map(({ key }) => key);
}

/** An entry outlives its session by an idle timeout: a renewal that the index did not hear of must not hide the session. */
function entryOf(
  { identity: { handle, signedInAt: at }, key, expiresAt }: Listed,
  idleTimeout: number,
): UserEntry {
  return { key, handle, at, expiresAt: expiresAt + idleTimeout * 1000 };
}
