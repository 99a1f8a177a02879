// What Node, Deno and Bun run: every case on the database at an address. See runtimes.test.ts.

import { PrismaLibSql } from "@prisma/adapter-libsql";
import { PrismaPg } from "@prisma/adapter-pg";
import { type Outcome, runCases, type World } from "../support/suite.ts";
import { prismaCases } from "./cases.ts";
import { type Client, watched } from "./watched.ts";

export async function runOn(
  PrismaClient: new (options: object) => Client,
  world: World,
): Promise<Outcome[]> {
  const { url } = world;
  const sent: string[] = [];
  const adapter = url.startsWith("file:")
    ? watched(new PrismaLibSql({ url }), sent)
    : watched(new PrismaPg({ connectionString: url }), sent);
  const client = new PrismaClient({ adapter });
  const statements = async (work: () => Promise<unknown>) => {
    const before = sent.length;
    await work();
    return sent.slice(before);
  };
  const open = () => ({ client, statements });
  const outcomes = await runCases(prismaCases({ name: "Prisma", onlyRaces: true, open }), world);
  await client.$disconnect();
  return outcomes;
}
