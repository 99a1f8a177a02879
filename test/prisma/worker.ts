// A worker with D1, as Cloudflare would run it, with the client that Prisma generates for Workers. See d1.test.ts.

import { PrismaD1 } from "@prisma/adapter-d1";
import { type Outcome, runCases, type World } from "../support/suite.ts";
import { prismaCases } from "./cases.ts";
import type { Client } from "./watched.ts";

type Binding = ConstructorParameters<typeof PrismaD1>[0] & object;

const nowhere: World = { url: "", token: "", faulty: {} as World["faulty"] };

/** Runs every case on a database that the migration has not been applied to yet. */
export async function run(
  PrismaClient: new (options: object) => Client,
  binding: Binding,
  migration: readonly string[],
): Promise<Outcome[]> {
  const prepared: string[] = [];
  // D1 takes one statement at a time, prepared.
  const logging = new Proxy(binding, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (name === "prepare") prepared.push(String(args[0]));
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
  const client = new PrismaClient({ adapter: new PrismaD1(logging as never) });
  for (const sql of migration) await client.$executeRawUnsafe(sql);
  const statements = async (work: () => Promise<unknown>) => {
    const before = prepared.length;
    await work();
    return prepared.slice(before);
  };
  const open = () => ({ client, statements });
  const cases = prismaCases({ name: "D1", isAlone: true, open });
  return runCases(cases, nowhere);
}
