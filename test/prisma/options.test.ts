// What `prismaStore` and `deleteExpired` take and refuse, and what they do about time.

import { StoreError } from "coatcheck";
import { deleteExpired, type PrismaDelegate, prismaStore } from "coatcheck/prisma";
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
  const { findFirst, findMany, createMany, updateMany, deleteMany } = client.session;
  const own = { findFirst, findMany, createMany, updateMany, deleteMany };
  return { ...own, ...methods } as PrismaDelegate;
}

const silent: Method = () => new Promise(() => undefined);
const soon = () => Date.now() + 60_000;
const newKey = () => `key ${crypto.randomUUID()}`;

describe("a store that cannot be made", () => {
  test.each(["findFirst", "findMany", "createMany", "updateMany", "deleteMany"])(
    "names %s where the delegate lacks it, and what to give",
    (method) => {
      const delegate = { ...modelWith({}), [method]: undefined } as unknown as PrismaDelegate;
      const says = new RegExp(`the delegate has no ${method}; give a model of the client`);
      expect(() => prismaStore(delegate)).toThrow(TypeError);
      expect(() => prismaStore(delegate)).toThrow(says);
    },
  );

  test.each([undefined, null, {}, "session"])("refuses %s for a delegate", (delegate) => {
    expect(() => prismaStore(delegate as unknown as PrismaDelegate)).toThrow(/the delegate has no/);
  });

  test("refuses the client in the place of its model", () => {
    expect(() => prismaStore(client as unknown as PrismaDelegate)).toThrow(
      /such as prisma\.session/,
    );
  });

  test.each([
    [{ timeoutMs: 0 }, RangeError],
    [{ timeoutMs: 60_001 }, RangeError],
    [{ timeoutMs: "1s" }, TypeError],
    [{ deleteExpiredEvery: 0 }, RangeError],
    [{ deleteExpiredEvery: 91 }, RangeError],
    [{ deleteExpiredEvery: 1.5 }, RangeError],
    [{ fields: "sid" }, TypeError],
    [{ fields: { key: 1 } }, TypeError],
    [{ fields: { sid: "key" } }, TypeError],
    [{ fields: { value: "data" } }, TypeError],
    [{ timeout: 1000 }, TypeError],
  ])("refuses %j, and names the option", (options, Kind) => {
    const make = () => prismaStore(client.session, options as object);
    expect(make).toThrow(Kind);
    expect(make).toThrow(/timeoutMs|deleteExpiredEvery|fields|timeout must be left out/);
  });

  test.each([{ limit: 0 }, { limit: 10_001 }, { timeoutMs: -1 }, { fields: { key: "sid" } }])(
    "deleteExpired() refuses %j",
    async (options) => {
      await expect(deleteExpired(client.session, options)).rejects.toThrow(/^Cannot create batch/);
    },
  );
});

describe("a key or value that is no text", () => {
  test.each([undefined, null, 1, { not: "x" }])(
    "R5 F36 %j reaches no query, where it would stand for any",
    async (wrong) => {
      const store = prismaStore(client.session);
      const key = newKey();
      const given = wrong as unknown as string;
      await store.write(key, "one", soon(), null);
      await expect(store.read(given)).rejects.toThrow(TypeError);
      await expect(store.write(given, "", 0, "one")).rejects.toThrow(TypeError);
      await expect(store.write(key, given, soon(), "one")).rejects.toThrow(TypeError);
      if (wrong !== null && wrong !== undefined) {
        await expect(store.write(key, "two", soon(), given)).rejects.toThrow(TypeError);
      }
      expect(await store.read(key)).toBe("one");
    },
  );
});

describe("a create that is refused where nothing stands", () => {
  const refusing = (code: string) => {
    let tries = 0;
    const createMany: Method = async () => {
      tries++;
      throw Object.assign(new Error("refused"), { code });
    };
    return { model: modelWith({ createMany }), tries: () => tries };
  };

  test("is tried once more, and is then a conflict of others' making", async () => {
    const { model, tries } = refusing("P2034");
    await expect(prismaStore(model).write(newKey(), "one", soon(), null)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "none",
    });
    expect(tries()).toBe(2);
  });

  test("or names the column that must be unique as well", async () => {
    const fields = { id: "id", key: "sid", value: "data" };
    const store = prismaStore(client.prismaSession, { fields });
    const key = newKey();
    await client.$executeRawUnsafe(
      `INSERT INTO PrismaSession VALUES ('${key}', 'theirs', 'x', '2099-01-01T00:00:00.000+00:00')`,
    );
    await expect(store.write(key, "one", soon(), null)).rejects.toMatchObject({
      code: "STORE_MISCONFIGURED",
      outcome: "none",
      message: expect.stringContaining("another column that must be unique") as string,
    });
  });
});

