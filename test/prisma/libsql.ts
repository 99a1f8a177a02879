// SQLite in a file, through libsql.

import { join } from "node:path";
import { PrismaLibSql } from "@prisma/adapter-libsql";
import { makeFolder, removeFolder } from "../support/daemon.ts";
import { type Client, type Database, migrationOf, openClient, watched } from "./databases.ts";

/** Makes a database with the tables in it. */
export async function makeLibsql(): Promise<Database> {
  const folder = makeFolder("libsql");
  const url = `file:${join(folder, "sessions.db")}`;
  const seen = new WeakMap<Client, string[]>();

  async function connect(options = {}): Promise<Client> {
    const sent: string[] = [];
    const client = await openClient("sqlite", {
      adapter: watched(new PrismaLibSql({ url, ...options }), sent),
    });
    seen.set(client, sent);
    return client;
  }

  const client = await connect();
  for (const sql of await migrationOf("sqlite")) await client.$executeRawUnsafe(sql);
  await client.$disconnect();
  return {
    url,
    connect,
    async statements(of, work) {
      const sent = seen.get(of) ?? [];
      const before = sent.length;
      await work();
      return sent.slice(before);
    },
    stop: () => removeFolder(folder),
  };
}
