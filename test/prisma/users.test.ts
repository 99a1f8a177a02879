// What `prismaUsers` takes and refuses, and what it does about time, conflicts and faults.

import { inspect } from "node:util";
import { StoreError, type UserEntry, type UserIndex } from "coatcheck";
import { deleteExpired, type PrismaDelegate, prismaUsers } from "coatcheck/prisma";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withClock } from "../support/clock.ts";
import type { Client, Database } from "./databases.ts";
import { makeLibsql } from "./libsql.ts";

let database: Database;
let client: Client;

beforeAll(async () => {
  database = await makeLibsql();
  client = await database.connect();
});

afterAll(async () => {
  await client?.$disconnect();
  await database?.stop();
});

type Method = (args: object) => Promise<unknown>;

/** The model with some of its methods replaced. */
function modelWith(methods: Readonly<Record<string, Method>>): PrismaDelegate {
  const { findFirst, findMany, createMany, updateMany, deleteMany } = client.sessionEntry;
  return { findFirst, findMany, createMany, updateMany, deleteMany, ...methods } as PrismaDelegate;
}

/** The model with one method in the place of all. */
function modelOf(method: Method): PrismaDelegate {
  const names = ["findFirst", "findMany", "createMany", "updateMany", "deleteMany"];
  return modelWith(Object.fromEntries(names.map((name) => [name, method])));
}

const silent: Method = () => new Promise(() => undefined);
const newUser = () => `user ${crypto.randomUUID()}`;

function newEntry(life = 60_000): UserEntry {
  const [key, handle, at] = [crypto.randomUUID(), crypto.randomUUID(), Date.now()];
  return { key, handle, at, expiresAt: at + life };
}

const USER = "user-that-nobody-may-see";
const ENTRY: UserEntry = {
  ...newEntry(),
  key: "key-that-nobody-may-see",
  handle: "handle-that-nobody-may-see",
};

/** Every call of an index. */
const CALLS: Readonly<Record<string, (users: UserIndex) => Promise<unknown>>> = {
  add: (users) => users.add(USER, ENTRY),
  touch: (users) => users.touch(USER, ENTRY),
  list: (users) => users.list(USER, { limit: 50, handle: ENTRY.handle }),
  retire: (users) => users.retire(USER, { except: ENTRY.handle }),
  remove: (users) => users.remove(USER, [ENTRY.key]),
};

