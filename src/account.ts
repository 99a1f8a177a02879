// sessions.user(id): where a user is signed in, and how to end that. The index of users says where to look, the rows
// what is so.

import { wholeNumber } from "./check.ts";
import type { Context } from "./context.ts";
import { endEntries, MARK_MS } from "./end.ts";
import { keysOf, leave, PAGE } from "./entries.ts";
import { SessionError } from "./errors.ts";
import { expiryOf, type SessionRecord } from "./record.ts";
import { type Lost, recordIn } from "./row.ts";
import type { Session } from "./session.ts";
import { userKeyOf } from "./token.ts";
import type { ListedEntry, UserIndex } from "./users.ts";

/** A session in a list. Instants are epoch milliseconds. */
export interface ListedSession {
  /** Names the session to `end()`; the same after `regenerate()`, and worth nothing as a cookie. */
  readonly handle: string;
  /** When the user signed in there. */
  readonly createdAt: number;
  /** When a request last renewed it: that is done once a tenth of `idleTimeout` has passed, and so it is as exact. */
  readonly lastSeenAt: number;
  /** When it ends if it is not renewed. */
  readonly expiresAt: number;
  /** Whether it is the session that was given as `current`. */
  readonly current: boolean;
  /** As given to `signIn`. */
  readonly meta: object | undefined;
}

/** What `list` takes. */
export interface ListOptions {
  /** The session of the request, to be marked in the list. */
  readonly current?: Pick<Session<object>, "userId" | "handle">;
  /** Sessions at most: 1 to 100. Default 20. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

/** A part of a list. */
export interface SessionPage {
  /** The latest sign-in first. Fewer than `limit`, or none, on the last page, and where many have run out. */
  readonly sessions: readonly ListedSession[];
  /** Gives the page after this one, as `after`; `undefined` on the last. */
  readonly next: string | undefined;
}

/** The sessions of one user. */
export interface UserSessions {
  /**
   * Lists where the user is signed in. Entries that have gone stale are cleared away as they are met.
   *
   * @throws StoreError when index or store cannot answer; RangeError for `limit`; TypeError for another `after`
   */
  list(options?: ListOptions): Promise<SessionPage>;

  /**
   * Ends one session; answers false where this user has none of that handle. Once it has answered, no cookie of that
   * session opens anything, on any machine.
   *
   * @throws StoreError when it cannot be confirmed; asked again, it goes on
   */
  end(handle: string): Promise<boolean>;

  /**
   * Ends every session but this one, also those that somebody is signing in to at this moment; see `endAll`.
   *
   * @throws StoreError as `end`; SessionError `SESSION_NOT_SIGNED_IN` where this is no session of the user's
   */
  endOthers(session: Pick<Session<object>, "userId" | "handle">): Promise<void>;

