// Users in any database that Prisma reaches. Every call is one statement, which stands alone.

import { checkOptions } from "../check.ts";
import { TIMEOUT, within } from "../stores/deadline.ts";
import { classify, isTaken, late } from "../stores/faults.ts";
import { checkDelegate, type PrismaDelegate } from "../stores/table.ts";
import type { ListedEntry, UserEntry, UserIndex } from "../users.ts";

/** What `prismaUsers` takes. */
export interface PrismaUsersOptions {
  /** Milliseconds that one call may take, everything included: 1 to 60,000. Default 1,000. */
  readonly timeoutMs?: number;
}

/** Fields of the model, and their types as Prisma calls them. */
const FIELDS = {
  key: "String",
  user: "String",
  handle: "String",
  at: "DateTime",
  expiresAt: "DateTime",
  retired: "Boolean",
};

type Row = {
  readonly [Name in keyof ListedEntry]: Name extends "at" | "expiresAt" ? Date : ListedEntry[Name];
};

/**
 * An index of users in a table of Prisma's: `prismaUsers(prisma.sessionEntry)`. The model is in `prisma/schema.prisma`.
 * Each call is one statement; `touch` one more where the entry is missing. Reads must reach the primary, not a replica.
 *
 * @throws TypeError for a delegate without a method, a model without a field, or an unknown option; RangeError for
 *   `timeoutMs`
 */
export function prismaUsers(delegate: PrismaDelegate, options: PrismaUsersOptions = {}): UserIndex {
  const { timeoutMs } = checkOptions("Prisma index", options, {
    timeoutMs: TIMEOUT,
  }) as unknown as Required<PrismaUsersOptions>;
  const model = checkDelegate("Prisma index", delegate, FIELDS);

  async function ask<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await within(timeoutMs, late, work);
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
    add: (user, entry) => ask(() => create(user, entry)),

    touch: (user, entry) =>
      ask(async () => {
        const where = { key: entry.key, user };
        const data = { expiresAt: dateOf(entry.expiresAt) };
        const { count } = (await model.updateMany({ where, data })) as { count: number };
        if (count === 0) await create(user, entry);
      }),

    list: (user, { limit, after, handle, retired }) =>
      ask(async () => {
        const at = after && new Date(after.at);
        const rows = (await model.findMany({
          where: {
            user,
            expiresAt: { gt: new Date(Date.now()) },
            ...(handle === undefined ? {} : { handle }),
            ...(retired ? { retired } : {}),
            ...(after ? { OR: [{ at: { lt: at } }, { at, handle: { lt: after.handle } }] } : {}),
          },
          orderBy: [{ at: "desc" }, { handle: "desc" }],
          take: limit,
          select: { key: true, handle: true, at: true, expiresAt: true, retired: true },
        })) as Row[];
        return rows.map((row) => ({
          ...row,
          at: row.at.getTime(),
          expiresAt: row.expiresAt.getTime(),
        }));
      }),

    retire: (user, except) =>
      ask(async () => {
        const where = { user, ...(except === null ? {} : { handle: { not: except } }) };
        await model.updateMany({ where, data: { retired: true } });
      }),

    // What has expired goes with it, for a user who comes back; `deleteExpired` is for those who do not.
    remove: (user, keys) =>
      ask(async () => {
        const isOver = [{ key: { in: [...keys] } }, { expiresAt: { lte: new Date(Date.now()) } }];
        await model.deleteMany({ where: { user, OR: isOver } });
      }),
  };
}

/** The last instant that every database has: the end of the year 9999. */
const LAST_AT = 253_402_300_799_999;

/** Databases keep whole milliseconds, and years of four digits. */
function dateOf(at: number): Date {
  return new Date(Math.min(Math.ceil(at), LAST_AT));
}
