// What becomes of expired rows.

import { expect } from "chai";
import { deleteExpired, prismaStore } from "coatcheck/prisma";
import { type Check, firstWords, OPTIONS, soon } from "./subject.ts";
import type { Client } from "./watched.ts";

export const EXPIRED: Readonly<Record<string, Check>> = {
  "deleteExpired() costs a SELECT, and a DELETE for every 90 rows": async ({
    client,
    statements,
  }) => {
    await empty(client);
    await fill(client, "old", 250, Date.now() - 1000);
    const sent = await statements(() => deleteExpired(client.session));
    expect(firstWords(sent)).to.equal("SELECT DELETE DELETE DELETE");
    expect(firstWords(await statements(() => deleteExpired(client.session)))).to.equal("SELECT");
  },

  "deleteExpired() deletes what has expired, at most its limit, and nothing else": async ({
    client,
  }) => {
    await empty(client);
    await fill(client, "old", 250, Date.now() - 1000);
    await fill(client, "new", 5, soon());
    const counts = [];
    for (let deleted = 100; deleted === 100;) {
      deleted = await deleteExpired(client.session, { limit: 100 });
      counts.push(deleted);
    }
    expect(counts).to.deep.equal([100, 100, 50]);
    const store = prismaStore(client.session, OPTIONS);
    for (let at = 0; at < 5; at++) expect(await store.read(`new ${at}`)).to.equal("value");
  },

  "deleteExpired() from many instances at once deletes every row once": async ({ client }) => {
    await empty(client);
    await fill(client, "old", 200, Date.now() - 1000);
    const all = Array.from({ length: 8 }, () => deleteExpired(client.session, { limit: 50 }));
    let total = (await Promise.all(all)).reduce((sum, count) => sum + count, 0);
    for (let deleted = 1; deleted > 0; total += deleted) {
      deleted = await deleteExpired(client.session, { limit: 50 });
    }
    expect(total).to.equal(200);
  },

  "deleteExpiredEvery deletes a batch after every so many writes, whatever they found": async (
    { client, statements },
    key,
  ) => {
    await empty(client);
    await fill(client, "old", 100, Date.now() - 1000);
    const store = prismaStore(client.session, { ...OPTIONS, deleteExpiredEvery: 3 });
    const writes = (count: number) => async () => {
      for (let at = 0; at < count; at++) await store.write(key, "two", soon(), "one");
    };
    expect((await statements(writes(2))).filter((sql) => sql.startsWith("DELETE"))).to.deep.equal(
      [],
    );
    expect((await statements(writes(1))).filter((sql) => sql.startsWith("DELETE"))).to.have.length(
      1,
    );
    expect(await deleteExpired(client.session)).to.equal(10);
  },
};

async function fill(client: Client, name: string, count: number, expiresAt: number): Promise<void> {
  const { createMany } = client.session as unknown as Record<
    string,
    (args: object) => Promise<void>
  >;
  for (let from = 0; from < count; from += 25) {
    const data = Array.from({ length: Math.min(25, count - from) }, (_, at) => ({
      key: `${name} ${from + at}`,
      value: "value",
      expiresAt: new Date(expiresAt),
    }));
    await createMany?.({ data });
  }
}

async function empty(client: Client): Promise<void> {
  const { deleteMany } = client.session as unknown as Record<
    string,
    (args: object) => Promise<void>
  >;
  await deleteMany?.({});
}
