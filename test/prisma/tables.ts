// Which models the store takes, and which it refuses.

import { expect } from "chai";
import { StoreError } from "coatcheck";
import { prismaStore } from "coatcheck/prisma";
import { type Check, OPTIONS, soon } from "./subject.ts";
import type { Client } from "./watched.ts";

const FIELDS = { id: "id", key: "sid", value: "data" };

export const TABLES: Readonly<Record<string, Check>> = {
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

/** What is wrong with the table itself, for a moment: for databases that nobody else uses meanwhile. */
export const FAULTS: Readonly<Record<string, Check>> = {
  "a table that does not exist is a misconfiguration, named with its mend": async (
    { client },
    key,
  ) => {
    await alter(client, "ALTER TABLE 'Session' RENAME TO 'Other'");
    try {
      await expectMend(client, key, "table does not exist");
    } finally {
      await alter(client, "ALTER TABLE 'Other' RENAME TO 'Session'");
    }
  },

  "a column that does not exist is a misconfiguration, named with its mend": async (
    { client },
    key,
  ) => {
    await alter(client, "ALTER TABLE 'Session' RENAME COLUMN 'value' TO 'other'");
    try {
      await expectMend(client, key, "column does not exist");
    } finally {
      await alter(client, "ALTER TABLE 'Session' RENAME COLUMN 'other' TO 'value'");
    }
  },
};

async function expectMend(client: Client, key: string, reason: string): Promise<void> {
  const store = prismaStore(client.session, OPTIONS);
  for (const ask of [() => store.read(key), () => store.write(key, "one", soon(), null)]) {
    const error = await ask().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(StoreError);
    expect(error).to.include({ code: "STORE_MISCONFIGURED", outcome: "none" });
    expect(String(error))
      .to.include(reason)
      .and.include("apply the migration")
      .and.not.include(key);
  }
}

/** Names stand between single quotes; MariaDB has its own for them. */
async function alter(client: Client, sql: string): Promise<void> {
  const quoted = (quote: string) => client.$executeRawUnsafe(sql.replaceAll("'", quote));
  await quoted('"').catch(() => quoted("`"));
}
