// The package as strangers get it: packed, installed elsewhere, imported and type-checked there.

import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import * as index from "coatcheck";
import * as redis from "coatcheck/redis";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
const INSTALL_MS = 120_000;
const execute = promisify(execFile);

describe("the packed tarball", () => {
  let folder = "";
  let tarball = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "coatcheck-package-"));
    await execute("npm", ["pack", "--pack-destination", folder], { cwd: ROOT });
    tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz")) ?? "";
    await write(
      "package.json",
      JSON.stringify({ name: "stranger", private: true, type: "module" }),
    );
    const flags = ["--prefer-offline", "--no-audit", "--no-fund"];
    await execute("npm", ["install", ...flags, `./${tarball}`], { cwd: folder });
  }, INSTALL_MS);

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  function write(name: string, text: string): Promise<void> {
    return writeFile(join(folder, name), text);
  }

  /** Runs a module in a Node of its own and answers what it prints. */
  async function runModule(text: string): Promise<unknown> {
    await write("main.mjs", text);
    const { stdout } = await execute(process.execPath, ["main.mjs"], { cwd: folder });
    return JSON.parse(stdout);
  }

  test("holds what is published and nothing else", async () => {
    const { stdout } = await execute("tar", ["-tzf", tarball], { cwd: folder });
    const files = stdout.trim().split("\n");
    const published =
      /^package\/(dist\/([\w.-]+\.(js|js\.map|d\.ts)|starts\.json)|prisma\/(README\.md|schema\.prisma|migrations\/\w+\.sql)|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/;
    expect(files.filter((file) => !published.test(file))).toEqual([]);
    for (const name of [
      "dist/index.js",
      "dist/index.d.ts",
      "dist/redis.js",
      "dist/redis.d.ts",
      "dist/prisma.js",
      "dist/prisma.d.ts",
      "dist/env.js",
      "dist/env.d.ts",
      "prisma/schema.prisma",
      "prisma/README.md",
      "prisma/migrations/postgresql.sql",
      "prisma/migrations/mysql.sql",
      "prisma/migrations/mariadb.sql",
      "prisma/migrations/sqlite.sql",
      "dist/hono.js",
      "dist/hono.d.ts",
      "dist/cli.js",
      "dist/starts.json",
    ]) {
      expect(files).toContain(`package/${name}`);
    }
    for (const name of ["README.md", "LICENSE", "CHANGELOG.md", "package.json"]) {
      expect(files).toContain(`package/${name}`);
    }
  });

  test("has what most applications import in one file", async () => {
    const urls = await runModule(`
      console.log(JSON.stringify(["coatcheck", "coatcheck/redis"].map((name) => import.meta.resolve(name))));
    `);
    const file = join(folder, "node_modules/coatcheck/dist/index.js");
    expect(urls).toEqual(Array(2).fill(pathToFileURL(file).href));
    expect(await readFile(file, "utf8")).not.toMatch(/\bfrom\s*"|\bimport\b/);
  });

  test("exports what its types have, and marks what its other files need", async () => {
    const names = await runModule(`
      import * as coatcheck from "coatcheck";
      console.log(JSON.stringify(Object.keys(coatcheck).filter((name) => !name.startsWith("_"))));
    `);
    expect(names).toEqual([...Object.keys(index), ...Object.keys(redis)].toSorted());
  });

  test("leaves out of a bundle what it does not need", async () => {
    const main = join(folder, "main.mjs");
    await write("main.mjs", 'export { crossSiteGuard } from "coatcheck";');
    const options = { bundle: true, minify: true, write: false, format: "esm" } as const;
    const { outputFiles } = await build({ ...options, entryPoints: [main] });
    // Where SHA-256 begins.
    expect(outputFiles[0]?.text).not.toMatch(/1779033703|Max-Age/);
  });

  test("calls its classes by their names, and maps each file to a text that can be read", async () => {
    const names = await runModule(`
      import { createSessions, memoryStore, StoreError } from "coatcheck";
      const sessions = createSessions({ secrets: ["x".repeat(32)], store: memoryStore() });
      const session = await sessions.open(null);
      console.log(JSON.stringify([session, new StoreError("none", "no")].map((each) => each.constructor.name)));
    `);
    expect(names).toEqual(["Session", "StoreError"]);
    const dist = join(folder, "node_modules/coatcheck/dist");
    const files = (await readdir(dist)).filter((name) => name.endsWith(".js") && name !== "cli.js");
    for (const name of files) {
      const text = await readFile(join(dist, name), "utf8");
      expect(text).toContain(`\n//# sourceMappingURL=${name}.map`);
      const map = JSON.parse(await readFile(join(dist, `${name}.map`), "utf8"));
      expect(map).toMatchObject({
        version: 3,
        sources: [name],
        sourcesContent: [expect.any(String)],
      });
    }
    expect(files).toContain("index.js");
  });

  test("is imported by a plain Node process", async () => {
    const names = await runModule(`
      import * as index from "coatcheck";
      import * as redis from "coatcheck/redis";
      import * as prisma from "coatcheck/prisma";
      import * as env from "coatcheck/env";
      import * as hono from "coatcheck/hono";
      console.log(JSON.stringify([typeof index.createSessions, typeof redis.redisStore, typeof redis.upstash, typeof prisma.prismaStore, typeof env.storeFromEnv, typeof hono.session]));
    `);
    expect(names).toEqual(Array(6).fill("function"));
  });

  test("has one StoreError for all entries", async () => {
    const outcome = await runModule(`
      import { createServer } from "node:net";
      import { once } from "node:events";
      import { StoreError } from "coatcheck";
      import { storeFromEnv } from "coatcheck/env";
      import { prismaStore } from "coatcheck/prisma";
      import { redisStore, upstash } from "coatcheck/redis";
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address();
      server.close();
      await once(server, "close");
      const store = redisStore(upstash({ url: "http://127.0.0.1:" + port, token: "token" }));
      const error = await store.read("key").then(() => null, (reason) => reason);
      const fail = async () => { throw new Error("no"); };
      const model = { findFirst: fail, findMany: fail, createMany: fail, updateMany: fail, deleteMany: fail };
      const other = await prismaStore(model).read("key").catch((reason) => reason);
      const third = await storeFromEnv({}, { memory: false, logger: { info() {}, warn() {}, error() {} } }).read("key").catch((reason) => reason);
      console.log(JSON.stringify([error instanceof StoreError, error?.name, other instanceof StoreError, third instanceof StoreError]));
    `);
    expect(outcome).toEqual([true, "StoreError", true, true]);
  });

  test.each([
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ])("its types resolve with module %s and moduleResolution %s", async (module, resolution) => {
    await write(
      "types.ts",
      `
      import { createSessions, type Store, StoreError } from "coatcheck";
      import { redisStore, upstash } from "coatcheck/redis";
      export const store: Store = redisStore(upstash({ url: "https://example.com", token: "token" }));
      export const isFault = (error: unknown): boolean => error instanceof StoreError;
      // @ts-expect-error A name that did not resolve would be any, and this line no error.
      export const number: number = createSessions;
      `,
    );
    const options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom"];
    const kind = ["--module", module, "--moduleResolution", resolution];
    const complaint = await execute(process.execPath, [TSC, ...options, ...kind, "types.ts"], {
      cwd: folder,
    }).then(
      () => "",
      ({ stdout }: { stdout: string }) => stdout,
    );
    expect(complaint).toBe("");
  });
});
