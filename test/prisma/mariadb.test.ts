// How MariaDB fails, each way brought about. Its driver tells why it has no connection only once it has waited for one,
// twice over: `acquireTimeout` is to be less than half of the store's own deadline.

import { setTimeout as sleep } from "node:timers/promises";
import { prismaStore } from "coatcheck/prisma";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";
import { freePort } from "../support/redis.ts";
import type { World } from "../support/suite.ts";
import type { Client, Server } from "./databases.ts";
import { races } from "./cases.ts";
import { startMariadb } from "./mariadb.ts";
import {
  callsOf,
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
const acquireTimeout = 400;

beforeAll(async () => {
  server = await startMariadb();
});

afterAll(() => server?.stop());

const STRANGER = { user: "stranger", password: "password", acquireTimeout };

const FAULTS: readonly Fault[] = [
  {
    name: "a table that does not exist is named, with its mend",
    before: ["RENAME TABLE `Session` TO `Other`"],
    after: ["RENAME TABLE `Other` TO `Session`"],
    ...MISCONFIGURED,
    says: /table does not exist; apply the migration/,
  },
  {
    name: "a column that does not exist is named, with its mend",
    before: ["ALTER TABLE `Session` RENAME COLUMN `value` TO `other`"],
    after: ["ALTER TABLE `Session` RENAME COLUMN `other` TO `value`"],
    ...MISCONFIGURED,
    says: /column does not exist; apply the migration/,
  },
  {
    name: "a value longer than its column says which, and what to make of it",
    before: ["ALTER TABLE `Session` MODIFY `value` VARCHAR(5) COLLATE utf8mb4_nopad_bin"],
    after: ["ALTER TABLE `Session` MODIFY `value` MEDIUMTEXT COLLATE utf8mb4_nopad_bin NOT NULL"],
    calls: ["write"],
    ...MISCONFIGURED,
    says: /value is longer than its column; make value @db\.Text/,
  },
  {
    name: "another column that must be filled says how",
    before: ["ALTER TABLE `Session` ADD `other` TEXT NOT NULL"],
    after: ["ALTER TABLE `Session` DROP `other`"],
    calls: ["write"],
    ...MISCONFIGURED,
    says: /another column that must be filled; give it a default/,
  },
  {
    name: "a user that does not exist",
    options: { user: "nobody", password: "wrong", acquireTimeout },
    ...MISCONFIGURED,
    says: /check the connection string/,
  },
  {
    name: "a database that does not exist",
    options: { database: "nothing", acquireTimeout },
    ...MISCONFIGURED,
    says: /has no such database/,
  },
  {
    name: "a user without rights on the table",
    options: { ...STRANGER, database: "information_schema" },
    before: ["CREATE USER stranger IDENTIFIED BY 'password'"],
    after: ["DROP USER stranger"],
    calls: ["write"],
    ...MISCONFIGURED,
    says: /check the connection string and the user's rights/,
  },
  {
    name: "nothing that listens there was certainly not written to",
    options: { port: nowhere, acquireTimeout },
    ...REFUSED,
    says: /cannot be reached/,
  },
  {
    name: "a host that does not exist was certainly not written to",
    options: { host: "no.such.host.invalid", acquireTimeout },
    ...REFUSED,
    says: /cannot be reached/,
  },
  {
    name: "a server that can only be read was certainly not written to",
    options: STRANGER,
    before: [
      "CREATE USER stranger IDENTIFIED BY 'password'",
      "GRANT SELECT, INSERT, UPDATE ON coatcheck.* TO stranger",
      "SET GLOBAL read_only = 1",
    ],
    after: ["SET GLOBAL read_only = 0", "DROP USER stranger"],
    calls: ["write"],
    ...REFUSED,
    says: /read-only/,
  },
];

describeWith("mariadbd")("a fault of MariaDB", () => {
  testFaults(() => server, FAULTS);
});

/** Runs while another connection holds the row, which the store's own then waits for. */
async function whileHeld(use: (holder: Client) => Promise<unknown>): Promise<void> {
  const holder = await server.connect({ connectionLimit: 1 });
  try {
    await holder.$executeRawUnsafe(
      `INSERT INTO Session VALUES ('${KEY}', '${VALUE}', now() + interval 24 hour)`,
    );
    await holder.$executeRawUnsafe("BEGIN");
    await holder.$executeRawUnsafe("SELECT * FROM Session FOR UPDATE");
    await use(holder);
  } finally {
    await holder.$executeRawUnsafe("ROLLBACK").catch(() => 0);
    await holder.$executeRawUnsafe("DELETE FROM Session");
    await holder.$disconnect();
  }
}

async function untilWaiting(): Promise<number> {
  const watcher = await server.connect({ connectionLimit: 1 });
  for (;;) {
    const [row] = await watcher.$queryRawUnsafe(
      "SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
    );
    if (row) {
      await watcher.$disconnect();
      return Number(row["id"]);
    }
    await sleep(20);
  }
}

const swap = (client: Client, timeoutMs = 10_000) =>
  prismaStore(client.session, { timeoutMs }).write(KEY, "new", Date.now() + 60_000, VALUE);

describeWith("mariadbd")("a MariaDB that does not answer", () => {
  test("a pool without a free connection certainly sent nothing", async () => {
    const client = await server.connect({ connectionLimit: 1, acquireTimeout });
    // Prisma sends nothing before somebody waits for it.
    const busy = client.$queryRawUnsafe("SELECT sleep(2)").then(() => undefined);
    await sleep(200);
    for (const call of Object.values(callsOf(prismaStore(client.session, { timeoutMs: 10_000 })))) {
      await expectRefusal(call(), { ...REFUSED, says: /no connection was free in time/ });
    }
    await busy;
    await client.$disconnect();
  });

  test("R53 a write that waits for another's ends at its deadline, and nobody knows", async () => {
    const client = await server.connect();
    await whileHeld(() => expectRefusal(swap(client, 300), { ...UNKNOWN, says: /within 300 ms/ }));
    await client.$disconnect();
  });

  test("a statement that MariaDB gives up was certainly not carried out", async () => {
    const client = await server.connect({ sessionVariables: { innodb_lock_wait_timeout: 1 } });
    await whileHeld(() => expectRefusal(swap(client), { ...REFUSED, says: /gave up waiting/ }));
    await client.$disconnect();
  });

  test("F48 a connection that is cut while a write is under way leaves it unknown", async () => {
    const client = await server.connect();
    await whileHeld(async (holder) => {
      const cut = expectRefusal(swap(client), { ...UNKNOWN, says: /the command failed/ });
      await holder.$executeRawUnsafe(`KILL ${await untilWaiting()}`);
      await cut;
    });
    await client.$disconnect();
  });

  // The setting with which MariaDB comes from 11.6 on, and the one before.
  test.each([0, 1])(
    "R36 a write that another's overtakes is refused, and told what stands there (snapshot isolation: %i)",
    async (innodb_snapshot_isolation) => {
      const client = await server.connect({ sessionVariables: { innodb_snapshot_isolation } });
      await whileHeld(async (holder) => {
        const late = swap(client);
        await untilWaiting();
        await holder.$executeRawUnsafe("UPDATE Session SET value = 'theirs'");
        await holder.$executeRawUnsafe("COMMIT");
        expect(await late).toEqual({ swapped: false, current: "theirs" });
      });
      await client.$disconnect();
    },
  );

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
    await patient.write(key, VALUE, Date.now() + 60_000, null);
    expect(await patient.read(key)).toBe(VALUE);
    await client.$disconnect();
  });
});

describeWith("mariadbd")("a table whose collation takes many texts for the same", () => {
  let client: Client;

  beforeAll(async () => {
    client = await server.connect();
  });

  afterAll(() => client?.$disconnect());

  const fields = { id: "id", key: "sid", value: "data" };
  const open = () => prismaStore(client.prismaSession, { fields, timeoutMs: 10_000 });

  test("breaks the promise to other values", async () => {
    const store = open();
    await store.write("other", "a", Date.now() + 60_000, null);
    expect(await store.write("other", "new", Date.now() + 60_000, "A ")).toEqual({ swapped: true });
  });

  for (const { name, run } of races("MariaDB, letters")) {
    test(name, () => run({ url: "", token: "", faulty: {} as World["faulty"], open }));
  }
});
