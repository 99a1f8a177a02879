// What holds on every database that Prisma reaches, without a test runner: inside vitest, on other runtimes, in a worker.

import { expect } from "chai";
import { type Store, StoreError } from "coatcheck";
import { deleteExpired, prismaStore } from "coatcheck/prisma";
import { behaviour } from "../behaviour/all.ts";
import { codeOf, openShop } from "../behaviour/setup.ts";
import { storeContract } from "../contract/store.ts";
import { cookieJar } from "../support/jar.ts";
import type { Case, World } from "../support/suite.ts";
import type { Client } from "./watched.ts";

/** A database with the tables in it, as a case sees it. */
export interface Subject {
  readonly client: Client;
  /** The SQL that reached the database while `work` ran. */
  statements(work: () => Promise<unknown>): Promise<readonly string[]>;
}

type Check = (subject: Subject, key: string) => Promise<void>;

const OPTIONS = { timeoutMs: 10_000 };

/** A database to be tried. */
export interface Subjects {
  readonly name: string;
  /** Of the stories, only those in which requests meet: where the same database tells the others elsewhere. */
  readonly onlyRaces?: boolean | undefined;
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

/** Every promise of a store, every story that any store can be told, and what is Prisma's own. */
export function prismaCases({ name, onlyRaces, open }: Subjects): Case[] {
  const openStore = () => prismaStore(open().client.session, OPTIONS);
  const world: World = { url: "", token: "", faulty: {} as World["faulty"], open: openStore };
  const own = Object.entries({ ...COSTS, ...RACES, ...TABLES, ...EXPIRED });
  return [
    ...storeContract(name, async () => ({ store: openStore() })),
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

/** What each call costs: the first words of its statements, and nothing beside them, no transaction either. */
const PRICES: readonly (readonly [
  call: string,
  act: (store: Store, key: string) => Promise<unknown>,
  cost: string,
  before?: "one" | "expired",
])[] = [
  ["a read", (store, key) => store.read(key), "SELECT", "one"],
  ["a read of nothing", (store, key) => store.read(key), "SELECT"],
  ["a create", (store, key) => store.write(key, "two", soon(), null), "INSERT"],
  ["a swap", (store, key) => store.write(key, "two", soon(), "one"), "UPDATE", "one"],
  ["a removal", (store, key) => store.write(key, "", 0, "one"), "DELETE", "one"],
  ["a removal of nothing", (store, key) => store.write(key, "", 0, null), "SELECT"],
  [
    "a swap that is refused",
    (store, key) => store.write(key, "two", soon(), "other"),
    "UPDATE SELECT",
    "one",
  ],
  [
    "a removal that is refused",
    (store, key) => store.write(key, "", 0, "other"),
    "DELETE SELECT",
    "one",
  ],
  [
    "a create in the place of an expired row",
    (store, key) => store.write(key, "two", soon(), null),
    "INSERT UPDATE",
    "expired",
  ],
  [
    "a create that is refused",
    (store, key) => store.write(key, "two", soon(), null),
    "INSERT UPDATE SELECT",
    "one",
  ],
];

const COSTS: Readonly<Record<string, Check>> = Object.fromEntries(
  PRICES.map(([call, act, cost, before]): [string, Check] => [
    `${call} costs ${cost}`,
    async ({ client, statements }, key) => {
      const store = prismaStore(client.session, OPTIONS);
      if (before) await store.write(key, "one", before === "one" ? soon() : Date.now() + 100, null);
      if (before === "expired") await new Promise((resolve) => setTimeout(resolve, 150));
      const sent = await statements(() => act(store, key));
      expect(firstWords(sent)).to.equal(cost);
    },
  ]),
);

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

const FIELDS = { id: "id", key: "sid", value: "data" };

const TABLES: Readonly<Record<string, Check>> = {
  "rows live in PrismaSessionStore's table beside its own": async ({ client }, key) => {
    const theirs = client.prismaSession as unknown as Record<
      string,
      (args: object) => Promise<unknown>
    >;
    const row = { id: `id ${key}`, sid: `sid ${key}`, data: '{"cookie":{}}' };
    await theirs["createMany"]?.({ data: { ...row, expiresAt: new Date(soon()) } });
    const store = prismaStore(client.prismaSession, { ...OPTIONS, fields: FIELDS });
    expect(await store.write(key, "one", soon(), null)).to.deep.equal({ swapped: true });
    expect(await store.read(key)).to.equal("one");
    expect(await store.write(key, "two", soon(), "one")).to.deep.equal({ swapped: true });
    expect(await store.write(key, "three", soon(), null)).to.deep.equal({
      swapped: false,
      current: "two",
    });
    expect(await store.write(key, "", 0, "two")).to.deep.equal({ swapped: true });
    expect(await store.read(key)).to.equal(null);
    expect(await store.read(`sid ${key}`)).to.equal('{"cookie":{}}');
  },

  "a model of an extended client is a delegate": async ({ client }, key) => {
    let calls = 0;
    const extended = client.$extends({
      query: {
        $allModels: {
          $allOperations({ args, query }: { args: object; query: (args: object) => unknown }) {
            calls++;
            return query(args);
          },
        },
      },
    });
    const store = prismaStore(extended.session, OPTIONS);
    expect(await store.write(key, "one", soon(), null)).to.deep.equal({ swapped: true });
    expect(await store.read(key)).to.equal("one");
    expect(calls).to.equal(2);
  },

  "a model without a field is refused when the store is made, by name": async ({ client }) => {
    const make = () => prismaStore(client.prismaSession);
    expect(make).to.throw(TypeError, /no field key of type String; copy the model/);
    expect(() => prismaStore(client.session, { fields: { value: "expiresAt" } })).to.throw(
      TypeError,
      /no field expiresAt of type String/,
    );
  },

  "a model whose fields are not known until they are used is an error that names the mend": async (
    { client },
    key,
  ) => {
    // An object with the methods alone, as an application may pass it.
    const { findFirst, findMany, createMany, updateMany, deleteMany } = client.prismaSession;
    const store = prismaStore({ findFirst, findMany, createMany, updateMany, deleteMany }, OPTIONS);
    for (const ask of [() => store.read(key), () => store.write(key, "one", soon(), null)]) {
      const error = await ask().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(StoreError);
      expect(error).to.include({ code: "STORE_MISCONFIGURED", outcome: "none" });
      expect(String(error)).to.include("copy the model").and.not.include(key);
    }
  },
};

const EXPIRED: Readonly<Record<string, Check>> = {
  "deleteExpired() costs a SELECT, and a DELETE for every 90 rows": async ({
    client,
    statements,
  }) => {
    await empty(client);
    await fill(client, "old", 250, Date.now() - 1000);
    const sent = await statements(() => deleteExpired(client.session));
    expect(firstWords(sent)).to.equal("SELECT DELETE DELETE DELETE");
    expect(firstWords(await statements(() => deleteExpired(client.session)))).to.equal("SELECT");
  },

  "deleteExpired() deletes what has expired, at most its limit, and nothing else": async ({
    client,
  }) => {
    await empty(client);
    await fill(client, "old", 250, Date.now() - 1000);
    await fill(client, "new", 5, soon());
    const counts = [];
    for (let deleted = 100; deleted === 100;) {
      deleted = await deleteExpired(client.session, { limit: 100 });
      counts.push(deleted);
    }
    expect(counts).to.deep.equal([100, 100, 50]);
    const store = prismaStore(client.session, OPTIONS);
    for (let at = 0; at < 5; at++) expect(await store.read(`new ${at}`)).to.equal("value");
  },

  "deleteExpired() from many instances at once deletes every row once": async ({ client }) => {
    await empty(client);
    await fill(client, "old", 200, Date.now() - 1000);
    const all = Array.from({ length: 8 }, () => deleteExpired(client.session, { limit: 50 }));
    let total = (await Promise.all(all)).reduce((sum, count) => sum + count, 0);
    for (let deleted = 1; deleted > 0; total += deleted) {
      deleted = await deleteExpired(client.session, { limit: 50 });
    }
    expect(total).to.equal(200);
  },

  "deleteExpiredEvery deletes a batch after every so many writes, whatever they found": async (
    { client, statements },
    key,
  ) => {
    await empty(client);
    await fill(client, "old", 100, Date.now() - 1000);
    const store = prismaStore(client.session, { ...OPTIONS, deleteExpiredEvery: 3 });
    const writes = (count: number) => async () => {
      for (let at = 0; at < count; at++) await store.write(key, "two", soon(), "one");
    };
    expect((await statements(writes(2))).filter((sql) => sql.startsWith("DELETE"))).to.deep.equal(
      [],
    );
    expect((await statements(writes(1))).filter((sql) => sql.startsWith("DELETE"))).to.have.length(
      1,
    );
    expect(await deleteExpired(client.session)).to.equal(10);
  },
};

async function fill(client: Client, name: string, count: number, expiresAt: number): Promise<void> {
  const { createMany } = client.session as unknown as Record<
    string,
    (args: object) => Promise<void>
  >;
  for (let from = 0; from < count; from += 25) {
    const data = Array.from({ length: Math.min(25, count - from) }, (_, at) => ({
      key: `${name} ${from + at}`,
      value: "value",
      expiresAt: new Date(expiresAt),
    }));
    await createMany?.({ data });
  }
}

async function empty(client: Client): Promise<void> {
  const { deleteMany } = client.session as unknown as Record<
    string,
    (args: object) => Promise<void>
  >;
  await deleteMany?.({});
}

function firstWords(statements: readonly string[]): string {
  return statements.map((sql) => sql.trim().split(" ")[0]).join(" ");
}

function soon(): number {
  return Date.now() + 60_000;
}
