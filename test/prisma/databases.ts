// What a test needs of a database: one to start, one to reach, and Prisma's client for it.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { clientPath } from "../../scripts/prisma.js";
import { ROOT } from "../../scripts/system.js";
import type { Client } from "./watched.ts";

export { type Client, watched } from "./watched.ts";

/** A database that a test started, with the tables in it. */
export interface Database {
  readonly url: string;
  /** A client; the options are those of the driver. */
  connect(options?: Readonly<Record<string, unknown>>): Promise<Client>;
  /** The SQL that came to the database while `work` ran, by its own log or, where it has none, at the driver. */
  statements(client: Client, work: () => Promise<unknown>): Promise<string[]>;
  stop(): Promise<void>;
}

/** A database that is a server, which can fail. */
export interface Server extends Database {
  readonly port: number;
  pause(): void;
  resume(): void;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with what it has stored. */
  restart(): Promise<void>;
}

/** The client that was made for a database (scripts/prisma.js). */
export async function openClient(name: string, options: object): Promise<Client> {
  const { PrismaClient } = (await import(pathToFileURL(clientPath(name)).href)) as {
    PrismaClient: new (options: object) => Client;
  };
  return new PrismaClient(options);
}

/** PrismaSessionStore's table, as `prisma migrate` makes it of that store's README. */
const OTHER: Readonly<Record<string, string>> = {
  postgresql: `CREATE TABLE "PrismaSession" ("id" TEXT NOT NULL, "sid" TEXT NOT NULL, "data" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL, CONSTRAINT "PrismaSession_pkey" PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "PrismaSession_sid_key" ON "PrismaSession"("sid");`,
  mariadb: `CREATE TABLE \`PrismaSession\` (\`id\` VARCHAR(191) NOT NULL, \`sid\` VARCHAR(191) NOT NULL,
    \`data\` MEDIUMTEXT NOT NULL, \`expiresAt\` DATETIME(3) NOT NULL,
    UNIQUE INDEX \`PrismaSession_sid_key\`(\`sid\`), PRIMARY KEY (\`id\`))
    DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;`,
  sqlite: `CREATE TABLE "PrismaSession" ("id" TEXT NOT NULL PRIMARY KEY, "sid" TEXT NOT NULL, "data" TEXT NOT NULL,
    "expiresAt" DATETIME NOT NULL);
CREATE UNIQUE INDEX "PrismaSession_sid_key" ON "PrismaSession"("sid");`,
};

/** The statements of the migration that is published, and of that other table. */
export async function migrationOf(name: string): Promise<string[]> {
  const file = join(ROOT, `prisma/migrations/${name}.sql`);
  const text = `${await readFile(file, "utf8")}\n${OTHER[name]}`;
  const statements = text.replaceAll(/^--.*$/gm, "").split(/;$/m);
  return statements.map((statement) => statement.trim()).filter(Boolean);
}

/** Reads what a log gained while `work` ran; `mark` is asked for last, and has been written once all before it is. */
export async function logged(
  path: string,
  mark: (text: string) => Promise<unknown>,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const [begin, end] = [crypto.randomUUID(), crypto.randomUUID()];
  await mark(begin);
  await work();
  await mark(end);
  for (let tries = 0; tries < 100; tries++) {
    const lines = (await readFile(path, "utf8")).split("\n");
    // MariaDB writes one line where a statement is prepared, and one where it is executed.
    const from = lines.findLastIndex((line) => line.includes(begin));
    const to = lines.findIndex((line) => line.includes(end));
    if (from >= 0 && to >= 0) return lines.slice(from + 1, to);
    await sleep(50);
  }
  throw new Error(`${path} was not written`);
}
