// The Store's promises on real databases, through Prisma's own drivers.

import { prismaStore } from "coatcheck/prisma";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type Open, storeContract } from "../contract/store.ts";
import type { World } from "../support/suite.ts";
import type { Client, Database } from "./databases.ts";
import { makeLibsql } from "./libsql.ts";
import { startMariadb } from "./mariadb.ts";
import { startPostgres } from "./postgres.ts";

const nowhere: World = { url: "", token: "", faulty: {} as World["faulty"] };

const DATABASES: Readonly<Record<string, () => Promise<Database>>> = {
  "PostgreSQL, read committed": startPostgres,
  "SQLite through libsql": makeLibsql,
  MariaDB: startMariadb,
};

describe.each(Object.entries(DATABASES))("the contract on %s", (name, start) => {
  let database: Database;
  let client: Client;

  beforeAll(async () => {
    database = await start();
    client = await database.connect();
  });

  afterAll(async () => {
    await client?.$disconnect();
    await database?.stop();
  });

  const open: Open = async () => ({ store: prismaStore(client.session, { timeoutMs: 10_000 }) });
  for (const { name: sentence, run } of storeContract(name, open)) {
    test(sentence, () => run(nowhere));
  }
});
