// Everything that holds on any database, on real ones.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { World } from "../support/suite.ts";
import { prismaCases } from "./cases.ts";
import type { Client, Database } from "./databases.ts";
import { makeLibsql } from "./libsql.ts";
import { startMariadb } from "./mariadb.ts";
import { makePglite } from "./pglite.ts";
import { startPostgres } from "./postgres.ts";

interface Setting {
  readonly name: string;
  /** Takes one statement at a time. */
  readonly isSerial?: true;
  readonly start: () => Promise<Database>;
  /** How statements are isolated; where nothing is said, as the database comes. */
  readonly isolation?: string;
}

const SETTINGS: readonly Setting[] = [
  { name: "PostgreSQL", start: startPostgres },
  { name: "PostgreSQL, repeatable read", start: startPostgres, isolation: "repeatable read" },
  { name: "PostgreSQL, serializable", start: startPostgres, isolation: "serializable" },
  { name: "SQLite", start: makeLibsql, isSerial: true },
  { name: "MariaDB", start: startMariadb },
  { name: "PGlite", start: makePglite, isSerial: true },
];

const nowhere: World = { url: "", token: "", faulty: {} as World["faulty"] };

for (const { name, start, isSerial, isolation } of SETTINGS) {
  describe(name, () => {
    let database: Database;
    let client: Client;

    beforeAll(async () => {
      database = await start();
      const level = isolation?.replace(" ", "\\ ");
      client = await database.connect(
        level ? { options: `-c default_transaction_isolation=${level}` } : {},
      );
    });

    afterAll(async () => {
      await client?.$disconnect();
      await database?.stop();
    });

    const cases = prismaCases({
      name,
      isSerial,
      open: () => ({ client, statements: (work) => database.statements(client, work) }),
    });

    test("the contract and the stories are there", () => {
      expect(cases.length).toBeGreaterThan(200);
    });

    for (const { name: sentence, run } of cases) test(sentence, () => run(nowhere));
  });
}
