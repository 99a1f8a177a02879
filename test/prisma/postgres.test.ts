// How PostgreSQL fails, each way brought about.

import { setTimeout as sleep } from "node:timers/promises";
import { deleteExpired, prismaStore } from "coatcheck/prisma";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { freePort } from "../support/redis.ts";
import type { Client, Server } from "./databases.ts";
import { startPostgres } from "./postgres.ts";
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
  VALUE,
} from "./refusals.ts";

let server: Server;
const nowhere = await freePort();

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server?.stop());

const user = (name: string, database = "postgres") =>
  `postgresql://${name}@127.0.0.1:PORT/${database}`;

const FAULTS: readonly (Fault & { readonly url?: string })[] = [
  {
    name: "a table that does not exist is named, with its mend",
    before: ['ALTER TABLE "Session" RENAME TO "Other"'],
    after: ['ALTER TABLE "Other" RENAME TO "Session"'],
    ...MISCONFIGURED,
    says: /table does not exist; apply the migration/,
  },
  {
    name: "a column that does not exist is named, with its mend",
    before: ['ALTER TABLE "Session" RENAME "value" TO "other"'],
    after: ['ALTER TABLE "Session" RENAME "other" TO "value"'],
    ...MISCONFIGURED,
    says: /column does not exist; apply the migration/,
  },
  {
    name: "a value longer than its column says which, and what to make of it",
    before: ['ALTER TABLE "Session" ALTER "value" TYPE VARCHAR(5)'],
    after: ['ALTER TABLE "Session" ALTER "value" TYPE TEXT'],
    calls: ["write"],
    ...MISCONFIGURED,
    says: /value is longer than its column; make value @db\.Text/,
  },
  {
    name: "another column that must be filled says how",
    before: ['ALTER TABLE "Session" ADD "other" TEXT NOT NULL'],
    after: ['ALTER TABLE "Session" DROP "other"'],
    calls: ["write"],
    ...MISCONFIGURED,
    says: /another column that must be filled; give it a default/,
  },
  {
    name: "a wrong password",
    url: user("coatcheck:wrong"),
    ...MISCONFIGURED,
    says: /check the connection string/,
  },
  {
    name: "a user that does not exist",
    url: user("nobody:wrong"),
    ...MISCONFIGURED,
    says: /check the connection string/,
  },
  {
    name: "a database that does not exist",
    url: user("coatcheck:password", "nothing"),
    ...MISCONFIGURED,
    says: /has no such database/,
  },
  {
    name: "a user without rights on the table",
    url: user("stranger:password"),
    before: ["CREATE ROLE stranger LOGIN PASSWORD 'password'"],
    after: ["DROP ROLE stranger"],
    ...MISCONFIGURED,
    says: /check the connection string and the user's rights/,
  },
  {
    name: "nothing that listens there was certainly not written to",
    url: `postgresql://coatcheck@127.0.0.1:${nowhere}/postgres`,
    ...REFUSED,
    says: /cannot be reached/,
  },
  {
    name: "nor at a name that has two addresses, as localhost has",
    url: `postgresql://coatcheck@localhost:${nowhere}/postgres`,
    ...REFUSED,
    says: /cannot be reached/,
  },
  {
    name: "nor where a socket has no folder",
    options: { connectionString: undefined, host: "/no/such/folder", user: "coatcheck" },
    ...REFUSED,
    says: /cannot be reached/,
  },
  {
    name: "a host that does not exist was certainly not written to",
    url: "postgresql://coatcheck@no.such.host.invalid/postgres",
    ...REFUSED,
    says: /cannot be reached/,
  },
  {
    name: "a replica that can only be read was certainly not written to",
    options: { options: "-c default_transaction_read_only=on" },
    calls: ["write"],
    ...REFUSED,
    says: /read-only/,
  },
];

describeWith("postgres")("a fault of PostgreSQL", () => {
  testFaults(
    () => ({
      ...server,
      connect: (options = {}) => {
        const { url, ...rest } = options as { url?: string };
        return server.connect(
          url ? { ...rest, connectionString: url.replace("PORT", String(server.port)) } : rest,
        );
      },
    }),
    FAULTS.map(({ url, ...fault }) => (url ? { ...fault, options: { url } } : fault)),
  );
});

/** Runs while another connection holds the row, which the store's own then waits for. */
async function whileHeld(use: (holder: Client) => Promise<unknown>): Promise<void> {
  const holder = await server.connect({ max: 1 });
  try {
    await holder.$executeRawUnsafe(
      `INSERT INTO "Session" VALUES ('${KEY}', '${VALUE}', now() + interval '1 hour')`,
    );
    await holder.$executeRawUnsafe("BEGIN");
    await holder.$executeRawUnsafe(`UPDATE "Session" SET "value" = "value"`);
    await use(holder);
  } finally {
    await holder.$executeRawUnsafe("ROLLBACK").catch(() => 0);
    await holder.$executeRawUnsafe('DELETE FROM "Session"');
    await holder.$disconnect();
  }
}

async function untilWaiting(holder: Client): Promise<number> {
  for (;;) {
    const [row] = await holder.$queryRawUnsafe("SELECT pid FROM pg_locks WHERE NOT granted");
    if (row) return Number(row["pid"]);
    await sleep(20);
  }
}