  /**
   * Ends every session of the user's, also those that are being signed in to: a sign-in that the index has heard of by
   * then leaves no session. One that it hears of later is another sign-in: change what that rests on, the password, first.
   *
   * @throws StoreError as `end`
   */
  endAll(): Promise<void>;
}

/** Pages of the index that one call to `list` looks at, at most. */
const MOST_PAGES = 5;
const LIMIT = wholeNumber(20, 100, "sessions");
const CURSOR = /^(\d{1,15})-([\w-]{1,64})$/;

/** @throws TypeError where there is no index, or `userId` is no text */
export function createAccount<Data extends object>(
  context: Context<Data>,
  userId: string,
): UserSessions {
  const { options, store } = context;
  const users = usersOf(context);
  if (typeof userId !== "string" || userId === "") {
    throw new TypeError("Cannot find user: userId must be the text that signIn was given");
  }
  const user = userKeyOf(userId, options.cookie.name);

  /** Whose session a row holds, if it is that of the entry; else what else it holds. */
  function open({ handle }: ListedEntry, text: string | null): SessionRecord | Lost | "other" {
    const record = recordIn(options, text);
    if (typeof record === "string") return record;
    const { identity } = record;
    return identity?.user === userId && identity.handle === handle ? record : "other";
  }

  /**
   * Whether an entry can go. Not where its session seems to have run out: a copy that is older than its renewal says that
   * too, and in time the index drops it by itself. Nor where its row may be on the way.
   */
  function isStale({ at, expiresAt }: ListedEntry, found: ReturnType<typeof open>): boolean {
    const enteredAt = Math.max(at, expiresAt - 2 * options.idleTimeout * 1000);
    const isOver = found === "nothing" || found === "ended" || found === "moved";
    return (isOver || found === "other") && enteredAt + MARK_MS < Date.now();
  }

  /** Marks first: a sign-in that is under way asks for its entry when it is done, and finds the mark or nothing. */
  async function endRetired(except?: string): Promise<void> {
    await users.retire(user, { except });
    let after: ListedEntry | undefined;
    for (;;) {
      const entries = await users.list(user, { limit: PAGE, retired: true, after });
      if (entries.length === 0) return;
      // Somebody may have asked for an end of this one too: that is theirs to repeat.
      const over = entries.filter(({ handle }) => handle !== except);
      await endEntries(context, userId, over);
      // Not swallowed: what is not taken from the list would be met again for ever.
      if (over.length > 0) await users.remove(user, keysOf(over));
      after = entries.findLast(({ handle }) => handle === except) ?? after;
    }
  }

  return {
    async list({ current, limit = 20, after } = {}) {
      const [, isRight, mend] = LIMIT;
      if (!isRight(limit)) throw new RangeError(`Cannot list sessions: limit must be ${mend}`);
      const [, at, last = ""] = CURSOR.exec(after ?? "") ?? [];
      if (after !== undefined && at === undefined) {
        throw new TypeError("Cannot list sessions: after must be next of the page before");
      }
      const own = current?.userId === userId ? current.handle : undefined;
      const sessions = new Map<string, ListedSession>();
      let place = at === undefined ? undefined : { at: Number(at), handle: last };
      for (let pages = 1; ; pages++) {
        // One more than is asked for tells whether there is another page.
        const entries = await users.list(user, { limit: limit + 1, after: place });
        const texts = await Promise.all(entries.map(({ key }) => store.read(key)));
        const stale: ListedEntry[] = [];
        let isMore = false;
        for (const [index, entry] of entries.entries()) {
          const { handle } = entry;
          const found = open(entry, texts[index] ?? null);
          if (typeof found === "string" && isStale(entry, found)) stale.push(entry);
          isMore = index === limit || sessions.size === limit;
          if (isMore) continue;
          place = { at: entry.at, handle };
          // A session that is getting a new id has two entries for a moment.
          if (typeof found === "string" || sessions.has(handle)) continue;
          sessions.set(handle, shown(found, handle, own));
        }
        // A list is a list, whatever becomes of what is not in it.
        await leave(context, userId, keysOf(stale));
        if (!isMore || sessions.size === limit || pages === MOST_PAGES) {
          const next = isMore && place ? `${place.at}-${place.handle}` : undefined;
          return { sessions: [...sessions.values()], next };
        }
      }
    },

    async end(handle) {
      // From a form, say: what is no text must not become another question to the index.
      if (typeof handle !== "string" || !/^[\w-]{1,64}$/.test(handle)) return false;
      const query = { limit: PAGE, handle };
      let entries: (ListedEntry & { readonly text?: string | null })[] = [];
      for (const entry of await users.list(user, query)) {
        entries.push({ ...entry, text: await store.read(entry.key) });
      }
      if (entries.some(({ text }) => text === null)) {
        // Perhaps a sign-in under way. Now it finds a mark when its row is written, or the row is here.
        await users.retire(user, { handle });
        entries = await users.list(user, query);
      }
      const isEnded = await endEntries(context, userId, entries);
      await leave(context, userId, keysOf(entries));
      return isEnded;
    },

    async endOthers({ userId: owner, handle }) {
      if (owner !== userId || handle === undefined) {
        throw new SessionError(
          "SESSION_NOT_SIGNED_IN",
          "Cannot end others: the session given is not one of this user's",
        );
      }
      await endRetired(handle);
    },

    endAll: () => endRetired(),
  };

  function shown(record: SessionRecord, handle: string, own: string | undefined): ListedSession {
    return {
      handle,
      createdAt: record.identity?.signedInAt ?? record.createdAt,
      lastSeenAt: record.seenAt,
      expiresAt: expiryOf(record, options),
      meta: record.identity?.meta,
      current: own === handle,
    };
  }
}

function usersOf<Data extends object>({ users }: Context<Data>): UserIndex {
  if (users) return users;
  throw new TypeError("Cannot find user: give createSessions users, such as memoryUsers()");
}
