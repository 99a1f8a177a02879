// 100,000 rows, 10,000 of them expired: what PostgreSQL does to find them.

import { deleteExpired, prismaStore, prismaUsers } from "coatcheck/prisma";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import type { Client, Database } from "./databases.ts";
import { startPostgres } from "./postgres.ts";

const ROWS = 100_000;
const EXPIRED = 10_000;

let database: Database;
let client: Client;

beforeAll(async () => {
  database = await startPostgres();
  client = await database.connect();
  await client.$executeRawUnsafe(`
    INSERT INTO "Session" SELECT 'key ' || at, repeat('value', 40),
      now() + CASE WHEN at % ${ROWS / EXPIRED} = 0 THEN -interval '1 day' ELSE interval '1 day' END
    FROM generate_series(1, ${ROWS}) AS at`);
  await client.$executeRawUnsafe(`
    INSERT INTO "SessionEntry" SELECT 'key ' || at, 'user ' || at % 5000, 'handle ' || at,
      now() - at * interval '1 second',
      now() + CASE WHEN at % ${ROWS / EXPIRED} = 0 THEN -interval '1 day' ELSE interval '1 day' END
    FROM generate_series(1, ${ROWS}) AS at`);
  await client.$executeRawUnsafe('ANALYZE "Session", "SessionEntry"');
});

afterAll(async () => {
  await client?.$disconnect();
  await database?.stop();
});

/** How PostgreSQL carries out each statement that `work` sends, whatever values it has. */
async function plansOf(work: () => Promise<unknown>): Promise<string[]> {
  const statements = await database.statements(client, work);
  const planner = await database.connect({
    max: 1,
    options: "-c plan_cache_mode=force_generic_plan",
  });
  const plans = [];
  for (const sql of statements) {
    const values = Array.from(new Set(sql.match(/\$\d+/g)), () => "NULL");
    await planner.$executeRawUnsafe(`PREPARE asked AS ${sql}`);
    const lines = await planner.$queryRawUnsafe(`EXPLAIN EXECUTE asked(${values.join()})`);
    await planner.$executeRawUnsafe("DEALLOCATE asked");
    plans.push(lines.map((line) => String(line["QUERY PLAN"])).join("\n"));
  }
  await planner.$disconnect();
  return plans;
}

const count = async (where: string): Promise<number> => {
  const [row] = await client.$queryRawUnsafe(`SELECT count(*)::int FROM "Session" WHERE ${where}`);
  return Number(row?.["count"]);
};

describeWith("postgres")("a table of 100,000 rows", () => {
  test("a read, a swap and a removal are one look-up in the index of keys", async () => {
    const store = prismaStore(client.session);
    const plans = await plansOf(async () => {
      await store.read("key 1");
      await store.write("key 1", "new", Date.now() + 60_000, "value");
      await store.write("key 1", "", 0, "value");
    });
    expect(plans).toHaveLength(5);
    for (const plan of plans) {
      expect(plan).toContain('Index Scan using "Session_pkey"');
      expect(plan).not.toContain("Seq Scan");
    }
  });

  test("deleteExpired() finds its batch in the index of expiresAt, and deletes it by key", async () => {
    const [find, remove, ...more] = await plansOf(() =>
      deleteExpired(client.session, { limit: 10 }),
    );
    expect(more).toEqual([]);
    expect(find).toContain('Index Scan using "Session_expiresAt_idx"');
    expect(remove).toMatch(/Index Scan (using|on) "Session_pkey"/);
    for (const plan of [find, remove]) expect(plan).not.toContain("Seq Scan");
  });

  test("every call of an index of users is a look-up by user or by key", async () => {
    const users = prismaUsers(client.sessionEntry);
    const [user, after] = ["user 77", { at: Date.now(), handle: "handle" }];
    const entry = { ...after, key: "key 77", expiresAt: Date.now() + 60_000 };
    const list = await plansOf(async () => {
      await users.list(user, { limit: 50 });
      await users.list(user, { limit: 50, after });
      await users.list(user, { limit: 50, handle: "handle" });
      await users.list(user, { limit: 50, retired: true });
    });
    expect(list).toHaveLength(4);
    for (const plan of list) expect(plan).toMatch(/(using|on) "SessionEntry_user_at_idx"/);
    const changes = await plansOf(async () => {
      await users.touch(user, entry);
      await users.retire(user, { except: "handle" });
      await users.remove(user, ["key"]);
    });
    expect(changes).toHaveLength(3);
    for (const plan of [...list, ...changes]) expect(plan).not.toContain("Seq Scan");
  });

  test("deleteExpired() finds entries of users in the index of expiresAt", async () => {
    const [find, remove] = await plansOf(() => deleteExpired(client.sessionEntry, { limit: 10 }));
    expect(find).toContain('Index Scan using "SessionEntry_expiresAt_idx"');
    for (const plan of [find, remove]) expect(plan).not.toContain("Seq Scan");
  });

  test("deleteExpired() stays in its limit, batch by batch, from four instances at once", async () => {
    const before = await count('"expiresAt" <= now()');
    expect(before).toBe(EXPIRED - 10);
    expect(await deleteExpired(client.session, { limit: 990 })).toBe(990);
    expect(await count('"expiresAt" <= now()')).toBe(EXPIRED - 1000);
    const batches: number[] = [];
    const clean = async () => {
      for (let deleted = 1; deleted > 0;) {
        deleted = await deleteExpired(client.session);
        batches.push(deleted);
      }
    };
    await Promise.all([clean(), clean(), clean(), clean()]);
    await clean();
    expect(Math.max(...batches)).toBeLessThanOrEqual(1000);
    expect(batches.reduce((sum, deleted) => sum + deleted, 0)).toBe(EXPIRED - 1000);
    expect(await count("true")).toBe(ROWS - EXPIRED);
  });
});
