// What the library asks of an index of users: which sessions are whose. Types only.

/** One session of a user, as an index keeps it. Instants are epoch milliseconds. */
export interface UserEntry {
  /** The key of the session's row in the store. */
  readonly key: string;
  /** What the application calls the session by: 22 characters of base64url, the same after `regenerate()`. */
  readonly handle: string;
  /** When the user signed in: entries are listed by it. */
  readonly at: number;
  /** Until when the entry is kept: longer than its session can go on without a visit. */
  readonly expiresAt: number;
}

/** An entry, and whether `retire` has met it. */
export interface ListedEntry extends UserEntry {
  readonly retired: boolean;
}

/** Which entries of a user are asked for. */
export interface UserQuery {
  /** Entries at most: 1 to 1,000. */
  readonly limit: number;
  /** Those that come after this one. */
  readonly after?: Pick<UserEntry, "at" | "handle"> | undefined;
  /** Those of one session. */
  readonly handle?: string | undefined;
  /** Those that were retired. */
  readonly retired?: true | undefined;
}

/** Which entries of a user are to be marked: those of one session, those of every other one, or, without either, all. */
export interface Retirement {
  /** Those of this handle alone. */
  readonly handle?: string | undefined;
  /** All but those of this handle. */
  readonly except?: string | undefined;
}

/**
 * A table of entries beside the store's rows. An entry may be stale, and one may be missing for a while: the row
 * decides. Users are 43 characters, a hash of the application's own id.
 *
 * Every method is atomic, and answers when its effect is visible to every instance. As with a `Store`, a rejection
 * means "I cannot answer", and never stands for an absent entry.
 */
export interface UserIndex {
  /** Adds the entry of a session that is about to be written. One of that key that stands there already stays. */
  add(user: string, entry: UserEntry): Promise<void>;

  /** Notes the new `expiresAt` of an entry that stands there, and answers whether one does. A retired one stays retired. */
  touch(user: string, entry: UserEntry): Promise<boolean>;

  /** Answers entries that have not expired, by `at` and then by `handle`, the latest first. */
  list(user: string, query: UserQuery): Promise<ListedEntry[]>;

  /** Marks every entry that stands there now, of those asked for, as one whose session is to end. */
  retire(user: string, which: Retirement): Promise<void>;

  /** Removes the entries of these keys: 1 to 1,000. */
  remove(user: string, keys: readonly string[]): Promise<void>;
}
