// What is Prisma's own about `prismaUsers`: what each call costs, in SQL statements, and what becomes of old entries.

import { expect } from "chai";
import { StoreError, type UserEntry, type UserIndex } from "coatcheck";
import { deleteExpired, prismaUsers } from "coatcheck/prisma";
import type { OpenUsers } from "../contract/users.ts";
import { type Check, firstWords, OPTIONS, soon, type Subject } from "./subject.ts";
import type { Client } from "./watched.ts";

type Act = (users: UserIndex, user: string, entry: UserEntry) => Promise<unknown>;

/** The first words of its statements, and nothing beside them, no transaction either. */
const PRICES: readonly (readonly [call: string, act: Act, cost: string, before?: "entry"])[] = [
  ["an add", (users, user, entry) => users.add(user, entry), "INSERT"],
  [
    "an add of what stands there",
    (users, user, entry) => users.add(user, entry),
    "INSERT",
    "entry",
  ],
  ["a touch", (users, user, entry) => users.touch(user, entry), "UPDATE", "entry"],
  ["a touch of what is missing", (users, user, entry) => users.touch(user, entry), "UPDATE"],
  ["a list", (users, user) => users.list(user, { limit: 50 }), "SELECT", "entry"],
  [
    "a list of all that can be asked",
    (users, user, entry) =>
      users.list(user, { limit: 50, after: entry, handle: entry.handle, retired: true }),
    "SELECT",
  ],
  ["a retire", (users, user) => users.retire(user, {}), "UPDATE", "entry"],
  ["a retire of one", (users, user, { handle }) => users.retire(user, { handle }), "UPDATE"],
  [
    "a retire but for one",
    (users, user, { handle }) => users.retire(user, { except: handle }),
    "UPDATE",
  ],
  ["a remove", (users, user, { key }) => users.remove(user, [key]), "DELETE", "entry"],
  [
    "a remove of 90 keys",
    (users, user, { key }) =>
      users.remove(
        user,
        Array.from({ length: 90 }, (_, at) => key + at),
      ),
    "DELETE",
  ],
  [
    "a remove of 91 keys",
    (users, user, { key }) =>
      users.remove(
        user,
        Array.from({ length: 91 }, (_, at) => key + at),
      ),
    "DELETE DELETE",
  ],
];

export const USERS: Readonly<Record<string, Check>> = {
  ...Object.fromEntries(
    PRICES.map(([call, act, cost, before]): [string, Check] => [
      `${call} in the index costs ${cost}`,
      async ({ client, statements }, key) => {
        const users = prismaUsers(client.sessionEntry, OPTIONS);
        const entry = newEntry(key);
        if (before) await users.add(key, entry);
        const sent = await statements(() => act(users, key, entry));
        expect(firstWords(sent)).to.equal(cost);
      },
    ]),
  ),

  "remove() takes what has expired of that user with it": async ({ client }, key) => {
    const users = prismaUsers(client.sessionEntry, OPTIONS);
    const other = `${key} of another`;
    await users.add(key, newEntry(key, -1));
    await users.add(key, newEntry(`${key} 2`));
    await users.add(other, newEntry(other, -1));
    await users.remove(key, ["absent"]);
    expect(await keysOf(client, key)).to.deep.equal([`${key} 2`]);
    expect(await keysOf(client, other)).to.deep.equal([other]);
  },

  "deleteExpired() deletes entries that have expired, and no others": async ({ client }, key) => {
    while ((await deleteExpired(client.sessionEntry)) > 0);
    const users = prismaUsers(client.sessionEntry, OPTIONS);
    for (const at of [1, 2, 3]) await users.add(key, newEntry(`${key} ${at}`, -at * 1000));
    await users.add(key, newEntry(key));
    expect(await deleteExpired(client.sessionEntry, { limit: 2 })).to.equal(2);
    expect(await keysOf(client, key)).to.have.members([key, `${key} 1`]);
    expect(await deleteExpired(client.sessionEntry)).to.equal(1);
    expect(await deleteExpired(client.sessionEntry)).to.equal(0);
    expect(await keysOf(client, key)).to.deep.equal([key]);
  },

  "a model that lacks a field is refused when the index is made, by name": async ({ client }) => {
    expect(() => prismaUsers(client.session)).to.throw(
      TypeError,
      "Cannot create Prisma index: the model has no field user of type String; copy the model SessionEntry in prisma/schema.prisma",
    );
  },

  "a model whose fields are not known until they are used is told of by the index too": async (
    { client },
    key,
  ) => {
    const { findFirst, findMany, createMany, updateMany, deleteMany } = client.session;
    const delegate = { findFirst, findMany, createMany, updateMany, deleteMany };
    const users = prismaUsers(delegate, OPTIONS);
    const entry = newEntry(key);
    for (const ask of [
      () => users.add(key, entry),
      () => users.list(key, { limit: 1 }),
      () => users.retire(key, {}),
      () => users.remove(key, [key]),
    ]) {
      const error = await ask().catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(StoreError);
      expect(error).to.include({ code: "STORE_MISCONFIGURED", outcome: "none" });
      expect(String(error)).to.include("copy the model").and.not.include(key);
    }
  },
};

/** For the contract: on the same database as all other cases. */
export function openUsers(open: () => Subject): OpenUsers {
  return async () => {
    const { client } = open();
    return {
      users: prismaUsers(client.sessionEntry, OPTIONS),
      async fill(user, entries) {
        const { createMany } = methodsOf(client);
        // No more values than D1 takes in one statement, unless there are more entries than D1 is given.
        const size = entries.length > 2000 ? 500 : 15;
        for (let from = 0; from < entries.length; from += size) {
          const some = entries.slice(from, from + size);
          const data = some.map(({ at, expiresAt, ...entry }) => {
            return { ...entry, user, at: new Date(at), expiresAt: new Date(expiresAt) };
          });
          await createMany?.({ data });
        }
      },
    };
  };
}

function newEntry(key: string, life: number = soon() - Date.now()): UserEntry {
  const now = Date.now();
  return { key, handle: `handle of ${key}`, at: now, expiresAt: now + life };
}

async function keysOf(client: Client, user: string): Promise<string[]> {
  const rows = (await methodsOf(client)["findMany"]?.({ where: { user } })) as { key: string }[];
  return rows.map(({ key }) => key);
}

function methodsOf(client: Client): Record<string, (args: object) => Promise<unknown>> {
  return client.sessionEntry as unknown as Record<string, (args: object) => Promise<unknown>>;
}
