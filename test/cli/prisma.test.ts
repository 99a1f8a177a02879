// The doctor and Prisma, on real databases: SQLite through libsql, PostgreSQL, MariaDB.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { describeWith } from "../support/needs.ts";
import type { Client, Database } from "../prisma/databases.ts";
import { makeLibsql } from "../prisma/libsql.ts";
import { startMariadb } from "../prisma/mariadb.ts";
import { startPostgres } from "../prisma/postgres.ts";
import {
  coatcheck,
  examine,
  expectFinding,
  found,
  type Report,
  temporaryFolder,
} from "./command.ts";
import { type PrismaModule, writePrisma } from "./modules.ts";

vi.setConfig({ testTimeout: 60_000 });

const SECRET = "hunter2-hunter2-hunter2";
const folder = temporaryFolder();

/** A database, a module that reaches it, and statements before and after. */
interface Stage {
  readonly name: string;
  readonly open: () => Promise<Database>;
  readonly module: PrismaModule;
}

const STAGES: Readonly<Record<"sqlite" | "postgresql" | "mariadb", Stage>> = {
  sqlite: {
    name: "sqlite",
    open: makeLibsql,
    module: {
      client: "sqlite",
      adapter: ["@prisma/adapter-libsql", "PrismaLibSql"],
      options: "{ url: process.env.DATABASE_URL }",
    },
  },
  postgresql: {
    name: "postgresql",
    open: () => startPostgres(),
    module: {
      client: "postgresql",
      adapter: ["@prisma/adapter-pg", "PrismaPg"],
      options: "{ connectionString: process.env.DATABASE_URL }",
    },
  },
  mariadb: {
    name: "mariadb",
    open: startMariadb,
    module: {
      client: "mysql",
      adapter: ["@prisma/adapter-mariadb", "PrismaMariaDb"],
      options: `{ host: "127.0.0.1", port: Number(new URL(process.env.DATABASE_URL).port), user: "root",
        database: "coatcheck", acquireTimeout: 2000 }`,
    },
  },
};

/** Opens a stage for the tests of a block. `doctor` runs with statements before it, which others undo. */
function onStage({ name, open, module }: Stage) {
  let database: Database;
  let client: Client;
  beforeAll(async () => {
    database = await open();
    client = await database.connect();
    await writePrisma(folder.path, `${name}.mjs`, module);
  });
  afterAll(async () => {
    await client?.$disconnect();
    await database?.stop();
  });
  const doctor = async (
    args: readonly string[] = [],
    [before = [], after = []]: readonly (readonly string[])[] = [],
  ): Promise<Report> => {
    for (const sql of before) await client.$executeRawUnsafe(sql);
    try {
      const env = { DATABASE_URL: database.url, APP_SECRET: SECRET };
      const module = args.includes("--prisma") ? [] : ["--prisma", `./${name}.mjs`];
      return await examine([...module, "--timeout", "10000", ...args], {
        env,
        folder: folder.path,
      });
    } finally {
      for (const sql of after) await client.$executeRawUnsafe(sql);
    }
  };
  return { doctor, database: () => database };
}