const swap = (client: Client, timeoutMs = 10_000) =>
  prismaStore(client.session, { timeoutMs }).write(KEY, "new", Date.now() + 60_000, VALUE);

describeWith("postgres")("a PostgreSQL that does not answer", () => {
  test("a pool without a free connection certainly sent nothing", async () => {
    const client = await server.connect({ max: 1, connectionTimeoutMillis: 200 });
    // Prisma sends nothing before somebody waits for it.
    const busy = client.$queryRawUnsafe("SELECT pg_sleep(2)::text").then(() => undefined);
    const store = prismaStore(client.session, { timeoutMs: 10_000 });
    for (const call of Object.values(callsOf(store))) {
      await expectRefusal(call(), { ...REFUSED, says: /no connection was free in time/ });
    }
    await busy;
    await client.$disconnect();
  });

  test("R53 a write that waits for another's ends at its deadline, and nobody knows", async () => {
    const client = await server.connect();
    await whileHeld(() => expectRefusal(swap(client, 200), { ...UNKNOWN, says: /within 200 ms/ }));
    await client.$disconnect();
  });

  test("a statement that PostgreSQL gives up was certainly not carried out", async () => {
    const client = await server.connect({ options: "-c statement_timeout=100" });
    await whileHeld(() => expectRefusal(swap(client), { ...REFUSED, says: /gave up waiting/ }));
    await client.$disconnect();
  });

  test("F48 a connection that is cut while a write is under way leaves it unknown", async () => {
    const client = await server.connect();
    await whileHeld(async (holder) => {
      const cut = expectRefusal(swap(client), { ...UNKNOWN, says: /the command failed/ });
      await holder.$queryRawUnsafe(`SELECT pg_terminate_backend(${await untilWaiting(holder)})`);
      await cut;
    });
    expect(await prismaStore(client.session).read(KEY)).toBe(null);
    await client.$disconnect();
  });

  test("R53 a frozen server ends every call at the deadline, and answers again when it is back", async () => {
    const client = await server.connect();
    await client.$queryRawUnsafe("SELECT 1");
    const store = prismaStore(client.session, { timeoutMs: 300 });
    const key = `${KEY}, late`;
    server.pause();
    try {
      for (const call of Object.values(callsOf(store, key))) {
        await expectRefusal(call(), { ...UNKNOWN, says: /no answer within 300 ms/ });
      }
    } finally {
      server.resume();
    }
    const patient = prismaStore(client.session, { timeoutMs: 10_000 });
    // The write that nobody knew of was carried out after all, or is now.
    await patient.write(key, VALUE, Date.now() + 60_000, null);
    expect(await patient.read(key)).toBe(VALUE);
    await client.$disconnect();
  });

  test("a server that is gone was certainly not written to", async () => {
    const client = await server.connect();
    await server.kill();
    try {
      const store = prismaStore(client.session, { timeoutMs: 10_000 });
      for (const call of Object.values(callsOf(store))) {
        await expectRefusal(call(), { ...REFUSED, says: /cannot be reached/ });
      }
    } finally {
      await server.restart();
    }
    expect(await prismaStore(client.session, { timeoutMs: 10_000 }).read(KEY)).toBe(null);
    await closeAll(client);
  });
});

const LEVELS = ["read committed", "repeatable read", "serializable"] as const;

const connectAt = (level: (typeof LEVELS)[number]) =>
  server.connect({ options: `-c default_transaction_isolation=${level.replace(" ", "\\ ")}` });

describeWith("postgres")("an expired row", () => {
  test.each(LEVELS)(
    "that is written while deleteExpired() waits for it stays, under %s",
    async (level) => {
      const client = await connectAt(level);
      await whileHeld(async (holder) => {
        await holder.$executeRawUnsafe(
          `UPDATE "Session" SET "expiresAt" = now() - interval '1 day'`,
        );
        await holder.$executeRawUnsafe("COMMIT");
        await holder.$executeRawUnsafe("BEGIN");
        await holder.$executeRawUnsafe(
          `UPDATE "Session" SET "expiresAt" = now() + interval '1 day'`,
        );
        const batch = deleteExpired(client.session);
        await untilWaiting(holder);
        await holder.$executeRawUnsafe("COMMIT");
        expect(await batch).toBe(0);
        expect(await prismaStore(client.session, { timeoutMs: 10_000 }).read(KEY)).toBe(VALUE);
      });
      await client.$disconnect();
    },
  );
});

describeWith("postgres")("a write that another's overtakes", () => {
  test.each(LEVELS)("R36 is refused under %s, and told what stands there", async (level) => {
    const client = await connectAt(level);
    await whileHeld(async (holder) => {
      const late = swap(client);
      await untilWaiting(holder);
      await holder.$executeRawUnsafe(`UPDATE "Session" SET "value" = 'theirs'`);
      await holder.$executeRawUnsafe("COMMIT");
      expect(await late).toEqual({ swapped: false, current: "theirs" });
    });
    const [shown] = await client.$queryRawUnsafe("SHOW transaction_isolation");
    expect(shown).toEqual({ transaction_isolation: level });
    await client.$disconnect();
  });
});
