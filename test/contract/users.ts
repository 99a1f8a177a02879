// The promises of an index of users (src/users.ts), one case each. Every index runs them.

import { expect } from "chai";
import type { ListedEntry, UserEntry, UserIndex, UserQuery } from "coatcheck";
import type { Case, World } from "../support/suite.ts";

/** An index to be tried, and how to let go of what it holds. */
export interface OpenedUsers {
  readonly users: UserIndex;
  /** A quicker way than `add` to have many entries. */
  fill?(user: string, entries: readonly UserEntry[]): Promise<void>;
  close?(): Promise<void>;
}

export type OpenUsers = (world: World) => Promise<OpenedUsers>;

/** What a case does with an open index and a user that nobody else has. */
type Check = (users: UserIndex, user: string, opened: OpenedUsers, many: number) => Promise<void>;

const PARALLEL = 50;
const ALL: UserQuery = { limit: 1000 };

/**
 * Every promise of the interface. Users and keys are random, so all cases may share one database.
 *
 * @param many how many entries one user has in the case of many
 */
export function usersContract(name: string, open: OpenUsers, many = 10_000): Case[] {
  const checks = Object.entries({ ...ADDING, ...LISTING, ...ENDING, ...APART, ...RACES });
  return checks.map(([sentence, check]) => ({
    name: `${name}: ${sentence}`,
    async run(world) {
      const opened = await open(world);
      try {
        await check(opened.users, newText(43), opened, many);
      } finally {
        await opened.close?.();
      }
    },
  }));
}

const ADDING: Readonly<Record<string, Check>> = {
  "list() of a user who never signed in answers nothing": async (users, user) => {
    expect(await users.list(user, ALL)).to.deep.equal([]);
    expect(await users.list(user, { limit: 1, retired: true })).to.deep.equal([]);
  },

  "add() adds an entry, which list() answers as it was given": async (users, user) => {
    const entry = newEntry();
    expect(await users.add(user, entry)).to.equal(undefined);
    expect(await users.list(user, ALL)).to.deep.equal([listed(entry)]);
  },

  "add() changes nothing where an entry of that key stands": async (users, user) => {
    const entry = newEntry();
    await users.add(user, entry);
    await users.add(user, entry);
    await users.add(user, { ...entry, expiresAt: entry.expiresAt + 1000 });
    expect(await users.list(user, ALL)).to.deep.equal([listed(entry)]);
  },

  "add() does not take the mark from a retired entry": async (users, user) => {
    const entry = newEntry();
    await users.add(user, entry);
    await users.retire(user, {});
    await users.add(user, entry);
    expect(await users.list(user, ALL)).to.deep.equal([retired(entry)]);
  },

  "touch() notes a new expiresAt, later or sooner, and nothing else": async (users, user) => {
    const [entry, other] = [newEntry(), newEntry()];
    await addAll(users, user, [entry, other]);
    for (const change of [5000, -5000, 0]) {
      const touched = { ...entry, expiresAt: entry.expiresAt + change };
      expect(await users.touch(user, touched)).to.equal(true);
      expect(await users.list(user, ALL)).to.have.deep.members([listed(touched), listed(other)]);
    }
  },

  "touch() of what is missing answers false, and adds nothing": async (users, user) => {
    const entry = newEntry();
    expect(await users.touch(user, entry)).to.equal(false);
    await users.add(user, entry);
    await users.remove(user, [entry.key]);
    expect(await users.touch(user, entry)).to.equal(false);
    expect(await users.list(user, ALL)).to.deep.equal([]);
  },

  "touch() leaves a retired entry retired": async (users, user) => {
    const entry = newEntry();
    await users.add(user, entry);
    await users.retire(user, {});
    const touched = { ...entry, expiresAt: entry.expiresAt + 1000 };
    expect(await users.touch(user, touched)).to.equal(true);
    expect(await users.list(user, ALL)).to.deep.equal([retired(touched)]);
  },

  "touch() keeps an entry that would have expired": async (users, user) => {
    const entry = { ...newEntry(), expiresAt: Date.now() + 400 };
    await users.add(user, entry);
    const touched = { ...entry, expiresAt: soon() };
    await users.touch(user, touched);
    await sleep(entry.expiresAt + 50 - Date.now());
    expect(await users.list(user, ALL)).to.deep.equal([listed(touched)]);
  },

  "expiresAt may have a fraction, and be 400 days ahead": async (users, user) => {
    const entry = { ...newEntry(), expiresAt: Date.now() + 34_560_000_000.25 };
    await users.add(user, entry);
    const [found] = await users.list(user, ALL);
    expect(found?.key).to.equal(entry.key);
    expect(found?.expiresAt).to.be.within(entry.expiresAt, entry.expiresAt + 1);
  },
};