describe("SQLite", () => {
  const { doctor } = onStage(STAGES.sqlite);

  test("is well with the published migration, and needs no Redis", async () => {
    const report = await doctor();
    expect(report.exitCode).toBe(0);
    for (const check of ["module", "roundtrip", "table", "columns", "index"]) {
      expectFinding(report, `prisma.${check}`, "ok");
    }
    expect(found(report, "store.memory")).toEqual([]);
    expect(expectFinding(report, "prisma.table", "ok").message).toContain("sqlite");
  });

  test("without the table names the migration", async () => {
    const report = await doctor(
      [],
      [["ALTER TABLE Session RENAME TO Other"], ["ALTER TABLE Other RENAME TO Session"]],
    );
    expect(report.exitCode).toBe(1);
    expect(expectFinding(report, "prisma.roundtrip", "wrong").message).toContain("table does not");
    expect(expectFinding(report, "prisma.table", "wrong").mend).toContain("migrations/sqlite.sql");
  });

  test("without a column names it", async () => {
    const report = await doctor(
      [],
      [
        ["ALTER TABLE Session RENAME value TO other"],
        ["ALTER TABLE Session RENAME other TO value"],
      ],
    );
    expect(report.exitCode).toBe(1);
    expectFinding(report, "prisma.roundtrip", "wrong");
    expect(expectFinding(report, "prisma.columns", "wrong").message).toBe(
      "there is no column value",
    );
  });

  test("without an index of expiresAt works, with a warning", async () => {
    const report = await doctor(
      [],
      [
        ["DROP INDEX Session_expiresAt_idx"],
        ["CREATE INDEX Session_expiresAt_idx ON Session(expiresAt)"],
      ],
    );
    expect(report.exitCode).toBe(0);
    expect(expectFinding(report, "prisma.index", "warning").why).toContain("deleteExpired");
  });

  test("PrismaSessionStore's table is checked with the fields that the module exports", async () => {
    const more = 'export const fields = { id: "id", key: "sid", value: "data" };';
    await writePrisma(folder.path, "other.mjs", { ...STAGES.sqlite.module, more });
    const report = await doctor(["--prisma", "./other.mjs", "--model", "prismaSession"]);
    expect(report.exitCode).toBe(0);
    expect(expectFinding(report, "prisma.table", "ok").message).toContain("PrismaSession");
    expect(expectFinding(report, "prisma.columns", "ok").message).toBe("sid, data, expiresAt");
    expectFinding(report, "prisma.index", "warning");
  });

  test("a model that lacks a field is told by the field", async () => {
    const report = await doctor(["--model", "prismaSession"]);
    expect(report.exitCode).toBe(1);
    expect(expectFinding(report, "prisma.model", "wrong").message).toContain("no field key");
  });

  test("a model that does not exist is told", async () => {
    const report = await doctor(["--model", "visit"]);
    expect(report.exitCode).toBe(1);
    expect(expectFinding(report, "prisma.module", "wrong").message).toContain(
      "no client with a model",
    );
  });

  test("what a module prints does not stand in the JSON, and its secrets nowhere", async () => {
    const more = `console.log("connecting with", process.env.APP_SECRET);
console.error(process.env.APP_SECRET);`;
    await writePrisma(folder.path, "loud.mjs", { ...STAGES.sqlite.module, more });
    const report = await doctor(["--prisma", "./loud.mjs"]);
    expect(report.exitCode).toBe(0);
    expect(report.outcome.err).toContain("connecting with [hidden]");
    expect(report.outcome.err + report.outcome.out).not.toContain(SECRET);
  });
});

describeWith("postgres")("PostgreSQL", () => {
  const { doctor, database } = onStage(STAGES.postgresql);

  test("is well with the published migration, the clock too", async () => {
    const report = await doctor();
    expect(report.exitCode).toBe(0);
    for (const check of ["roundtrip", "table", "columns", "index", "clock"]) {
      expectFinding(report, `prisma.${check}`, "ok");
    }
  });

  test("without the table names the migration", async () => {
    const report = await doctor(
      [],
      [['ALTER TABLE "Session" RENAME TO "Other"'], ['ALTER TABLE "Other" RENAME TO "Session"']],
    );
    expect(report.exitCode).toBe(1);
    const { mend } = expectFinding(report, "prisma.table", "wrong");
    expect(mend).toContain("migrations/postgresql.sql");
  });

  test.each([
    ["nobody listens", (url: URL) => (url.port = "1"), /cannot be reached/],
    ["the password is wrong", (url: URL) => (url.password = SECRET), /refuses the user/],
  ])("R48 where %s it says so, and shows no password", async (_, change, says) => {
    const url = new URL(database().url);
    change(url);
    const args = ["--prisma", "./postgresql.mjs"];
    const report = await examine(args, { folder: folder.path, env: { DATABASE_URL: url.href } });
    expect(report.exitCode).toBe(1);
    expect(expectFinding(report, "prisma.roundtrip", "wrong").message).toMatch(says);
    expect(report.outcome.out + report.outcome.err).not.toContain(SECRET);
  });

  test("a column with a time zone is a warning", async () => {
    const type = (name: string) => `ALTER TABLE "Session" ALTER COLUMN "expiresAt" TYPE ${name}`;
    const report = await doctor([], [[type("timestamptz(3)")], [type("timestamp(3)")]]);
    expect(report.exitCode).toBe(0);
    expect(expectFinding(report, "prisma.columns", "warning").message).toContain("timestamptz");
  });

  test("a table of the same name in another schema is another's", async () => {
    const other = [
      'CREATE SCHEMA "aside"',
      'CREATE TABLE "aside"."Session" ("key" text, "value" varchar(9), "expiresAt" timestamptz)',
    ];
    const report = await doctor([], [other, ['DROP SCHEMA "aside" CASCADE']]);
    expect(report.exitCode).toBe(0);
    expectFinding(report, "prisma.columns", "ok");
    const index = 'CREATE INDEX "Session_expiresAt_idx" ON';
    const moved = await doctor(
      [],
      [
        [
          ...other,
          `${index} "aside"."Session" ("expiresAt")`,
          'DROP INDEX "Session_expiresAt_idx"',
        ],
        ['DROP SCHEMA "aside" CASCADE', `${index} "Session" ("expiresAt")`],
      ],
    );
    expectFinding(moved, "prisma.index", "warning");
  });

  test("a table in which two rows may have one key fails the round trip", async () => {
    const report = await doctor(
      [],
      [
        ['ALTER TABLE "Session" DROP CONSTRAINT "Session_pkey"'],
        [
          'DELETE FROM "Session"',
          'ALTER TABLE "Session" ADD CONSTRAINT "Session_pkey" PRIMARY KEY ("key")',
        ],
      ],
    );
    expect(report.exitCode).toBe(1);
    const { message, mend } = expectFinding(report, "prisma.roundtrip", "wrong");
    expect(message).toContain("created where one stands already");
    expect(mend).toContain("primary key");
  });
});

