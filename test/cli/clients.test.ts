// The doctor and clients of the application's own, which wait, reconnect and fail as they were written to.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { faultOf } from "../../cli/doctor/faults.ts";
import { ROOT } from "../../scripts/system.js";
import { describeWithRedis } from "../support/needs.ts";
import type { Database } from "../prisma/databases.ts";
import { makeLibsql } from "../prisma/libsql.ts";
import { freePort, type RedisProcess, startRedis } from "../support/redis.ts";
import { examine, expectFinding, type Report, temporaryFolder } from "./command.ts";
import { writePrisma } from "./modules.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const PASSWORD = "hunter2-hunter2-hunter2";

/** Writes a module of this text, and has the doctor look at it. */
async function doctor(text: string, option = "--redis"): Promise<Report> {
  await writeFile(join(folder.path, "own.mjs"), text);
  const args = [option, "./own.mjs", "--timeout", "1500"];
  return examine(args, { folder: folder.path });
}

function nodeRedis(url: string, more = ""): string {
  const from = JSON.stringify(pathToFileURL(join(ROOT, "package.json")).href);
  return `import { createRequire } from "node:module";
const { createClient } = createRequire(${from})("redis");
export const redis = createClient({ url: ${JSON.stringify(url)}, ${more} });`;
}

describe("a client of node-redis", () => {
  test("whose server is down does not hold up the doctor", async () => {
    const report = await doctor(nodeRedis(`redis://127.0.0.1:${await freePort()}`));
    const { message, mend } = expectFinding(report, "redis.reach", "wrong");
    expect(message).toContain("the connection is refused");
    expect(mend).not.toMatch(/UPSTASH/);
    expectFinding(report, "prisma.module", "skipped");
  });

  test("that gives up by itself is found too, and the rest is checked", async () => {
    const own = "socket: { reconnectStrategy: false }";
    const report = await doctor(nodeRedis(`redis://127.0.0.1:${await freePort()}`, own));
    expectFinding(report, "redis.reach", "wrong");
    expectFinding(report, "site.scheme", "skipped");
  });
});

describeWithRedis("a server with a password", () => {
  let redis: RedisProcess;
  beforeAll(async () => {
    redis = await startRedis();
    await redis.command(["ACL", "SETUSER", "coat", "on", `>${PASSWORD}`, "~*", "&*", "+@all"]);
  });
  afterAll(() => redis?.stop());

  test("R48 a wrong one is told from no server, and not shown", async () => {
    const report = await doctor(
      nodeRedis(`redis://coat:wrong-${PASSWORD}@127.0.0.1:${redis.port}`),
    );
    const { message, mend } = expectFinding(report, "redis.token", "wrong");
    expect(message).toContain("user and password are refused");
    expect(mend).toContain("the user and password that the module connects with");
    expect(report.outcome.out + report.outcome.err).not.toContain(PASSWORD);
  });

  test("the right one is well", async () => {
    const report = await doctor(nodeRedis(`redis://coat:${PASSWORD}@127.0.0.1:${redis.port}`));
    for (const check of ["reach", "token", "roundtrip"]) {
      expectFinding(report, `redis.${check}`, "ok");
    }
  });
});

test.each([
  ["--redis", "redis.module"],
  ["--prisma", "prisma.module"],
])("a module for %s that awaits what never comes is unknown", async (option, check) => {
  const report = await doctor("await new Promise(() => undefined);", option);
  expect(expectFinding(report, check, "unknown").message).toContain("not loaded within 1500 ms");
  expectFinding(report, "site.scheme", "skipped");
});

test("a cluster of node-redis is told as storeFromEnv tells it", async () => {
  const from = JSON.stringify(pathToFileURL(join(ROOT, "package.json")).href);
  const report = await doctor(`import { createRequire } from "node:module";
const { createCluster } = createRequire(${from})("redis");
export const redis = createCluster({ rootNodes: [{ url: "redis://127.0.0.1:1" }] });`);
  expect(report.exitCode).toBe(1);
  expect(expectFinding(report, "redis.module", "wrong")).toMatchObject({
    message: "./own.mjs: redis is a cluster of node-redis",
    mend: "give a function that sends one command to it",
  });
});

