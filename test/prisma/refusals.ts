// Faults as a list: how each is brought about on a real database, and what the store must say of it.

import { inspect } from "node:util";
import { type Store, StoreError } from "coatcheck";
import { prismaStore } from "coatcheck/prisma";
import { expect, test } from "vitest";
import type { Client, Database } from "./databases.ts";

export const KEY = "a key that nobody may see";
export const VALUE = "a value that nobody may see";

/** What the error must be. */
export interface Refusal {
  readonly code: "STORE_UNAVAILABLE" | "STORE_MISCONFIGURED";
  readonly outcome: "none" | "unknown";
  /** What its message must say. */
  readonly says: RegExp;
}

export interface Fault extends Refusal {
  readonly name: string;
  /** Options of the driver. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** SQL before and after, on a client that nothing is wrong with. */
  readonly before?: readonly string[];
  readonly after?: readonly string[];
  /** Calls that meet the fault. Default both. */
  readonly calls?: readonly ("read" | "write")[];
}

export const MISCONFIGURED = { code: "STORE_MISCONFIGURED", outcome: "none" } as const;
export const REFUSED = { code: "STORE_UNAVAILABLE", outcome: "none" } as const;
export const UNKNOWN = { code: "STORE_UNAVAILABLE", outcome: "unknown" } as const;

/** @param key one of its own where a call may be carried out late */
export function callsOf(
  store: Store,
  key: string = KEY,
): Readonly<Record<"read" | "write", () => Promise<unknown>>> {
  return {
    read: () => store.read(key),
    write: () => store.write(key, VALUE, Date.now() + 60_000, null),
  };
}

/** @throws unless the call is refused in that way, and says nothing of the row or the query */
export async function expectRefusal(call: Promise<unknown>, { code, outcome, says }: Refusal) {
  const error = await call.then(
    (answer) => expect.fail(`a fault was answered: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  const told = error as StoreError;
  expect({ message: told.message, code: told.code, outcome: told.outcome }).toEqual({
    message: expect.stringMatching(says),
    code,
    outcome,
  });
  const printed = inspect(error, { depth: Infinity, showHidden: true });
  for (const secret of [KEY, VALUE, "SELECT", "INSERT", "invocation", "password"]) {
    expect(printed).not.toContain(secret);
  }
}

/** Registers one test for each fault. */
export function testFaults(database: () => Database, faults: readonly Fault[]): void {
  for (const { name, options = {}, before = [], after = [], calls, ...refusal } of faults) {
    test(name, async () => {
      const sound = await database().connect();
      const client = await database().connect(options);
      try {
        for (const sql of before) await sound.$executeRawUnsafe(sql);
        const all = callsOf(prismaStore(client.session, { timeoutMs: 10_000 }));
        for (const call of calls ?? (["read", "write"] as const)) {
          await expectRefusal(all[call](), refusal);
        }
      } finally {
        for (const sql of after) await sound.$executeRawUnsafe(sql);
        await closeAll(sound, client);
      }
      const again = await database().connect();
      expect(await prismaStore(again.session, { timeoutMs: 10_000 }).read(KEY)).toBe(null);
      await again.$disconnect();
    });
  }
}

export async function closeAll(...clients: readonly Client[]): Promise<void> {
  for (const client of clients) await client.$disconnect();
}