describe("time", () => {
  test("R24 expiry is by the clock of this process", async () => {
    const store = prismaStore(client.session);
    const key = newKey();
    await withClock(async (clock) => {
      await store.write(key, "one", clock.now + 10_000, null);
      clock.advance(9);
      expect(await store.read(key)).toBe("one");
      clock.advance(2);
      expect(await store.read(key)).toBe(null);
      expect(await deleteExpired(client.session)).toBe(1);
    });
  });

  test("a part of a millisecond does not shorten a row's life", async () => {
    const store = prismaStore(client.session);
    const key = newKey();
    await withClock(async (clock) => {
      await store.write(key, "one", clock.now + 0.25, null);
      expect(await store.read(key)).toBe("one");
      clock.advance(0.001);
      expect(await store.read(key)).toBe(null);
    });
  });

  test("a time beyond the calendar of databases is the end of it", async () => {
    const store = prismaStore(client.session);
    for (const expiresAt of [Infinity, 8.64e15]) {
      const key = newKey();
      expect(await store.write(key, "one", expiresAt, null)).toEqual({ swapped: true });
      expect(await store.read(key)).toBe("one");
    }
  });

  test("R53 deleteExpired() ends at its deadline", async () => {
    const batch = deleteExpired(modelWith({ findMany: silent }), { timeoutMs: 50 });
    await expect(batch).rejects.toMatchObject({ name: "StoreError", outcome: "unknown" });
  });

  test("after the deadline nothing more is written, though the first statement is answered late", async () => {
    const key = newKey();
    await prismaStore(client.session).write(key, "one", Date.now() + 30, null);
    let answer: (error: Error) => void = () => undefined;
    const createMany: Method = () => new Promise((_, reject) => (answer = reject));
    let updates = 0;
    const updateMany: Method = async () => ({ count: ++updates });
    const store = prismaStore(modelWith({ createMany, updateMany }), { timeoutMs: 50 });
    const late = await store.write(key, "two", soon(), null).catch((error: unknown) => error);
    expect(late).toMatchObject({ outcome: "unknown" });
    answer(Object.assign(new Error("taken"), { code: "P2002" }));
    expect(await prismaStore(client.session).read(key)).toBe(null);
    expect(updates).toBe(0);
  });
});

describe("deleteExpiredEvery", () => {
  const fail: Method = async () => {
    throw new Error("the table is locked");
  };

  test.each([
    ["fails", fail],
    ["does not answer", silent],
  ])("a batch that %s does not fail the write", async (_, findMany) => {
    const options = { deleteExpiredEvery: 1, timeoutMs: 100 };
    const store = prismaStore(modelWith({ findMany }), options);
    const key = newKey();
    expect(await store.write(key, "one", soon(), null)).toEqual({ swapped: true });
    expect(await store.read(key)).toBe("one");
  });

  test("a write that has used up its time is followed by no batch", async () => {
    await withClock(async (clock) => {
      let batches = 0;
      const findMany: Method = async () => {
        batches++;
        return [];
      };
      const updateMany: Method = async () => {
        clock.advance(1);
        return { count: 1 };
      };
      const store = prismaStore(modelWith({ findMany, updateMany }), { deleteExpiredEvery: 1 });
      const until = clock.now + 60_000;
      expect(await store.write(newKey(), "two", until, "one")).toEqual({ swapped: true });
      expect(batches).toBe(0);
      expect(await store.write(newKey(), "one", until, null)).toEqual({ swapped: true });
      expect(batches).toBe(1);
    });
  });

  test("a write that fails is followed by no batch", async () => {
    let batches = 0;
    const findMany: Method = async () => {
      batches++;
      return [];
    };
    const store = prismaStore(modelWith({ findMany, createMany: fail }), { deleteExpiredEvery: 1 });
    await expect(store.write(newKey(), "one", soon(), null)).rejects.toBeInstanceOf(StoreError);
    expect(batches).toBe(0);
  });
});

describe("R48 an error that nobody knows", () => {
  test.each([
    new Error("SELECT a value that nobody may see"),
    Object.assign(new Error("secret"), { code: "secret", cause: new Error("secret") }),
    "secret",
    undefined,
  ])("%s leaves the outcome unknown, and nothing of its text", async (thrown) => {
    const findFirst: Method = () => Promise.reject(thrown as Error);
    const error = await prismaStore(modelWith({ findFirst }))
      .read("key")
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
    expect(String(error)).toBe("StoreError: Cannot use database: the command failed");
  });
});
