// Every snippet of the README, of docs/hono.md, docs/environment.md, docs/users.md and the guide (those of Next:
// test/adapters/next.test.ts): compiled as a stranger's TypeScript would be, and run against a real Redis and
// PostgreSQL.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientPath } from "../../scripts/prisma.js";
import { findProgram } from "../../scripts/system.js";
import type { Server } from "../prisma/databases.ts";
import { startPostgres } from "../prisma/postgres.ts";
import { findRedis, type RedisProcess, startRedis } from "../support/redis.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
const execute = promisify(execFile);
const readme = await readFile(join(ROOT, "README.md"), "utf8");
const hono = await readFile(join(ROOT, "docs/hono.md"), "utf8");
const environment = await readFile(join(ROOT, "docs/environment.md"), "utf8");
const guide = await readFile(join(ROOT, "docs/deploy-upstash-vercel.md"), "utf8");
const users = await readFile(join(ROOT, "docs/users.md"), "utf8");
const snippets = [readme, hono, environment, guide, users].flatMap((page) =>
  Array.from(page.matchAll(/^```ts\n([^]*?)^```$/gm), ([, code = ""]) => code),
);

/** Uses what a snippet exports as its reader would, and says what came of it. */
const HARNESS = `
const module = await import(process.argv[2]);
const { default: app, sessions } = module;
if (app) {
  const env = { SESSION_SECRET: "s".repeat(32), REDIS_URL: process.env.UPSTASH_REDIS_REST_URL, REDIS_TOKEN: process.env.UPSTASH_REDIS_REST_TOKEN };
  const first = await app.fetch(new Request("http://localhost/"), env);
  const form = new URLSearchParams({ name: "Ada" });
  const cookie = first.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const second = await app.fetch(new Request("http://localhost/", { method: "POST", body: form, headers: { cookie } }), env);
  console.log(JSON.stringify([first.status, second.status]));
} else if (sessions) {
  const session = await sessions.open(null);
  session.flash("notice", "kept");
  const cookie = await sessions.save(session);
  const again = await sessions.open(cookie.name + "=" + cookie.value);
  console.log(JSON.stringify([again.flash("notice"), again.isNew]));
}
process.exit(0);
`;

describe.skipIf(
  process.env["CI"] !== "true" && (findRedis() === null || findProgram("postgres") === null),
)("the README", () => {
  let folder = "";
  let redis: RedisProcess;
  let bridge: UpstashBridge;
  let postgres: Server;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "coatcheck-readme-"));
    await mkdir(join(folder, "node_modules"));
    for (const name of await readdir(join(ROOT, "node_modules"))) {
      if (!name.startsWith(".")) {
        await symlink(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
      }
    }
    await symlink(ROOT, join(folder, "node_modules/coatcheck"));
    // Prisma is a folder of packages of its own, and the client as whoever reads this would generate it.
    await symlink(
      join(ROOT, "test/prisma/node_modules/@prisma"),
      join(folder, "node_modules/@prisma"),
    );
    await mkdir(join(folder, "generated"));
    await symlink(dirname(clientPath("postgresql")), join(folder, "generated/prisma"));
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(join(folder, "harness.mjs"), HARNESS);
    for (const [index, code] of snippets.entries()) {
      await writeFile(join(folder, `snippet${index}.ts`), code);
      const { code: plain } = await transform(code, { loader: "ts", target: "es2022" });
      await writeFile(join(folder, `snippet${index}.mjs`), plain);
      // A file that others import says its name.
      const [, name] = /^\/\/ (\w+)\.ts\n/.exec(code) ?? [];
      if (name === undefined) continue;
      await writeFile(join(folder, `${name}.ts`), code);
      await writeFile(join(folder, `${name}.js`), plain);
    }
    postgres = await startPostgres();
    redis = await startRedis();
    bridge = await startUpstash({ redisPort: redis.port });
  });

  afterAll(async () => {
    await bridge?.stop();
    await redis?.stop();
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test("has a snippet for the program, the halves, Workers, Hono (and three on its page), a schema, each client, Prisma (in two) and each store made of stores; the environment on three pages, users on theirs", () => {
    expect(snippets.length).toBe(21);
  });

  test("every snippet compiles in strict TypeScript", async () => {
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022"].concat(
      "--allowImportingTsExtensions",
    );
    const resolution = [
      "--module",
      "nodenext",
      "--types",
      "node",
      "--lib",
      "es2023,dom,dom.iterable",
    ];
    const files = snippets.map((_, index) => `snippet${index}.ts`);
    const compiled = await execute(process.execPath, [TSC, ...options, ...resolution, ...files], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error);
    expect(compiled.stdout).toBe("");
  }, 60_000);

  test.each(
    snippets
      .map((code, index) => [index + 1, code.split("\n")[0], index] as const)
      .filter(([, line]) => !/^\/\/ \w+\.ts$/.test(line ?? "")),
  )(
    "snippet %i (%s) runs",
    async (_number, _line, index) => {
      const { stdout } = await execute(process.execPath, ["harness.mjs", `./snippet${index}.mjs`], {
        cwd: folder,
        env: {
          ...process.env,
          SESSION_SECRET: "s".repeat(32),
          UPSTASH_REDIS_REST_URL: bridge.url,
          UPSTASH_REDIS_REST_TOKEN: bridge.token,
          REDIS_URL: redis.url,
          DATABASE_URL: postgres.url,
        },
      });
      // Before it stands what `storeFromEnv` says in the log.
      const outcome = stdout.trim().split("\n").at(-1) ?? "";
      const [first, second] = JSON.parse(outcome) as unknown[];
      if (first === "kept") expect(second).toBe(false);
      else {
        expect(first).toBe(200);
        expect([200, 303]).toContain(second);
      }
    },
    30_000,
  );

  test("names every option and its default as the code has them", async () => {
    const { resolveOptions } = await import("../../src/options.ts");
    const { memoryStore } = await import("../../src/stores/memory.ts");
    const resolved = resolveOptions({ secrets: ["s".repeat(32)], store: memoryStore() });
    const rows = new Map(
      Array.from(readme.matchAll(/^\| `(\w+)` \| ([^|]*) \|/gm), ([, name = "", value = ""]) => [
        name,
        value,
      ]),
    );
    for (const name of Object.keys(resolved)) expect([...rows.keys()]).toContain(name);
    expect(rows.get("idleTimeout")).toBe(`${resolved.idleTimeout.toLocaleString("en")} s`);
    expect(rows.get("lifetime")).toBe(`${resolved.lifetime.toLocaleString("en")} s`);
    expect(rows.get("maxBytes")).toBe(`${resolved.maxBytes.toLocaleString("en")} bytes`);
    expect(rows.get("whenUnavailable")).toBe(`\`"${resolved.whenUnavailable}"\``);
    expect(rows.get("clearSiteData")).toBe(`\`${resolved.clearSiteData}\``);
    expect(rows.get("name")).toBe(`\`${resolved.cookie.name}\``);
    const { path, secure, sameSite, partitioned } = resolved.cookie.attributes;
    expect(rows.get("path")).toBe(`\`"${path}"\``);
    expect(rows.get("secure")).toBe(`\`${secure}\``);
    expect(rows.get("sameSite")).toBe(`\`"${sameSite}"\``);
    expect(rows.get("partitioned")).toBe(`\`${partitioned}\``);
  });
});