const LISTING: Readonly<Record<string, Check>> = {
  "list() answers the latest sign-in first, and those of one moment by handle": async (
    users,
    user,
  ) => {
    const entries = manyEntries(40);
    await addAll(users, user, entries);
    expect(await users.list(user, ALL)).to.deep.equal(inOrder(entries).map(listed));
  },

  "list() answers entries in that order though they were touched in another": async (
    users,
    user,
  ) => {
    const entries = inOrder(manyEntries(10));
    await addAll(users, user, entries);
    const touched = entries.map((entry, at) => ({ ...entry, expiresAt: soon() + at * 1000 }));
    for (const entry of touched) await users.touch(user, entry);
    expect(await users.list(user, ALL)).to.deep.equal(touched.map(listed));
  },

  "list() answers no more than its limit, and those first that come first": async (users, user) => {
    const entries = manyEntries(20);
    await addAll(users, user, entries);
    for (const limit of [1, 7, 20, 21]) {
      const found = await users.list(user, { limit });
      expect(found).to.deep.equal(inOrder(entries).slice(0, limit).map(listed));
    }
  },

  "list() answers what comes after an entry": async (users, user) => {
    const entries = inOrder(manyEntries(9));
    await addAll(users, user, entries);
    for (const [index, after] of entries.entries()) {
      const found = await users.list(user, { limit: 4, after });
      expect(found).to.deep.equal(entries.slice(index + 1, index + 5).map(listed));
    }
  },

  "list() answers what comes after an entry that is there no more": async (users, user) => {
    const entries = inOrder(manyEntries(12));
    await addAll(users, user, entries);
    const [after] = entries.splice(5, 1);
    await users.remove(user, [after?.key ?? ""]);
    expect(await users.list(user, { limit: 3, after })).to.deep.equal(
      entries.slice(5, 8).map(listed),
    );
  },

  "list() pages through a user with many entries, none twice and none left out": async (
    users,
    user,
    { fill },
    many,
  ) => {
    const entries = manyEntries(many);
    await (fill ?? ((...row) => addAll(users, ...row)))(user, entries);
    const found: ListedEntry[] = [];
    for (let page: ListedEntry[] = [], limit = 1000; ; limit = 700) {
      page = await users.list(user, { limit, after: found.at(-1) });
      found.push(...page);
      if (page.length < limit) break;
    }
    expect(found).to.have.length(many);
    const isMisplaced = ({ key }: UserEntry, at: number) => key !== found[at]?.key;
    expect(inOrder(entries).findIndex(isMisplaced)).to.equal(-1);
  },

  "list() of a handle answers the entries of one session, which may be two": async (
    users,
    user,
  ) => {
    const entry = newEntry();
    const renewed = { ...entry, key: newText(43) };
    await addAll(users, user, [...manyEntries(5), entry, renewed]);
    const { handle } = entry;
    const found = await users.list(user, { limit: 50, handle });
    expect(found).to.have.deep.members([listed(entry), listed(renewed)]);
    expect(await users.list(user, { limit: 1, handle })).to.have.length(1);
    expect(await users.list(user, { limit: 50, handle: newText(22) })).to.deep.equal([]);
    expect(await users.list(user, { limit: 50, handle, after: entry })).to.deep.equal([]);
  },

  "list() of what was retired answers that alone, in order and page by page": async (
    users,
    user,
  ) => {
    const entries = inOrder(manyEntries(10));
    await addAll(users, user, entries);
    await users.retire(user, {});
    const later = newEntry();
    await users.add(user, later);
    const first = await users.list(user, { limit: 6, retired: true });
    expect(first).to.deep.equal(entries.slice(0, 6).map(retired));
    const after = first.at(-1);
    const rest = await users.list(user, { limit: 6, after, retired: true });
    expect(rest).to.deep.equal(entries.slice(6).map(retired));
    expect(await users.list(user, { limit: 6, retired: true, handle: later.handle })).to.deep.equal(
      [],
    );
  },

  "list() answers no entry that has expired, retired or not": async (users, user) => {
    const entry = newEntry();
    const expiresAt = Date.now() + 300;
    await addAll(users, user, [entry, { ...newEntry(), expiresAt }, { ...newEntry(), expiresAt }]);
    await users.retire(user, { except: entry.handle });
    await users.add(user, { ...newEntry(), expiresAt });
    await sleep(expiresAt + 50 - Date.now());
    expect(await users.list(user, ALL)).to.deep.equal([listed(entry)]);
    expect(await users.list(user, { ...ALL, retired: true })).to.deep.equal([]);
    await users.add(user, { ...newEntry(), expiresAt: Date.now() - 1 });
    expect(await users.list(user, ALL)).to.deep.equal([listed(entry)]);
  },
};