async function failureOf(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    (answer) => expect.fail(`it was answered: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  const printed = inspect(error, { depth: Infinity, showHidden: true });
  for (const secret of [USER, ENTRY.key, ENTRY.handle]) expect(printed).not.toContain(secret);
  return error as StoreError;
}

describe("an index that cannot be made", () => {
  test.each(["findMany", "createMany", "updateMany", "deleteMany"])(
    "names %s where the delegate lacks it, and what to give",
    (method) => {
      const delegate = { ...modelWith({}), [method]: undefined } as unknown as PrismaDelegate;
      expect(() => prismaUsers(delegate)).toThrow(TypeError);
      expect(() => prismaUsers(delegate)).toThrow(
        `Cannot create Prisma index: the delegate has no ${method}; give a model of the client, such as prisma.sessionEntry`,
      );
    },
  );

  test.each([undefined, null, {}, "sessionEntry"])("refuses %s for a delegate", (delegate) => {
    expect(() => prismaUsers(delegate as unknown as PrismaDelegate)).toThrow(
      /the delegate has no .* such as prisma\.sessionEntry/,
    );
  });

  test("refuses the client, and the model of another table", () => {
    expect(() => prismaUsers(client as unknown as PrismaDelegate)).toThrow(/the delegate has no/);
    expect(() => prismaUsers(client.session)).toThrow(
      "the model has no field user of type String; copy the model SessionEntry in prisma/schema.prisma",
    );
  });

  test.each(["key", "user", "handle", "at", "expiresAt", "retired"])(
    "names the field %s where the model lacks it, or has it with another type",
    (name) => {
      const { fields } = client.sessionEntry as unknown as { fields: Record<string, object> };
      for (const field of [undefined, { typeName: "Int" }]) {
        const delegate = { ...modelWith({}), fields: { ...fields, [name]: field } };
        expect(() => prismaUsers(delegate)).toThrow(`the model has no field ${name} of type`);
      }
    },
  );

  test.each([
    [{ timeoutMs: 0 }, RangeError, "timeoutMs must be a whole number of milliseconds"],
    [{ timeoutMs: 60_001 }, RangeError, "timeoutMs must be"],
    [{ timeoutMs: "1s" }, TypeError, "timeoutMs must be"],
    [{ fields: {} }, TypeError, "fields must be left out: it is unknown"],
  ])("refuses %j, and names the option", (options, Kind, says) => {
    const make = () => prismaUsers(client.sessionEntry, options as object);
    expect(make).toThrow(Kind);
    expect(make).toThrow(`Cannot create Prisma index: ${says}`);
  });
});

describe("a name that is no text", () => {
  test.each([undefined, null, 1, { not: "x" }, ["x"]])(
    "R5 F36 %j reaches no query, where it would stand for any",
    async (wrong) => {
      const users = prismaUsers(client.sessionEntry);
      const [user, entry] = [newUser(), newEntry()];
      const text = wrong as unknown as string;
      await users.add(user, entry);
      const asked = [
        users.add(text, entry),
        users.add(user, { ...entry, key: text }),
        users.add(user, { ...entry, handle: text }),
        users.touch(text, entry),
        users.touch(user, { ...entry, key: text }),
        users.list(text, { limit: 1 }),
        users.retire(text, {}),
        users.remove(text, [entry.key]),
        users.remove(user, [text]),
      ];
      if (wrong !== null && wrong !== undefined) {
        asked.push(
          users.list(user, { limit: 1, handle: text }),
          users.list(user, { limit: 1, after: { at: 1, handle: text } }),
          users.retire(user, { handle: text }),
          users.retire(user, { except: text }),
        );
      }
      for (const { status, reason } of (await Promise.allSettled(
        asked,
      )) as PromiseRejectedResult[]) {
        expect(status).toBe("rejected");
        expect(reason).toBeInstanceOf(TypeError);
      }
      expect(await users.list(user, { limit: 9 })).toEqual([{ ...entry, retired: false }]);
    },
  );
});

describe("time", () => {
  test("R24 an entry expires by the clock of this process", async () => {
    const users = prismaUsers(client.sessionEntry);
    const user = newUser();
    await withClock(async (clock) => {
      await users.add(user, { ...newEntry(), expiresAt: clock.now + 10_000 });
      clock.advance(9);
      expect(await users.list(user, { limit: 9 })).toHaveLength(1);
      clock.advance(2);
      expect(await users.list(user, { limit: 9 })).toEqual([]);
    });
  });

  test("a time beyond the calendar of databases is the end of it", async () => {
    const users = prismaUsers(client.sessionEntry);
    for (const expiresAt of [Infinity, 8.64e15]) {
      const user = newUser();
      const entry = newEntry();
      await users.add(user, { ...newEntry(), expiresAt });
      await users.add(user, entry);
      await users.touch(user, { ...entry, expiresAt });
      expect(await users.list(user, { limit: 9 })).toHaveLength(2);
    }
  });

  test("R53 a database that does not answer is an outage at the deadline", async () => {
    for (const call of Object.values(CALLS)) {
      const users = prismaUsers(modelOf(silent), { timeoutMs: 20 });
      expect(await failureOf(call(users))).toMatchObject({
        outcome: "unknown",
        message: "Cannot use database: no answer within 20 ms",
      });
    }
  });
});

describe("a statement that was undone because others were quicker", () => {
  const conflict = () => Object.assign(new Error("conflict"), { code: "P2034" });

  test("is sent again, and its effect is there once", async () => {
    const { createMany, updateMany, deleteMany, findMany } = modelWith({}) as unknown as Record<
      string,
      Method
    >;
    let undone = 0;
    const unlucky = (method: Method | undefined): Method => {
      let tries = 0;
      return async (args) => {
        if (++tries > 2) return method?.(args);
        undone++;
        throw conflict();
      };
    };
    const users = prismaUsers(
      modelWith({
        createMany: unlucky(createMany),
        updateMany: unlucky(updateMany),
        deleteMany: unlucky(deleteMany),
        findMany: unlucky(findMany),
      }),
    );
    const [user, entry] = [newUser(), newEntry()];
    await users.add(user, entry);
    await users.retire(user, {});
    expect(await users.list(user, { limit: 9 })).toEqual([{ ...entry, retired: true }]);
    await users.remove(user, [entry.key]);
    expect(await users.list(user, { limit: 9 })).toEqual([]);
    expect(undone).toBe(8);
  });

  test("is an outage with nothing done where that lasts", async () => {
    for (const call of Object.values(CALLS)) {
      await withClock(async (clock) => {
        const users = prismaUsers(
          modelOf(async () => {
            clock.advance(0.4);
            throw conflict();
          }),
        );
        expect(await failureOf(call(users))).toMatchObject({
          outcome: "none",
          code: "STORE_UNAVAILABLE",
        });
      });
    }
  });
});

describe("R48 an error of the database", () => {
  test.each([
    [new Error(`SELECT ${USER} ${ENTRY.key}`), "unknown", "STORE_UNAVAILABLE"],
    [Object.assign(new Error(ENTRY.handle), { code: "P1001" }), "none", "STORE_UNAVAILABLE"],
    [Object.assign(new Error(ENTRY.key), { code: "P2021" }), "none", "STORE_MISCONFIGURED"],
    [Object.assign(new Error(ENTRY.key), { code: "P2022" }), "none", "STORE_MISCONFIGURED"],
    [USER, "unknown", "STORE_UNAVAILABLE"],
    [undefined, "unknown", "STORE_UNAVAILABLE"],
  ])("%s says what is certain, and nothing of the entry", async (thrown, outcome, code) => {
    for (const call of Object.values(CALLS)) {
      const users = prismaUsers(modelOf(() => Promise.reject(thrown as Error)));
      expect(await failureOf(call(users))).toMatchObject({ outcome, code });
    }
  });

  test("an answer of the wrong shape is no list", async () => {
    for (const answer of [undefined, null, {}, [null], [{}], [{ at: 1, expiresAt: 2 }]]) {
      const users = prismaUsers(modelWith({ findMany: async () => answer }));
      expect(await failureOf(users.list(USER, { limit: 9 }))).toMatchObject({ outcome: "unknown" });
    }
  });

  test("a table that does not exist is named, with its mend", async () => {
    await client.$executeRawUnsafe("ALTER TABLE SessionEntry RENAME TO Other");
    try {
      for (const call of Object.values(CALLS)) {
        const error = await failureOf(call(prismaUsers(client.sessionEntry)));
        expect(error.code).toBe("STORE_MISCONFIGURED");
        expect(error.message).toContain("its table does not exist; apply the migration");
      }
    } finally {
      await client.$executeRawUnsafe("ALTER TABLE Other RENAME TO SessionEntry");
    }
  });
});

describe("deleteExpired()", () => {
  test("asks of a model no more than a key and a DateTime", async () => {
    const { fields } = client.sessionEntry as unknown as { fields: Record<string, object> };
    for (const name of ["key", "expiresAt"]) {
      const model = { ...modelWith({}), fields: { ...fields, [name]: undefined } };
      await expect(deleteExpired(model)).rejects.toThrow(
        `Cannot create batch: the model has no field ${name} of type`,
      );
    }
    const { key, expiresAt } = fields;
    const least = { ...modelWith({}), fields: { key, expiresAt } };
    expect(await deleteExpired(least as unknown as PrismaDelegate)).toBeTypeOf("number");
    await expect(deleteExpired(client.prismaSession)).rejects.toThrow(
      /no field key of type String/,
    );
  });
});
