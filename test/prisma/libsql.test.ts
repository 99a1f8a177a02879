// How SQLite fails, in a file and behind libsql's server, each way brought about.

import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { PrismaLibSql } from "@prisma/adapter-libsql";
import { deleteExpired, prismaStore } from "coatcheck/prisma";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../support/redis.ts";
import { reconnecting } from "../../examples/demo/sqlite.js";
import { type Database, openClient } from "./databases.ts";
import { makeLibsql } from "./libsql.ts";
import {
  callsOf,
  closeAll,
  expectRefusal,
  type Fault,
  KEY,
  MISCONFIGURED,
  REFUSED,
  testFaults,
  UNKNOWN,
} from "./refusals.ts";

let database: Database;

beforeAll(async () => {
  database = await makeLibsql();
});

afterAll(() => database?.stop());

const FAULTS: readonly Fault[] = [
  {
    name: "a table that does not exist is named, with its mend",
    before: ["ALTER TABLE Session RENAME TO Other"],
    after: ["ALTER TABLE Other RENAME TO Session"],
    ...MISCONFIGURED,
    says: /table does not exist; apply the migration/,
  },
  {
    name: "a column that does not exist is named, with its mend",
    before: ["ALTER TABLE Session RENAME value TO other"],
    after: ["ALTER TABLE Session RENAME other TO value"],
    ...MISCONFIGURED,
    says: /column does not exist; apply the migration/,
  },
  {
    name: "another column that must be filled says how",
    before: [
      "ALTER TABLE Session RENAME TO Old",
      "CREATE TABLE Session AS SELECT * FROM Old",
      "DROP TABLE Session",
      "CREATE TABLE Session (key TEXT PRIMARY KEY, value TEXT, expiresAt DATETIME, other TEXT NOT NULL)",
    ],
    after: ["DROP TABLE Session", "ALTER TABLE Old RENAME TO Session"],
    calls: ["write"],
    ...MISCONFIGURED,
    says: /another column that must be filled; give it a default/,
  },
  {
    name: "a folder that does not exist",
    options: { url: "file:/no/such/folder/sessions.db" },
    ...REFUSED,
    says: /cannot be reached/,
  },
];

describe("a fault of SQLite", () => {
  testFaults(() => database, FAULTS);

  test("a file that another has locked was certainly not written to", async () => {
    const holder = await database.connect();
    const client = await database.connect();
    await holder.$executeRawUnsafe("BEGIN IMMEDIATE");
    try {
      const { write } = callsOf(prismaStore(client.session, { timeoutMs: 10_000 }));
      await expectRefusal(write(), { ...REFUSED, says: /gave up waiting/ });
    } finally {
      await holder.$executeRawUnsafe("ROLLBACK");
    }
    expect(await prismaStore(client.session).read(KEY)).toBe(null);
    await closeAll(holder, client);
  });
});

describe("SQLite in a file of its own", () => {
  let database: Database;

  beforeEach(async () => {
    database = await makeLibsql();
  });

  afterEach(() => database.stop());

  test("after it was refused, what is answered is there for others, with the adapter that begins anew", async () => {
    const { url } = database;
    const adapter = reconnecting(new PrismaLibSql({ url }));
    const [holder, reader] = [await database.connect(), await database.connect()];
    const client = await openClient("sqlite", { adapter });
    const [own, others] = [client, reader].map(({ session }) => prismaStore(session));
    const key = "a session that is ended";
    const until = Date.now() + 60_000;
    await own?.write(key, "in", until, null);
    for (const next of ["held", "ended"]) {
      await holder.$executeRawUnsafe("BEGIN IMMEDIATE");
      await expect(own?.write(key, "lost", until, "in")).rejects.toMatchObject(REFUSED);
      await holder.$executeRawUnsafe("ROLLBACK");
      if (next === "held") continue;
      expect(await own?.write(key, next, until, "in")).toEqual({ swapped: true });
      expect(await others?.read(key)).toBe(next);
    }
    await closeAll(client, holder, reader);
  });

  test("dates that are numbers are not taken for the past: nothing is deleted, and the mend is named", async () => {
    const client = await database.connect();
    const tomorrow = Date.now() + 86_400_000;
    await client.$executeRawUnsafe(
      `INSERT INTO PrismaSession VALUES ('i', 's', '{}', ${tomorrow})`,
    );
    const fields = { id: "id", key: "sid", value: "data" };
    const store = prismaStore(client.prismaSession, { fields, deleteExpiredEvery: 1 });
    expect(await store.write("k", "v", tomorrow, null)).toEqual({ swapped: true });
    await expect(deleteExpired(client.prismaSession, { fields })).rejects.toMatchObject({
      ...MISCONFIGURED,
      message: expect.stringContaining('timestampFormat: "unixepoch-ms"') as string,
    });
    const rows = await client.$queryRawUnsafe("SELECT sid FROM PrismaSession ORDER BY sid");
    expect(rows).toEqual([{ sid: "k" }, { sid: "s" }]);
    await closeAll(client);
  });
});

/** What a server in front of SQLite, or something else in its place, may answer. */
const ANSWERS: readonly (readonly [status: number, body: string, refusal: Omit<Fault, "name">])[] =
  [
    [401, "{}", { ...MISCONFIGURED, says: /check the connection string/ }],
    [404, "{}", { ...MISCONFIGURED, says: /check the connection string/ }],
    [500, "no", { ...UNKNOWN, says: /the command failed/ }],
    [200, "<html>", { ...UNKNOWN, says: /the command failed/ }],
  ];

describe("a fault of libsql's server", () => {
  test.each(ANSWERS)("answers %i %s", async (status, body, refusal) => {
    const server = createServer((_request, response) => response.writeHead(status).end(body));
    const client = await database.connect({ url: await urlOf(server) });
    try {
      const store = prismaStore(client.session, { timeoutMs: 10_000 });
      for (const call of Object.values(callsOf(store))) await expectRefusal(call(), refusal);
    } finally {
      server.close();
      await client.$disconnect();
    }
  });

  test("R53 one that does not answer leaves it unknown at the deadline", async () => {
    const server = createServer(() => undefined);
    const client = await database.connect({ url: await urlOf(server) });
    try {
      const store = prismaStore(client.session, { timeoutMs: 200 });
      for (const call of Object.values(callsOf(store))) {
        await expectRefusal(call(), { ...UNKNOWN, says: /no answer within 200 ms/ });
      }
    } finally {
      server.closeAllConnections();
      server.close();
      await client.$disconnect();
    }
  });

  test("one that is not there was certainly not written to", async () => {
    const client = await database.connect({ url: `http://127.0.0.1:${await freePort()}` });
    for (const call of Object.values(callsOf(prismaStore(client.session, { timeoutMs: 10_000 })))) {
      await expectRefusal(call(), { ...REFUSED, says: /cannot be reached/ });
    }
    await client.$disconnect();
  });
});

async function urlOf(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