const ENDING: Readonly<Record<string, Check>> = {
  "retire() marks every entry that stands there, and takes none away": async (users, user) => {
    const entries = inOrder(manyEntries(10));
    await addAll(users, user, entries);
    expect(await users.retire(user, {})).to.equal(undefined);
    expect(await users.list(user, ALL)).to.deep.equal(entries.map(retired));
    await users.retire(user, {});
    expect(await users.list(user, ALL)).to.deep.equal(entries.map(retired));
  },

  "retire() leaves every entry of one handle as it is": async (users, user) => {
    const entry = newEntry();
    const renewed = { ...entry, key: newText(43) };
    const others = manyEntries(5);
    await addAll(users, user, [entry, renewed, ...others]);
    await users.retire(user, { except: entry.handle });
    const expected = [listed(entry), listed(renewed), ...others.map(retired)];
    expect(await users.list(user, ALL)).to.have.deep.members(expected);
  },

  "retire() of one handle marks its entries alone": async (users, user) => {
    const entry = newEntry();
    const renewed = { ...entry, key: newText(43) };
    const others = [...manyEntries(5), { ...newEntry(), at: entry.at }];
    await addAll(users, user, [entry, renewed, ...others]);
    expect(await users.retire(user, { handle: entry.handle })).to.equal(undefined);
    await users.retire(user, { handle: newText(22) });
    const expected = [retired(entry), retired(renewed), ...others.map(listed)];
    expect(await users.list(user, ALL)).to.have.deep.members(expected);
  },

  "retire() takes no mark away that another has made": async (users, user) => {
    const [one, two] = [newEntry(), newEntry()];
    await addAll(users, user, [one, two]);
    await users.retire(user, { except: one.handle });
    await users.retire(user, { except: two.handle });
    expect(await users.list(user, ALL)).to.have.deep.members([retired(one), retired(two)]);
  },

  "retire() does not mark what is added later, of whatever handle": async (users, user) => {
    const entry = newEntry();
    await users.add(user, entry);
    await users.retire(user, {});
    const later = [newEntry(), { ...entry, key: newText(43) }];
    await addAll(users, user, later);
    for (const added of later) await users.touch(user, added);
    const expected = [retired(entry), ...later.map(listed)];
    expect(await users.list(user, ALL)).to.have.deep.members(expected);
  },

  "retire() where nothing stands marks nothing": async (users, user) => {
    await users.retire(user, {});
    await users.retire(user, { except: newText(22) });
    const entry = newEntry();
    await users.add(user, entry);
    expect(await users.list(user, ALL)).to.deep.equal([listed(entry)]);
  },

  "remove() removes the entries of those keys alone, retired or not": async (users, user) => {
    const entries = inOrder(manyEntries(10));
    await addAll(users, user, entries.slice(0, 5));
    await users.retire(user, {});
    await addAll(users, user, entries.slice(5));
    const gone = [2, 3, 7].map((index) => entries[index]?.key ?? "");
    expect(await users.remove(user, [...gone, newText(43)])).to.equal(undefined);
    const rest = entries.map((entry, at) => (at < 5 ? retired(entry) : listed(entry)));
    expect(await users.list(user, ALL)).to.deep.equal(
      rest.filter(({ key }) => !gone.includes(key)),
    );
    await users.remove(user, gone);
    expect(await users.list(user, ALL)).to.have.length(7);
  },

  "remove() tells two entries of one session apart": async (users, user) => {
    const entry = newEntry();
    const renewed = { ...entry, key: newText(43) };
    await addAll(users, user, [entry, renewed]);
    await users.remove(user, [entry.key]);
    expect(await users.list(user, ALL)).to.deep.equal([listed(renewed)]);
  },

  "remove() takes 1,000 keys": async (users, user) => {
    const entries = manyEntries(95);
    await addAll(users, user, entries);
    const absent = Array.from({ length: 906 }, () => newText(43));
    const [first, ...rest] = entries;
    await users.remove(user, [...absent, ...rest.map(({ key }) => key)]);
    expect((await users.list(user, ALL)).map(({ key }) => key)).to.deep.equal([first?.key]);
  },

  "an entry that was removed can be added anew, and is not retired": async (users, user) => {
    const entry = newEntry();
    await users.add(user, entry);
    await users.retire(user, {});
    await users.remove(user, [entry.key]);
    expect(await users.list(user, ALL)).to.deep.equal([]);
    await users.add(user, entry);
    expect(await users.list(user, ALL)).to.deep.equal([listed(entry)]);
  },
};

