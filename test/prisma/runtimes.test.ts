// Prisma's client, its drivers and the built library on other runtimes than that of vitest, on real databases.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { runChild } from "../runtimes/child.ts";
import { installedBinary, installedPackage } from "../runtimes/runtime.ts";
import type { World } from "../support/suite.ts";
import { bundle } from "./bundle.ts";
import type { Database } from "./databases.ts";
import { makeLibsql } from "./libsql.ts";
import { startPostgres } from "./postgres.ts";

const MADE = fileURLToPath(new URL("./generated/", import.meta.url));
const ENTRY = `
import { runOn } from "./child.ts";
export const run = (world) => runOn(PrismaClient, world);
`;

const RUNTIMES: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  "Node 24": [join(installedPackage("node24")?.folder ?? "", "bin/node")],
  // Its own libraries read files, variables and the system's name.
  Deno: [
    join(installedBinary("@deno", "deno")?.folder ?? "", "deno"),
    "run",
    "-A",
    "--no-lock",
    "--node-modules-dir=manual",
  ],
  Bun: [join(installedBinary("@oven", "bin/bun")?.folder ?? "", "bin/bun"), "run", "--no-install"],
};

const DATABASES: Readonly<
  Record<string, readonly [client: string, start: () => Promise<Database>, program?: string]>
> = {
  PostgreSQL: ["postgresql", startPostgres, "postgres"],
  SQLite: ["sqlite", makeLibsql],
};

for (const [name, [client, start, program]] of Object.entries(DATABASES)) {
  const describeOne = program ? describeWith(program) : describe;
  describeOne(name, () => {
    let database: Database;
    let folder = "";

    beforeAll(async () => {
      // Among the packages of this folder, where the runtimes look for them.
      folder = await mkdtemp(join(MADE, "cases-"));
      const text = await bundle(client, ENTRY, { packages: "external" });
      await writeFile(join(folder, "cases.mjs"), text);
      database = await start();
    });

    afterAll(async () => {
      await database?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test.each(Object.entries(RUNTIMES))(
      "%s keeps the contract, and requests that meet lose nothing",
      async (_name, [command, ...args]) => {
        const world: World = { url: database.url, token: "", faulty: {} as World["faulty"] };
        const env = {
          HOME: folder,
          TMPDIR: folder,
          DENO_DIR: join(folder, "deno"),
          DENO_NO_UPDATE_CHECK: "1",
          NO_COLOR: "1",
        };
        const module = join(folder, "cases.mjs");
        const outcomes = await runChild({ command, args, env, module, folder }, world);
        expect(outcomes.length).toBeGreaterThan(100);
        expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
      },
      120_000,
    );
  });
}