test("a class is no client, though it is a function", async () => {
  const report = await doctor("export class redis { sendCommand() {} }");
  expect(report.exitCode).toBe(1);
  expect(expectFinding(report, "redis.module", "wrong").message).toContain("no client for Redis");
});

test.each([
  ["--redis", "redis.module"],
  ["--prisma", "prisma.module"],
])("a module for %s that ends the process leaves the findings so far", async (option, check) => {
  const report = await doctor("process.exit(0);", option);
  expect(report.exitCode).toBe(2);
  expectFinding(report, "env.files", "ok");
  expectFinding(report, check, "unknown");
  expect(report.outcome.err).toContain("a module of the application ended the process");
});

test("a code that a module leaves behind is not the doctor's", async () => {
  const { code } = (await doctor("process.exitCode = 7; export const redis = 1;")).outcome;
  expect(code).toBe(1);
});

/** The module of a real client, which answers SQL and ends as it is told. */
function withSql(query: string, disconnect = "() => real.$disconnect()"): string {
  return `import { prisma as real } from "./real.mjs";
export const prisma = { session: real.session, $queryRawUnsafe: ${query}, $disconnect: ${disconnect} };
`;
}

describe("a database", () => {
  let database: Database;
  beforeAll(async () => {
    database = await makeLibsql();
    const adapter = ["@prisma/adapter-libsql", "PrismaLibSql"] as const;
    const options = `{ url: ${JSON.stringify(database.url)} }`;
    await writePrisma(folder.path, "real.mjs", { client: "sqlite", adapter, options });
  });
  afterAll(() => database?.stop());

  test("that answers no SQL, and does not let go, is unknown and holds up nothing", async () => {
    const never = "() => new Promise(() => undefined)";
    const report = await doctor(withSql(never, never), "--prisma");
    const { message } = expectFinding(report, "prisma.table", "unknown");
    expect(message).toContain("does not answer in time");
    expectFinding(report, "site.scheme", "skipped");
  });

  test("that fails after it has told its version is unknown, and the rest is checked", async () => {
    const query = `async (sql) => {
      if (sql.includes("version()")) return [{ answer: "PostgreSQL 17" }];
      throw new Error("permission denied");
    }`;
    const report = await doctor(withSql(query), "--prisma");
    expectFinding(report, "prisma.table", "unknown");
    expectFinding(report, "site.scheme", "skipped");
  });

  test("whose client ends the process when it lets go is unknown, after its findings", async () => {
    const module = withSql("(...all) => real.$queryRawUnsafe(...all)", "() => process.exit(0)");
    const report = await doctor(module, "--prisma");
    expect(report.exitCode).toBe(2);
    expectFinding(report, "prisma.roundtrip", "ok");
    expect(report.findings.at(-1)).toMatchObject({ status: "unknown", check: "prisma.module" });
  });

  test("whose client fails beside the checks leaves the findings so far", async () => {
    const later = "setTimeout(() => { throw new Error('later'); }, 50);";
    const never = "() => new Promise(() => undefined)";
    const report = await doctor(`${withSql(never)} ${later}`, "--prisma");
    expectFinding(report, "env.files", "ok");
    expect(report.findings.at(-1)).toMatchObject({ status: "unknown", check: "prisma.module" });
    expect(report.outcome.err).not.toContain("later");
  });
});

test("a mend names the variables that were chosen", () => {
  const names = ["KV_REST_API_URL", "KV_REST_API_TOKEN"];
  expect(faultOf(new Error("WRONGPASS"), names).mend).toContain("copy KV_REST_API_TOKEN");
  expect(faultOf(new Error("ENOTFOUND"), names).mend).toContain("copy KV_REST_API_URL");
  expect(faultOf(new Error("NOPERM"), ["REDIS_URL"]).mend).toContain("copy REDIS_URL");
});
