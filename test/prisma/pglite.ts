// PostgreSQL inside this process, through PGlite.

import { PGlite } from "@electric-sql/pglite";
import { PrismaPGlite } from "pglite-prisma-adapter";
import { type Client, type Database, migrationOf, openClient, watched } from "./databases.ts";

/** Makes a database in memory with the tables in it. */
export async function makePglite(): Promise<Database> {
  const pglite = new PGlite();
  const seen = new WeakMap<Client, string[]>();

  async function connect(): Promise<Client> {
    const sent: string[] = [];
    const client = await openClient("postgresql", {
      adapter: watched(new PrismaPGlite(pglite), sent),
    });
    seen.set(client, sent);
    return client;
  }

  for (const sql of await migrationOf("postgresql")) await pglite.exec(sql);
  return {
    url: "memory:",
    connect,
    async statements(of, work) {
      const sent = seen.get(of) ?? [];
      const before = sent.length;
      await work();
      return sent.slice(before);
    },
    stop: () => pglite.close(),
  };
}