/** Ends of users' names that something may take for equal, or for more than text. */
const ENDS = ["a", "A", "a ", "ä", "-", "_", "", "*", "?[a-z]^", "'\"`\\", "{a}", "%", "\r\n", ":"];

const APART: Readonly<Record<string, Check>> = {
  "users are told apart by every character, and do not touch each other": async (users, user) => {
    const names = ENDS.map((end) => `${user}${end}`);
    const entries = names.map(() => newEntry());
    const entryOf = (index: number) => entries[index] ?? newEntry();
    for (const [index, name] of names.entries()) await users.add(name, entryOf(index));
    for (const [index, name] of names.entries()) {
      expect(await users.list(name, ALL), name).to.deep.equal([listed(entryOf(index))]);
    }
    for (const [index, name] of names.entries()) if (index % 2) await users.retire(name, {});
    for (const [index, name] of names.entries()) {
      const expected = index % 2 ? retired(entryOf(index)) : listed(entryOf(index));
      expect(await users.list(name, ALL), name).to.deep.equal([expected]);
    }
  },

  "remove() of another user's key removes nothing": async (users, user) => {
    const other = newText(43);
    const [entry, theirs] = [newEntry(), newEntry()];
    await users.add(user, entry);
    await users.add(other, theirs);
    await users.remove(user, [theirs.key]);
    await users.remove(other, [entry.key]);
    expect(await users.list(user, ALL)).to.deep.equal([listed(entry)]);
    expect(await users.list(other, ALL)).to.deep.equal([listed(theirs)]);
  },

  "keys and handles are told apart by every character": async (users, user) => {
    const ends = ["a", "A", "-", "_", "a-", "aa"];
    const entries = ends.map((end) => {
      const { at, expiresAt } = newEntry();
      return { key: `${user}${end}`, handle: `${user.slice(0, 20)}${end}`, at, expiresAt };
    });
    await addAll(users, user, entries);
    for (const entry of entries) {
      const { handle } = entry;
      expect(await users.list(user, { limit: 9, handle }), handle).to.deep.equal([listed(entry)]);
    }
    const [first, ...others] = entries;
    await users.retire(user, { except: first?.handle ?? "" });
    expect((await users.list(user, { limit: 9, retired: true })).length).to.equal(others.length);
    await users.remove(user, [first?.key ?? ""]);
    expect(await users.list(user, ALL)).to.have.deep.members(others.map(retired));
  },

  "a handle may begin with any character of base64url": async (users, user) => {
    const entries = ["-", "_", "0", "Z"].map((begin) => {
      return { ...newEntry(), handle: `${begin}${newText(21)}`, key: `${begin}${newText(42)}` };
    });
    await addAll(users, user, entries);
    expect(await users.list(user, ALL)).to.have.deep.members(entries.map(listed));
    await users.retire(user, { except: entries[0]?.handle ?? "" });
    expect(await users.list(user, { ...ALL, retired: true })).to.have.length(3);
  },
};

