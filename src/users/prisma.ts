// Users in any database that Prisma reaches. Every call is one statement, which stands alone.

import { checkOptions } from "../check.ts";
import { TIMEOUT, within } from "../stores/deadline.ts";
import { classify, isConflict, isTaken, late } from "../stores/faults.ts";
import { BATCH, checkDelegate, checkText, type PrismaDelegate } from "../stores/table.ts";
import type { ListedEntry, UserEntry, UserIndex } from "../users.ts";

/** What `prismaUsers` takes. */
export interface PrismaUsersOptions {
  /** Milliseconds that one call may take, everything included: 1 to 60,000. Default 1,000. */
  readonly timeoutMs?: number;
}

/** Fields of the model, and their types as Prisma calls them. */
const FIELDS = [
  ["key", "String"],
  ["user", "String"],
  ["handle", "String"],
  ["at", "DateTime"],
  ["expiresAt", "DateTime"],
  ["retired", "Boolean"],
] as const;
const WANTED = {
  what: "Prisma index",
  example: "prisma.sessionEntry",
  mend: "copy the model SessionEntry in prisma/schema.prisma",
};

type Row = {
  readonly [Name in keyof ListedEntry]: Name extends "at" | "expiresAt" ? Date : ListedEntry[Name];
};

/**
 * An index of users in a table of Prisma's: `prismaUsers(prisma.sessionEntry)`. The model is in `prisma/schema.prisma`.
 * Each call is one statement. Reads must reach the primary, not a replica.
 *
 * @throws TypeError for a delegate without a method, a model without a field, or an unknown option; RangeError for
 *   `timeoutMs`
 */
export function prismaUsers(delegate: PrismaDelegate, options: PrismaUsersOptions = {}): UserIndex {
  const { timeoutMs } = checkOptions(WANTED.what, options, {
    timeoutMs: TIMEOUT,
  }) as unknown as Required<PrismaUsersOptions>;
  const model = checkDelegate(WANTED, delegate, FIELDS);

  /** Every call does the same when it is made again, and so is, where others were quicker and it was undone. */
  async function ask<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const deadline = Date.now() + timeoutMs;
    const insist = async (): Promise<Answer> => {
      for (;;) {
        try {
          return await work();
        } catch (error) {
          if (!isConflict(error) || Date.now() >= deadline) throw error;
        }
      }
    };
    try {
      return await within(timeoutMs, late, insist);
    } catch (error) {
      throw classify(error);
    }
  }

  async function create(user: string, { key, handle, at, expiresAt }: UserEntry): Promise<void> {
    const data = {
      key,
      user,
      handle,
      at: new Date(at),
      expiresAt: dateOf(expiresAt),
      retired: false,
    };
    try {
      await model.createMany({ data });
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }

  return {
    async add(user, entry) {
      checkText(user, entry.key, entry.handle);
      await ask(() => create(user, entry));
    },

    async touch(user, entry) {
      checkText(user, entry.key, entry.handle);
      const where = { key: entry.key, user };
      const data = { expiresAt: dateOf(entry.expiresAt) };
      const { count } = (await ask(() => model.updateMany({ where, data }))) as { count: number };
      return count > 0;
    },

    async list(user, { limit, after, handle, retired }) {
      checkText(user, handle ?? "", after?.handle ?? "");
      const at = after && dateOf(after.at);
      const where = {
        user,
        expiresAt: { gt: new Date(Date.now()) },
        ...(handle === undefined ? {} : { handle }),
        ...(retired ? { retired } : {}),
        ...(after ? { OR: [{ at: { lt: at } }, { at, handle: { lt: after.handle } }] } : {}),
      };
      const orderBy = [{ at: "desc" }, { handle: "desc" }];
      const select = { key: true, handle: true, at: true, expiresAt: true, retired: true };
      return ask(async () => {
        const rows = (await model.findMany({ where, orderBy, take: limit, select })) as Row[];
        return rows.map((row) => ({
          ...row,
          at: row.at.getTime(),
          expiresAt: row.expiresAt.getTime(),
        }));
      });
    },

    async retire(user, { handle, except }) {
      checkText(user, handle ?? "", except ?? "");
      const whose = handle ?? (except === undefined ? undefined : { not: except });
      const where = { user, retired: false, ...(whose === undefined ? {} : { handle: whose }) };
      await ask(() => model.updateMany({ where, data: { retired: true } }));
    },

    async remove(user, keys) {
      checkText(user, ...keys);
      const rest = [...keys];
      // What has expired goes with it, for a user who comes back; `deleteExpired` is for those who do not.
      const isOver = { expiresAt: { lte: new Date(Date.now()) } };
      do {
        const where = { user, OR: [{ key: { in: rest.splice(0, BATCH) } }, isOver] };
        await ask(() => model.deleteMany({ where }));
      } while (rest.length > 0);
    },
  };
}

/** The last instant that every database has: the end of the year 9999. */
const LAST_AT = 253_402_300_799_999;

/** Databases keep whole milliseconds, and years of four digits. */
function dateOf(at: number): Date {
  return new Date(Math.min(Math.ceil(at), LAST_AT));
}
