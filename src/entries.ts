// What a save tells the index of users: an entry before the row of a sign-in, none once it is over. The row decides, so
// an entry too many does no harm; one too few would hide a session from whoever ends them all.

import type { Context } from "./context.ts";
import { endRow } from "./end.ts";
import type { Identity } from "./record.ts";
import { userKeyOf } from "./token.ts";
import type { UserEntry } from "./users.ts";

/** Sessions beyond the limit that are looked for at a time. */
const PAGE = 50;

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
  { users, options }: Context<Data>,
  listed: Listed,
): Promise<void> {
  const entry = entryOf(listed, options.idleTimeout);
  await settled(users?.touch(userKeyOf(listed.identity.user, options.cookie.name), entry));
}

/** Takes sessions that are over from the list. What is left there is found to be stale later. */
export async function leave<Data extends object>(
  { users, options }: Context<Data>,
  user: string,
  keys: readonly string[],
): Promise<void> {
  if (keys.length > 0) await settled(users?.remove(userKeyOf(user, options.cookie.name), keys));
}

/**
 * Whether a sign-in whose row has just been written holds: since its entry was added nobody has ended all of the user's
 * sessions, nor have so many signed in later that it is over the limit. Answers the entries that are over it now, the
 * oldest, for {@link trim}; `undefined` where it does not hold. As every sign-in asks after its entry was added, the last
 * one sees all.
 *
 * @throws StoreError
 */
export async function admit<Data extends object>(
  { users, options: { maxPerUser, idleTimeout, cookie } }: Context<Data>,
  { identity: { user, handle }, key }: Pick<Listed, "identity" | "key">,
): Promise<readonly UserEntry[] | undefined> {
  if (!users) return [];
  const query = maxPerUser ? { limit: maxPerUser + PAGE } : { limit: PAGE, handle };
  const entries = await users.list(userKeyOf(user, cookie.name), query);
  const now = Date.now();
  const standing = entries.filter(
    ({ retired, expiresAt }) => !retired && expiresAt - idleTimeout * 1000 > now,
  );
  // A session that is getting a new id has two entries for a moment.
  const handles = [...new Set(standing.map((entry) => entry.handle))].slice(0, maxPerUser);
  const holds = handles.includes(handle) && standing.some((entry) => entry.key === key);
  return holds ? standing.filter((entry) => !handles.includes(entry.handle)) : undefined;
}

/**
 * Ends the sessions that a sign-in leaves over the limit, once it is done: one that fails must not have ended others.
 * Those that cannot be ended are the next sign-in's.
 */
export async function trim<Data extends object>(
  context: Context<Data>,
  listed: Pick<Listed, "identity" | "key">,
  first: readonly UserEntry[],
): Promise<void> {
  const { user } = listed.identity;
  let over: readonly UserEntry[] = first;
  while (over.length > 0) {
    for (const entry of over) if (await endRow(context, entry, { user, at: entry.at })) return;
    await leave(
      context,
      user,
      over.map(({ key }) => key),
    );
    const isAll = over.length < PAGE;
    over = isAll ? [] : ((await admit(context, listed).catch(() => undefined)) ?? []);
  }
}

/** An entry outlives its session by an idle timeout: a renewal that the index did not hear of must not hide the session. */
function entryOf(
  { identity: { handle, signedInAt: at }, key, expiresAt }: Listed,
  idleTimeout: number,
): UserEntry {
  return { key, handle, at, expiresAt: expiresAt + idleTimeout * 1000 };
}

async function settled(asked: Promise<void> | undefined): Promise<void> {
  await asked?.catch(() => undefined);
}
