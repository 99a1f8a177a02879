// What a save tells the index of users: an entry before the row of a sign-in, none once it is over. The row decides, so
// an entry too many does no harm; one too few would hide a session from whoever ends them all.

import type { Context } from "./context.ts";
import type { Identity } from "./record.ts";
import { userKeyOf } from "./token.ts";
import type { UserEntry } from "./users.ts";

/** Sessions beyond the limit that are looked for at a time. */
export const PAGE = 50;

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

/** Takes sessions that are over from the list, and answers whether it did: what is left is found to be stale later. */
export async function leave<Data extends object>(
  { users, options }: Context<Data>,
  user: string,
  keys: readonly string[],
): Promise<boolean> {
  if (!users || keys.length === 0) return true;
  return settled(users.remove(userKeyOf(user, options.cookie.name), keys));
}

/**
 * Whether a session under a new id holds, whose entry has been added. A sign-in does not where all of the user's sessions
 * were ended meanwhile, or so many signed in later that it is over the limit; a session that only changes its id does not
 * where it was to be ended itself. Answers the entries to be ended now, for {@link trim}: those over the limit, the oldest,
 * and what somebody else could not end; `undefined` where it does not hold. As everybody asks after their entry was
 * added, the last one sees all.
 *
 * @throws StoreError
 */
export async function admit<Data extends object>(
  { users, options: { maxPerUser, idleTimeout, cookie } }: Context<Data>,
  { identity: { user, handle, signedInAt }, key }: Pick<Listed, "identity" | "key">,
  isEntering: boolean,
): Promise<readonly UserEntry[] | undefined> {
  if (!users) return [];
  const isLimited = isEntering && maxPerUser !== undefined;
  const query = isLimited ? { limit: maxPerUser + PAGE } : { limit: PAGE, handle };
  const entries = await users.list(userKeyOf(user, cookie.name), query);
  // One of an earlier sign-in on the same browser was another session.
  const isOver = entries.some(({ retired, at }) => retired && at >= signedInAt);
  if (!isEntering) return isOver ? undefined : [];
  const now = Date.now();
  const standing = entries.filter(
    ({ retired, expiresAt }) => !retired && expiresAt - idleTimeout * 1000 > now,
  );
  if (!standing.some((entry) => entry.key === key)) return undefined;
  if (!isLimited) return [];
  // A session that is getting a new id has two entries for a moment.
  const handles = [...new Set(standing.map((entry) => entry.handle))].slice(0, maxPerUser);
  if (!handles.includes(handle)) return undefined;
  const over = entries.filter((entry) => entry.retired || standing.includes(entry));
  return over.filter((entry) => !handles.includes(entry.handle));
}

/** An entry outlives its session by an idle timeout: a renewal that the index did not hear of must not hide the session. */
function entryOf(
  { identity: { handle, signedInAt: at }, key, expiresAt }: Listed,
  idleTimeout: number,
): UserEntry {
  return { key, handle, at, expiresAt: expiresAt + idleTimeout * 1000 };
}

/** Whether it succeeded: a failure has been reported, and fails nobody's request. */
async function settled(asked: Promise<void> | undefined): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch {
    return false;
  }
}
