// What holds on every database that Prisma reaches, without a test runner: inside vitest, on other runtimes, in a worker.

import { expect } from "chai";
import type { UserIndex } from "coatcheck";
import { prismaStore, prismaUsers } from "coatcheck/prisma";
import { behaviour } from "../behaviour/all.ts";
import { codeOf, openShop } from "../behaviour/setup.ts";
import { storeContract } from "../contract/store.ts";
import { usersContract } from "../contract/users.ts";
import { cookieJar } from "../support/jar.ts";
import type { Case, World } from "../support/suite.ts";
import { COSTS } from "./costs.ts";
import { EXPIRED } from "./expired.ts";
import { type Check, OPTIONS, type Subject } from "./subject.ts";
import { FAULTS, TABLES } from "./tables.ts";
import { openUsers, USERS } from "./users.ts";

/** A database to be tried. */
export interface Subjects {
  readonly name: string;
  /** Of the stories, only those in which requests meet: where the same database tells the others elsewhere. */
  readonly onlyRaces?: boolean | undefined;
  /** Nobody else uses the database meanwhile. */
  readonly isAlone?: boolean;
  /** How many entries one user has in a case of the index; see `usersContract`. */
  readonly manyEntries?: number | undefined;
  readonly open: () => Subject;
}

/**
 * The stories in which 50 writers of one row all succeed, within the 5 s that a save goes on trying. A database takes
 * longer on a busy machine: here each is there, or was told that it is not (RACES).
 */
const CROWDED = / 50 parallel (requests|updates) /;

/** The stories that can be told of any store, which the world opens. */
export function stories(database: string): Case[] {
  const label = / \[memory\]$/;
  return behaviour
    .filter(({ name }) => label.test(name) && !CROWDED.test(name))
    .map(({ name, run }) => ({ name: name.replace(label, ` [${database}]`), run }));
}

/** Those in which requests meet. */
export function races(database: string): Case[] {
  return stories(database).filter(({ name }) => name.startsWith("race: "));
}

/** An index of its own in the one table: all stories are of the same few people. */
function apart(users: UserIndex): UserIndex {
  const prefix = `${crypto.randomUUID()} `;
  return {
    add: (user, entry) => users.add(prefix + user, entry),
    touch: (user, entry) => users.touch(prefix + user, entry),
    list: (user, query) => users.list(prefix + user, query),
    retire: (user, which) => users.retire(prefix + user, which),
    remove: (user, keys) => users.remove(prefix + user, keys),
  };
}

/** Every promise of a store, every story that any store can be told, and what is Prisma's own. */
export function prismaCases(subjects: Subjects): Case[] {
  const { name, onlyRaces, isAlone, manyEntries = 1500, open } = subjects;
  const openStore = () => prismaStore(open().client.session, OPTIONS);
  const world: World = {
    url: "",
    token: "",
    faulty: {} as World["faulty"],
    open: openStore,
    openUsers: () => apart(prismaUsers(open().client.sessionEntry, OPTIONS)),
  };
  const faults = isAlone ? FAULTS : {};
  const own = Object.entries({ ...COSTS, ...RACES, ...TABLES, ...EXPIRED, ...USERS, ...faults });
  return [
    ...storeContract(name, async () => ({ store: openStore() })),
    ...usersContract(`prismaUsers on ${name}`, openUsers(open), manyEntries),
    ...(onlyRaces ? races(name) : stories(name)).map((story) => ({
      name: story.name,
      run: () => story.run(world),
    })),
    ...own.map(([sentence, check]) => ({
      name: sentence,
      run: () => check(open(), `key ${crypto.randomUUID()}`),
    })),
  ];
}

const RACES: Readonly<Record<string, Check>> = {
  "R36 of 50 parallel writers of one session each is there, or was told that it is not": async ({
    client,
  }) => {
    const store = prismaStore(client.session, OPTIONS);
    const jar = cookieJar();
    await openShop(store).visit(jar, ({ data }) => void (data.note = "begun"));
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () =>
        openShop(store)
          .visit(jar, (session) => session.update((data) => void data.n++))
          .then(({ status }) => status, codeOf),
      ),
    );
    const saved = outcomes.filter((outcome) => outcome === 200).length;
    expect((await openShop(store).open(jar)).data.n).to.equal(saved);
    expect(new Set(outcomes)).to.satisfy((kinds: Set<unknown>) =>
      [...kinds].every((kind) => kind === 200 || kind === "SESSION_CONFLICT"),
    );
    expect(saved).to.be.above(0);
  },
};
