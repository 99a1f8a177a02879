// Everything that holds on any database, on real ones.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import type { World } from "../support/suite.ts";
import { prismaCases } from "./cases.ts";
import type { Client, Database } from "./databases.ts";
import { makeLibsql } from "./libsql.ts";
import { startMariadb } from "./mariadb.ts";
import { makePglite } from "./pglite.ts";
import { startPostgres } from "./postgres.ts";

interface Setting {
  readonly name: string;
  /** What it needs on the machine. */
  readonly program?: string;
  readonly onlyRaces?: true;
  readonly start: () => Promise<Database>;
  /** How statements are isolated; where nothing is said, as the database comes. */
  readonly isolation?: string;
}

const SETTINGS: readonly Setting[] = [
  { name: "PostgreSQL", program: "postgres", start: startPostgres },
  {
    name: "PostgreSQL, repeatable read",
    program: "postgres",
    start: startPostgres,
    isolation: "repeatable read",
    onlyRaces: true,
  },
  {
    name: "PostgreSQL, serializable",
    program: "postgres",
    start: startPostgres,
    isolation: "serializable",
    onlyRaces: true,
  },
  { name: "SQLite", start: makeLibsql },
  { name: "MariaDB", program: "mariadbd", start: startMariadb },
  { name: "PGlite", start: makePglite, onlyRaces: true },
];

const nowhere: World = { url: "", token: "", faulty: {} as World["faulty"] };

for (const { name, program, start, onlyRaces, isolation } of SETTINGS) {
  const describeOne = program ? describeWith(program) : describe;
  describeOne(name, () => {
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
      onlyRaces,
      isAlone: true,
      manyEntries: name === "PostgreSQL" ? 10_000 : undefined,
      open: () => ({ client, statements: (work) => database.statements(client, work) }),
    });

    test("the contract and the stories are there", () => {
      expect(cases.length).toBeGreaterThan(100);
    });

    for (const { name: sentence, run } of cases) test(sentence, () => run(nowhere));
  });
}
