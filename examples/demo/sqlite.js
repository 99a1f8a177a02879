// Sessions in an SQLite file, through Prisma: a client, its driver adapter, the table of the migration.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { prismaStore, prismaUsers } from "coatcheck/prisma";
import { clientPath, prepareClients, requirePackage } from "../../scripts/prisma.js";

const FILE = fileURLToPath(new URL("../../.demo/sessions.db", import.meta.url));
const MIGRATION = new URL("../../prisma/migrations/sqlite.sql", import.meta.url);

/**
 * @param {string} [file] the database; its secret is kept beside it
 * @returns {Promise<{
 *   store: import("coatcheck").Store,
 *   users: import("coatcheck").UserIndex,
 *   storeName: string,
 *   secret: string,
 * }>}
 */
export async function openSqlite(file = FILE) {
  const { ok, output } = await prepareClients(["sqlite"]);
  if (!ok) throw new Error(`Prisma is not ready: ${output}`);
  mkdirSync(dirname(file), { recursive: true });
  const { PrismaLibSql } = requirePackage("@prisma/adapter-libsql");
  const { PrismaClient } = await import(pathToFileURL(clientPath("sqlite")).href);
  const adapter = reconnecting(new PrismaLibSql({ url: `file:${file}` }));
  const prisma = new PrismaClient({ adapter });
  await migrate(prisma);
  return {
    store: prismaStore(prisma.session, { deleteExpiredEvery: 50, timeoutMs: 3000 }),
    users: prismaUsers(prisma.sessionEntry, { timeoutMs: 3000 }),
    storeName: `SQLite at ${file}`,
    secret: keepSecret(`${file}.secret`),
  };
}

/**
 * Once libsql 0.5 has been refused because another process writes, it answers the writes that follow on that
 * connection, and never commits them. So the connection begins anew.
 *
 * @param {any} factory of an adapter, which is changed
 */
export function reconnecting(factory) {
  const connect = factory.connect.bind(factory);
  return Object.assign(factory, {
    async connect() {
      const adapter = await connect();
      for (const method of ["queryRaw", "executeRaw"]) {
        const run = adapter[method].bind(adapter);
        adapter[method] = (/** @type {unknown} */ query) =>
          run(query).catch(async (/** @type {any} */ error) => {
            const { originalMessage = "" } = error.cause ?? {};
            if (originalMessage.startsWith("SQLITE_BUSY")) await adapter.client.reconnect();
            throw error;
          });
      }
      return adapter;
    },
  });
}

/**
 * What `prisma migrate deploy` does for an application. A file of an earlier demonstration may have some of it already.
 *
 * @param {Record<"$queryRawUnsafe" | "$executeRawUnsafe", (sql: string) => Promise<any>>} prisma
 */
async function migrate(prisma) {
  const made = await prisma.$queryRawUnsafe("SELECT name FROM sqlite_master");
  const names = made.map((/** @type {{ name: string }} */ { name }) => name);
  for (const sql of readFileSync(MIGRATION, "utf8").split(/;$/m)) {
    const [, name] = /^CREATE \w+ "(\w+)"/m.exec(sql) ?? [];
    if (name && !names.includes(name)) await prisma.$executeRawUnsafe(sql);
  }
}

/**
 * Sessions outlive the process only if the secret does. An application has it from its environment.
 *
 * @param {string} path
 */
function keepSecret(path) {
  if (!existsSync(path)) {
    writeFileSync(path, randomBytes(32).toString("base64url"), { mode: 0o600 });
  }
  return readFileSync(path, "utf8");
}
