// sessions.user(id): where a user is signed in, and how to end that. The index of users says where to look, the rows
// what is so.

import { wholeNumber } from "./check.ts";
import type { Context } from "./context.ts";
import { endRow, MARK_MS } from "./end.ts";
import { leave } from "./entries.ts";
import { SessionError } from "./errors.ts";
import { expiryOf } from "./record.ts";
import { interpret } from "./row.ts";
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
  /** The latest sign-in first. Fewer than `limit`, or none, on the last page. */
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

/** Entries asked for at a time. */
const PAGE = 50;
const LIMIT = wholeNumber(20, 100, "sessions");
const CURSOR = /^(\d{1,16})-([\w-]{1,64})$/;

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

  /** What a row's text says of an entry: a session, `undefined` where it is none of this user's any more. */
  async function open(
    { handle }: ListedEntry,
    text: string | null,
  ): Promise<Omit<ListedSession, "current"> | undefined> {
    const reading = await interpret(options, text);
    if (reading.kind !== "session") return undefined;
    const { record } = reading;
    const { identity } = record;
    if (identity?.user !== userId || identity.handle !== handle) return undefined;
    return {
      handle,
      createdAt: identity.signedInAt,
      lastSeenAt: record.seenAt,
      expiresAt: expiryOf(record, options),
      meta: identity.meta,
    };
  }

  /** Ends what stands behind an entry; whoever asks again goes on where this stopped. */
  async function endEntry(entry: ListedEntry & { readonly text?: string | null }): Promise<void> {
    const failure = await endRow(context, entry, { user: userId, at: entry.at });
    if (failure) throw failure;
  }

  /** Takes entries away behind which nothing stands, and puts one back whose row has come meanwhile. */
  async function clear(stale: readonly ListedEntry[]): Promise<void> {
    if (stale.length > 0) await users.remove(user, keysOf(stale));
    for (const entry of stale) {
      let isThere = true;
      try {
        isThere = (await open(entry, await store.read(entry.key))) !== undefined;
      } finally {
        if (isThere) await users.add(user, entry);
      }
    }
  }

  /** Marks first: a sign-in that is under way asks for its entry when it is done, and finds the mark or nothing. */
  async function endRetired(except: string | null): Promise<void> {
    await users.retire(user, except);
    let after: ListedEntry | undefined;
    for (;;) {
      const entries = await users.list(user, { limit: PAGE, retired: true, after });
      if (entries.length === 0) return;
      // Somebody may have asked for an end of this one too: that is theirs to repeat.
      const over = entries.filter(({ handle }) => handle !== except);
      for (const entry of over) await endEntry(entry);
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
      const sessions: ListedSession[] = [];
      let place = at === undefined ? undefined : { at: Number(at), handle: last };
      for (;;) {
        // One more than is asked for tells whether there is another page.
        const entries = await users.list(user, { limit: limit + 1, after: place });
        const texts = await Promise.all(entries.map(({ key }) => store.read(key)));
        const found = await Promise.all(entries.map((entry, at) => open(entry, texts[at] ?? null)));
        const stale: ListedEntry[] = [];
        for (const [index, entry] of entries.entries()) {
          const session = found[index];
          // No row yet, or none any more: a sign-in under way adds its entry first.
          if (!session && entry.at + MARK_MS < Date.now()) stale.push(entry);
          // A session that is getting a new id has two entries for a moment.
          if (!session || sessions.some(({ handle }) => handle === session.handle)) continue;
          if (sessions.length === limit) continue;
          sessions.push({ ...session, current: own === session.handle });
          place = { at: entry.at, handle: entry.handle };
        }
        // A list is a list, whatever becomes of what is not in it.
        await clear(stale).catch(() => undefined);
        const isLast = entries.length <= limit;
        if (sessions.length === limit || isLast) {
          const isFull = sessions.length === limit && !isLast;
          return { sessions, next: isFull && place ? `${place.at}-${place.handle}` : undefined };
        }
        const end = entries.at(-1);
        if (end) place = { at: end.at, handle: end.handle };
      }
    },

    async end(handle) {
      // From a form, say: what is no text must not become another question to the index.
      if (typeof handle !== "string" || !/^[\w-]{1,64}$/.test(handle)) return false;
      const entries = await users.list(user, { limit: PAGE, handle });
      let isFound = false;
      for (const entry of entries) {
        let text = await store.read(entry.key);
        if (text === null) {
          // Perhaps that of a sign-in under way. Now it finds no entry when its row is written, or the row is here.
          await clear([entry]);
          text = await store.read(entry.key);
        }
        isFound = (await open(entry, text)) !== undefined || isFound;
        await endEntry({ ...entry, text });
      }
      await leave(context, userId, keysOf(entries));
      return isFound;
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

    endAll: () => endRetired(null),
  };
}

function usersOf<Data extends object>({ users }: Context<Data>): UserIndex {
  if (users) return users;
  throw new TypeError("Cannot find user: give createSessions users, such as memoryUsers()");
}

function keysOf(entries: readonly ListedEntry[]): string[] {
  return entries.map(({ key }) => key);
}
