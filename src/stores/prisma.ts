// Rows in any database that Prisma reaches. Every statement stands alone: drivers without transactions do.

import { checkOptions, isObject, optional, type Rule, wholeNumber } from "../check.ts";
import type { Store, Swap } from "../store.ts";
import { TIMEOUT, within } from "./deadline.ts";
import { classify, crowded, late } from "./faults.ts";
import {
  BATCH,
  checkText,
  type Next,
  openTable,
  type PrismaDelegate,
  type PrismaFields,
  type Table,
  type TableUse,
} from "./table.ts";

/** What `prismaStore` takes. */
export interface PrismaStoreOptions {
  /** Names of the model's fields, where they are not `key`, `value` and `expiresAt`. */
  readonly fields?: PrismaFields;
  /** Milliseconds that one read or write may take, everything included: 1 to 60,000. Default 1,000. */
  readonly timeoutMs?: number;
  /**
   * After every so many writes of this store, also delete up to 90 expired rows: 1 to 90, so that they never pile up.
   * That write answers when both are done. Default none: call `deleteExpired` from a schedule.
   */
  readonly deleteExpiredEvery?: number;
}

/** What `deleteExpired` takes. */
export interface DeleteExpiredOptions {
  /** Rows deleted at most: 1 to 10,000. Default 1,000. */
  readonly limit?: number;
  /** As in `prismaStore`. */
  readonly fields?: PrismaFields;
  /** Milliseconds that all of it may take: 1 to 60,000. Default 10,000. */
  readonly timeoutMs?: number;
}

/** The last instant that every database has: the end of the year 9999. */
const LAST_AT = 253_402_300_799_999;

const FIELDS: Rule = [
  {},
  isFields,
  "an object of field names: key, value, expiresAt and, where the table needs it, id",
];
const STORE: TableUse = { what: "Prisma store", roles: ["key", "value", "expiresAt", "id"] };
const CLEARING: TableUse = { what: "batch", roles: ["key", "expiresAt"] };
const RULES: Readonly<Record<string, Rule>> = {
  fields: FIELDS,
  timeoutMs: TIMEOUT,
  deleteExpiredEvery: [
    undefined,
    optional(wholeNumber(BATCH, BATCH, "writes")[1]),
    `a whole number of writes from 1 to ${BATCH}`,
  ],
};

/**
 * A store in a table of Prisma's: `prismaStore(prisma.session)`. The model is in `prisma/schema.prisma`. A read is one
 * statement, and so is a write; one more where it is refused, to see what stands there; and one more where it creates
 * a row whose key has one already, to take the place of one that has expired. What expires is decided by the clock of
 * this process. Reads must reach the primary, not a replica.
 *
 * @throws TypeError for a delegate without a method, a model without a field, or an unknown option; RangeError for a
 *   number out of range
 */
export function prismaStore(delegate: PrismaDelegate, options: PrismaStoreOptions = {}): Store {
  const {
    fields,
    timeoutMs,
    deleteExpiredEvery: every,
  } = checkOptions("Prisma store", options, RULES) as unknown as Required<PrismaStoreOptions>;
  const table = openTable(STORE, delegate, fields);
  let writes = 0;

  /** Creates a row, or takes the place of one that has expired. Once more where nothing is there to refuse it. */
  async function create(key: string, now: Date, next: NonNullable<Next>): Promise<Swap> {
    for (let tries = 1; ; tries++) {
      const outcome = await table.create(key, next);
      // Once the caller has been told that nobody knows, nothing more is written.
      const mayWrite = outcome !== "created" && Date.now() < now.getTime() + timeoutMs;
      if (outcome === "created" || (mayWrite && (await table.change(key, now, null, next)))) {
        return { swapped: true };
      }
      const current = await table.find(key, now);
      if (current !== null || !mayWrite) return { swapped: false, current };
      if (tries === 2) throw crowded(outcome === "taken");
    }
  }

  async function swap(...row: Parameters<Store["write"]>): Promise<Swap> {
    const [key, value, expiresAt, expected] = row;
    const at = Date.now();
    const now = new Date(at);
    // Databases keep whole milliseconds, and years of four digits.
    const until = new Date(Math.min(Math.ceil(expiresAt), LAST_AT));
    const next = expiresAt > at ? { value, expiresAt: until } : null;
    if (expected === null && next) return create(key, now, next);
    if (expected !== null && (await table.change(key, now, expected, next)))
      return { swapped: true };
    const current = await table.find(key, now);
    const isRemoved = expected === null && current === null;
    return isRemoved ? { swapped: true } : { swapped: false, current };
  }

  async function ask<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await within(timeoutMs, late, work);
    } catch (error) {
      throw classify(error);
    }
  }

  return {
    async read(key) {
      checkText(key);
      return ask(() => table.find(key, new Date(Date.now())));
    },

    async write(...row) {
      const [key, value, , expected] = row;
      checkText(key, value, expected ?? "");
      const at = Date.now();
      const answer = await ask(() => swap(...row));
      // In what is left of the write's own time: whoever waits for it must not take it for lost.
      const left = at + timeoutMs - Date.now();
      if (every !== undefined && ++writes % every === 0 && left > 0) {
        // The write is done, whatever becomes of this; the next batch takes what this one leaves.
        await within(left, late, () => clear(table, BATCH, left)).catch(() => undefined);
      }
      return answer;
    },
  };
}

/**
 * Deletes one batch of expired rows and answers how many it deleted. For a schedule (cron) or `waitUntil`: call it until
 * it answers 0. Any number of instances may do so at once: one that finds nothing left of its batch answers 0, and the
 * one that was quicker goes on. A row that was written meanwhile stays. Entries of `prismaUsers` expire as rows do:
 * `deleteExpired(prisma.sessionEntry)`.
 *
 * @throws TypeError and RangeError as `prismaStore`; StoreError where the database does not answer
 */
export async function deleteExpired(
  delegate: PrismaDelegate,
  options: DeleteExpiredOptions = {},
): Promise<number> {
  const { fields, limit, timeoutMs } = checkOptions("batch", options, {
    fields: FIELDS,
    limit: wholeNumber(1000, 10_000, "rows"),
    timeoutMs: [10_000, TIMEOUT[1], TIMEOUT[2]],
  }) as unknown as Required<DeleteExpiredOptions>;
  const table = openTable(CLEARING, delegate, fields);
  try {
    return await within(timeoutMs, late, () => clear(table, limit, timeoutMs));
  } catch (error) {
    throw classify(error);
  }
}

async function clear(table: Table, limit: number, timeoutMs: number): Promise<number> {
  const at = Date.now();
  const now = new Date(at);
  const keys = await table.expired(now, limit);
  let deleted = 0;
  // Nothing more is deleted once the caller has been told that nobody knows.
  while (keys.length > 0 && Date.now() < at + timeoutMs) {
    deleted += await table.clear(keys.splice(0, BATCH), now);
  }
  return deleted;
}

function isFields(fields: unknown): boolean {
  return (
    isObject(fields) &&
    Object.entries(fields).every(
      ([role, name]) =>
        ["key", "value", "expiresAt", "id"].includes(role) && typeof name === "string",
    )
  );
}