describeWith("mariadbd")("MariaDB", () => {
  const { doctor } = onStage(STAGES.mariadb);
  const columns = (collation: string) =>
    `ALTER TABLE \`Session\` MODIFY \`key\` VARCHAR(191) COLLATE ${collation} NOT NULL,
      MODIFY \`value\` MEDIUMTEXT COLLATE ${collation} NOT NULL`;

  test("is well with the published migration, collation and clock too", async () => {
    const report = await doctor();
    expect(report.exitCode).toBe(0);
    for (const check of ["roundtrip", "table", "columns", "collation", "index", "clock"]) {
      expectFinding(report, `prisma.${check}`, "ok");
    }
  });

  test.each(["utf8mb4_unicode_ci", "utf8mb4_bin"])(
    "%s, which takes different texts for the same, is found by name and by trying",
    async (collation) => {
      const report = await doctor([], [[columns(collation)], [columns("utf8mb4_nopad_bin")]]);
      expect(report.exitCode).toBe(0);
      const tried = expectFinding(report, "prisma.roundtrip", "warning");
      expect(tried.message).toContain("not what was expected");
      const named = expectFinding(report, "prisma.collation", "warning");
      expect(named.message).toContain(`value (${collation})`);
      expect(named.mend).toContain("utf8mb4_nopad_bin");
    },
  );

  test("a column without room for a session is found", async () => {
    const type = (name: string) =>
      `ALTER TABLE \`Session\` MODIFY \`value\` ${name} COLLATE utf8mb4_nopad_bin NOT NULL`;
    const report = await doctor([], [[type("VARCHAR(191)")], [type("MEDIUMTEXT")]]);
    expect(report.exitCode).toBe(1);
    const { message, mend } = expectFinding(report, "prisma.columns", "wrong");
    expect(message).toContain("room for 191 characters");
    expect(mend).toContain("@db.MediumText");
  });
});

describe("a module that cannot be used", () => {
  test.each([
    ["is not there", undefined, "ERR_MODULE_NOT_FOUND"],
    ["throws", `throw new Error("no connection with ${SECRET}")`, "Error"],
    ["does not parse", "export const = 1", "SyntaxError"],
  ])("R48 because it %s is not checked: exit code 2, and nothing of its error", async (...row) => {
    const [name, text, code] = row;
    const file = `${name.replaceAll(" ", "-")}.mjs`;
    if (text !== undefined) await writeFile(join(folder.path, file), text);
    const env = { UPSTASH_REDIS_REST_TOKEN: "" };
    const report = await examine(["--prisma", `./${file}`], { env, folder: folder.path });
    expect(report.exitCode).toBe(2);
    expect(expectFinding(report, "prisma.module", "unknown").message).toContain(code);
    expect(report.outcome.out + report.outcome.err).not.toContain(SECRET);
  });

  test("R48 because it fails later, beside the checks, ends them without its error", async () => {
    const text = `setTimeout(() => { throw new Error("lost ${SECRET}") }, 50);
await new Promise((resolve) => setTimeout(resolve, 5000));`;
    await writeFile(join(folder.path, "later.mjs"), text);
    const given = { folder: folder.path };
    const { code, out, err } = await coatcheck(["doctor", "--prisma", "./later.mjs"], given);
    expect(code).toBe(2);
    expect(err).toContain("Cannot go on");
    expect(out + err).not.toContain(SECRET);
  });

  test("because it exports no client is wrong", async () => {
    await writeFile(join(folder.path, "empty.mjs"), "export const other = 1;");
    const report = await examine(["--prisma", "./empty.mjs"], { folder: folder.path });
    expect(report.exitCode).toBe(1);
    expect(expectFinding(report, "prisma.module", "wrong").mend).toContain("export it as prisma");
  });
});
