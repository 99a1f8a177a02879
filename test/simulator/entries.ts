// The database of the index of users: one table, as Prisma's statements ask it.

import type { Server } from "./servers.ts";

interface Entry {
  readonly key: string;
  readonly user: string;
  readonly handle: string;
  readonly at: Date;
  readonly expiresAt: Date;
  readonly retired: boolean;
}

/** What a field is to be: a value, or how it compares. */
type Wanted =
  | string
  | boolean
  | Date
  | {
      readonly in?: readonly unknown[];
      readonly not?: string;
      readonly gt?: Date;
      readonly lt?: Date;
      readonly lte?: Date;
    };

type Where = { readonly [Field in keyof Entry]?: Wanted } & { readonly OR?: readonly Where[] };

/** One statement of Prisma's: a method of the delegate, and its argument. */
export interface EntryStatement {
  readonly method: "createMany" | "updateMany" | "deleteMany" | "findMany";
  readonly args: {
    readonly where?: Where;
    readonly data?: Partial<Entry>;
    readonly take?: number;
  };
}

/** What it has been told it keeps, whatever becomes of it. Lists have the order that the index asks for. */
export function createEntries(): Server<EntryStatement, unknown> {
  let entries = new Map<string, Entry>();

  return {
    name: "users",
    snapshot() {
      const copy = new Map(entries);
      return () => {
        entries = new Map(copy);
      };
    },
    empty: () => entries.clear(),
    execute({ method, args: { where, data, take } }) {
      if (method === "createMany") {
        const entry = data as Entry;
        if (entries.has(entry.key)) {
          throw Object.assign(new Error("Unique constraint"), { code: "P2002" });
        }
        entries.set(entry.key, entry);
        return { count: 1 };
      }
      const found = [...entries.values()].filter((entry) => fits(entry, where ?? {}));
      if (method === "findMany") return found.toSorted(compare).slice(0, take);
      for (const entry of found) {
        if (method === "updateMany") entries.set(entry.key, { ...entry, ...data });
        else entries.delete(entry.key);
      }
      return { count: found.length };
    },
  };
}

function fits(entry: Entry, { OR: either, ...fields }: Where): boolean {
  if (either && !either.some((where) => fits(entry, where))) return false;
  return (Object.keys(fields) as (keyof Entry)[]).every((field) => {
    if (!(field in entry)) throw new Error(`the simulated table knows no ${field}`);
    return isWanted(entry[field], fields[field]);
  });
}

function isWanted(value: Entry[keyof Entry], wanted: Wanted | undefined): boolean {
  if (wanted instanceof Date) return value.valueOf() === wanted.getTime();
  if (typeof wanted !== "object") return value === wanted;
  const { in: any, not, gt, lt, lte } = wanted;
  if (any && !any.includes(value)) return false;
  if (not !== undefined && value === not) return false;
  if (gt && value <= gt) return false;
  if (lt && value >= lt) return false;
  return !lte || value <= lte;
}

/** The latest sign-in first. */
function compare(one: Entry, other: Entry): number {
  return other.at.getTime() - one.at.getTime() || (one.handle < other.handle ? 1 : -1);
}
