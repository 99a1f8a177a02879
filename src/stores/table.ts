// The few statements of Prisma that the store uses, on whichever fields the model has.

import { isConflict, isTaken, mixedDates } from "./faults.ts";

/**
 * What is used of a model of Prisma's client, such as `prisma.session`, of whatever name; one of an extended client
 * fits too. Arguments are not typed, since fields may have other names.
 */
export interface PrismaDelegate {
  findFirst(args: never): PromiseLike<unknown>;
  findMany(args: never): PromiseLike<unknown>;
  createMany(args: never): PromiseLike<unknown>;
  updateMany(args: never): PromiseLike<unknown>;
  deleteMany(args: never): PromiseLike<unknown>;
}

/** What the fields are called in a model that was there before. */
export interface PrismaFields {
  /** Text, unique. Default `key`. */
  readonly key?: string;
  /** Text. Default `value`. */
  readonly value?: string;
  /** A DateTime. Default `expiresAt`. */
  readonly expiresAt?: string;
  /** Another field of text that must be filled and be unique: gets the key too. Default none. */
  readonly id?: string;
}

/** What becomes of a row: a value until an instant, or (null) its removal. */
export type Next = { readonly value: string; readonly expiresAt: Date } | null;

/** Every method is one statement. */
export interface Table {
  /** The value of a row that has not expired by `now`. */
  find(key: string, now: Date): Promise<string | null>;
  /** `taken`: a row of this key stands there, expired or not; `conflict`: undone, since others were quicker. */
  create(key: string, next: NonNullable<Next>): Promise<"created" | "taken" | "conflict">;
  /** Changes the row that has not expired and is `expected`; with null, the one that has. False: there is none. */
  change(key: string, now: Date, expected: string | null, next: Next): Promise<boolean>;
  /**
   * Keys of rows that have expired, those first that have longest.
   * @throws StoreError `STORE_MISCONFIGURED` where the database takes for expired what is not
   */
  expired(now: Date, limit: number): Promise<string[]>;
  /** Removes those of the rows that are still expired, and answers how many. */
  clear(keys: readonly string[], now: Date): Promise<number>;
}

const METHODS = ["findFirst", "findMany", "createMany", "updateMany", "deleteMany"] as const;
const DEFAULTS = { key: "key", value: "value", expiresAt: "expiresAt" };
const TYPES = { key: "String", value: "String", expiresAt: "DateTime", id: "String" };

type Role = keyof PrismaFields;

/** Rows deleted by one statement. D1 takes 100 values at most; where there are more, Prisma opens a transaction. */
export const BATCH = 90;

type Call = (args: object) => Promise<unknown>;

/** A delegate whose arguments may be written. */
export type Model = Readonly<Record<(typeof METHODS)[number], Call>>;
type Row = Readonly<Record<string, unknown>>;

/** What is being created, for errors, and which fields it needs. */
export interface TableUse {
  readonly what: string;
  readonly roles: readonly Role[];
}

/** @throws TypeError naming the method or the field that is missing */
export function openTable(
  { what, roles }: TableUse,
  delegate: PrismaDelegate,
  fields: PrismaFields,
): Table {
  const names: PrismaFields & typeof DEFAULTS = { ...DEFAULTS, ...fields };
  const { key: k, value: v, expiresAt: e } = names;
  const needed = roles.map((role) => [names[role] ?? "", TYPES[role]] as const);
  const model = checkDelegate(
    {
      what,
      example: "prisma.session",
      mend: "copy the model in prisma/schema.prisma, or name yours in fields",
    },
    delegate,
    needed.filter(([name]) => name !== ""),
  );
  const expiredBy = (now: Date) => ({ [e]: { lte: now } });

  return {
    async find(key, now) {
      const row = await model.findFirst({
        where: { [k]: key, [e]: { gt: now } },
        select: { [v]: true },
      });
      return row === null ? null : decode((row as Row)[v] as string);
    },

    async create(key, { value, expiresAt }) {
      const extra = names.id === undefined ? {} : { [names.id]: key };
      const data = { ...extra, [k]: key, [v]: encode(value), [e]: expiresAt };
      try {
        await model.createMany({ data });
        return "created";
      } catch (error) {
        if (isTaken(error)) return "taken";
        if (isConflict(error)) return "conflict";
        throw error;
      }
    },

    async change(key, now, expected, next) {
      const standing =
        expected === null ? expiredBy(now) : { [v]: encode(expected), [e]: { gt: now } };
      const where = { [k]: key, ...standing };
      try {
        const { count } = (await (next
          ? model.updateMany({ where, data: { [v]: encode(next.value), [e]: next.expiresAt } })
          : model.deleteMany({ where }))) as { count: number };
        return count > 0;
      } catch (error) {
        if (isConflict(error)) return false;
        throw error;
      }
    },

    async expired(now, limit) {
      // In the index's order, so that the database reads there and stops.
      const where = expiredBy(now);
      const select = { [k]: true, [e]: true };
      const asked = { where, orderBy: { [e]: "asc" }, take: limit, select };
      const rows = (await model.findMany(asked)) as Row[];
      if (rows.some((row) => (row[e] as Date) > now)) throw mixedDates();
      return rows.map((row) => row[k] as string);
    },

    async clear(keys, now) {
      // The condition once more, on the row as it is now: another instance may have written it meanwhile. Prisma's
      // own `limit` puts it into a subquery alone, which PostgreSQL does not ask again.
      const where = { [k]: { in: keys }, ...expiredBy(now) };
      try {
        return ((await model.deleteMany({ where })) as { count: number }).count;
      } catch (error) {
        if (isConflict(error)) return 0;
        throw error;
      }
    },
  };
}

/** What is being created, a delegate that it takes, and what to do where the model has not all fields. */
interface Wanted {
  readonly what: string;
  readonly example: string;
  readonly mend: string;
}

/**
 * Checks that a delegate has the methods and, where it tells them as Prisma's do, the fields.
 *
 * @param needed names of fields, and their types as Prisma calls them
 * @throws TypeError naming the method or the field that is missing
 */
export function checkDelegate(
  { what, example, mend }: Wanted,
  delegate: PrismaDelegate,
  needed: readonly (readonly [name: string, type: string])[],
): Model {
  for (const method of METHODS) {
    if (typeof delegate?.[method] === "function") continue;
    throw new TypeError(
      `Cannot create ${what}: the delegate has no ${method}; give a model of the client, such as ${example}`,
    );
  }
  const { fields } = delegate as { fields?: Readonly<Record<string, { typeName?: unknown }>> };
  for (const [name, type] of fields ? needed : []) {
    if (fields?.[name]?.typeName === type) continue;
    throw new TypeError(
      `Cannot create ${what}: the model has no field ${name} of type ${type}; ${mend}`,
    );
  }
  return delegate as unknown as Model;
}

/** To Prisma an object is an operator and `undefined` is no condition at all, which would fit another's row (R5, F36). */
export function checkText(...values: readonly unknown[]): void {
  if (values.every((value) => typeof value === "string")) return;
  throw new TypeError("Cannot use database: key and value must be text");
}

// PostgreSQL refuses NUL in text, and libsql cuts the value off there. No record has one, since JSON escapes it; the
// promise is byte for byte all the same.
const ESCAPE = "\u0001";

function encode(value: string): string {
  return value.replaceAll(ESCAPE, `${ESCAPE}1`).replaceAll("\0", `${ESCAPE}0`);
}

function decode(text: string): string {
  return text.replaceAll(`${ESCAPE}0`, "\0").replaceAll(`${ESCAPE}1`, ESCAPE);
}