const RACES: Readonly<Record<string, Check>> = {
  "what was answered is what the next list() answers": async (users, user) => {
    const entries: UserEntry[] = [];
    for (let at = 0; at < 10; at++) {
      entries.push(newEntry());
      await users.add(user, entries.at(-1) ?? newEntry());
      expect(await users.list(user, ALL)).to.have.length(at + 1);
    }
    for (let left = 10; left > 0; left--) {
      await users.remove(user, [entries.pop()?.key ?? ""]);
      expect(await users.list(user, ALL)).to.have.length(left - 1);
    }
  },

  "of 50 parallel adds and 50 parallel touches none is lost": async (users, user) => {
    const [old, added] = [manyEntries(PARALLEL), manyEntries(PARALLEL)];
    const touched = old.map((entry) => ({ ...entry, expiresAt: entry.expiresAt + 1000 }));
    await addAll(users, user, old);
    await Promise.all([
      ...added.map((entry) => users.add(user, entry)),
      ...touched.map((entry) => users.touch(user, entry)),
    ]);
    expect(await users.list(user, ALL)).to.deep.equal(inOrder([...added, ...touched]).map(listed));
  },

  "50 parallel adds and touches of one entry make one": async (users, user) => {
    const entry = newEntry();
    await inParallel(async (at) => {
      await (at % 2 ? users.add(user, entry) : users.touch(user, entry));
    });
    expect(await users.list(user, ALL)).to.deep.equal([listed(entry)]);
  },

  "50 parallel removes take what they name, and adds beside them stay": async (users, user) => {
    const [old, kept, added] = [manyEntries(PARALLEL), manyEntries(10), manyEntries(PARALLEL)];
    await addAll(users, user, [...old, ...kept]);
    await Promise.all([
      ...old.map(({ key }) => users.remove(user, [key])),
      ...added.map((entry) => users.add(user, entry)),
    ]);
    const expected = inOrder([...kept, ...added]).map(listed);
    expect(await users.list(user, ALL)).to.deep.equal(expected);
  },

  "50 parallel retires mark all, and leave nothing half done": async (users, user) => {
    const entries = inOrder(manyEntries(20));
    await addAll(users, user, entries);
    await inParallel(() => users.retire(user, {}));
    expect(await users.list(user, ALL)).to.deep.equal(entries.map(retired));
  },

  "retire() marks what was added before it began, and nothing that is added after it answered":
    async (users, user) => {
      const before = new Set<string>();
      const after = new Set<string>();
      let phase: "before" | "during" | "after" = "before";
      const adding = inParallel(async () => {
        for (let round = 0; round < 3; round++) {
          const entry = newEntry();
          const begun = phase;
          await users.add(user, entry);
          if (phase === "before") before.add(entry.key);
          if (begun === "after") after.add(entry.key);
        }
      });
      while (before.size < PARALLEL) await sleep(1);
      phase = "during";
      await users.retire(user, {});
      phase = "after";
      await adding;
      const last = newEntry();
      await users.add(user, last);
      after.add(last.key);
      const found = await users.list(user, ALL);
      expect(found).to.have.length(3 * PARALLEL + 1);
      const marked = new Set(found.filter((entry) => entry.retired).map(({ key }) => key));
      expect([...before].filter((key) => !marked.has(key))).to.deep.equal([]);
      expect([...after].filter((key) => marked.has(key))).to.deep.equal([]);
    },

  "touches beside a retire take no mark away": async (users, user) => {
    const entries = manyEntries(PARALLEL);
    await addAll(users, user, entries);
    const touched = entries.map((entry) => ({ ...entry, expiresAt: entry.expiresAt + 1000 }));
    await Promise.all([
      ...touched.slice(0, PARALLEL / 2).map((entry) => users.touch(user, entry)),
      users.retire(user, {}),
      ...touched.slice(PARALLEL / 2).map((entry) => users.touch(user, entry)),
    ]);
    expect(await users.list(user, ALL)).to.deep.equal(inOrder(touched).map(retired));
  },
};

function newEntry(): UserEntry {
  return { key: newText(43), handle: newText(22), at: Date.now(), expiresAt: soon() };
}

/** Entries of which some begin at one moment. */
function manyEntries(count: number): UserEntry[] {
  const now = Date.now();
  return Array.from({ length: count }, (_, at) => {
    return { ...newEntry(), at: now - ((at * 7919) % Math.ceil(count / 3)) * 1000 };
  });
}

function inOrder(entries: readonly UserEntry[]): UserEntry[] {
  return entries.toSorted((a, b) => b.at - a.at || (a.handle < b.handle ? 1 : -1));
}

function listed({ key, handle, at, expiresAt }: UserEntry): ListedEntry {
  return { key, handle, at, expiresAt, retired: false };
}

function retired(entry: UserEntry): ListedEntry {
  return { ...listed(entry), retired: true };
}

async function addAll(
  users: UserIndex,
  user: string,
  entries: readonly UserEntry[],
): Promise<void> {
  for (let from = 0; from < entries.length; from += PARALLEL) {
    const some = entries.slice(from, from + PARALLEL);
    await Promise.all(some.map((entry) => users.add(user, entry)));
  }
}

/** Characters of base64url, as the library's own names have. */
function newText(length: number): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => digits[byte % 64]).join("");
}

function soon(): number {
  return Date.now() + 600_000;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function inParallel<Answer>(act: (at: number) => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: PARALLEL }, (_, at) => act(at)));
}
