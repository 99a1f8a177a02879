// Prisma's own types are delegates: of the client as it is generated, of a renamed model, and of an extended client.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MADE = join(ROOT, "test/prisma/generated");
const execute = promisify(execFile);

const PROGRAM = `
import { PrismaPg } from "@prisma/adapter-pg";
import type { Store } from "coatcheck";
import { deleteExpired, prismaStore } from "coatcheck/prisma";
import { PrismaClient } from "../postgresql/client/client.ts";

const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: "" }) });
const extended = prisma.$extends({
  query: { $allModels: { $allOperations: ({ args, query }) => query(args) } },
});
export const stores: readonly Store[] = [
  prismaStore(prisma.session),
  prismaStore(extended.session, { timeoutMs: 500 }),
  prismaStore(prisma.prismaSession, { fields: { id: "id", key: "sid", value: "data" } }),
];
export const deleted: Promise<number> = deleteExpired(extended.session, { limit: 10 });
// @ts-expect-error A client is not one of its models.
prismaStore(prisma);
// @ts-expect-error There is no such option.
prismaStore(prisma.session, { timeout: 500 });
`;

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(MADE, "types-"));
  await writeFile(join(folder, "program.ts"), PROGRAM);
  const paths = {
    coatcheck: [join(ROOT, "dist/index.d.ts")],
    "coatcheck/prisma": [join(ROOT, "dist/prisma.d.ts")],
  };
  const compilerOptions = {
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    target: "es2023",
    lib: ["es2023", "dom"],
    module: "esnext",
    moduleResolution: "bundler",
    types: ["node"],
    typeRoots: [join(ROOT, "node_modules/@types")],
    paths,
  };
  await writeFile(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["program.ts"] }),
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("models of a generated client are delegates to the type checker too", async () => {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const complaint = await execute(process.execPath, [tsc, "-p", folder]).then(
    () => "",
    ({ stdout }: { stdout: string }) => stdout,
  );
  expect(complaint).toBe("");
}, 60_000);
