// Two servers as the library's clients know them: a Redis that runs its commands, a database with one table. Each keeps
// its rows through a restart, or not.

import { SHA } from "../../src/stores/redis.ts";

interface Row {
  readonly value: string;
  readonly expiresAt: number;
}

/** A server's data, and what can become of it. Commands are executed whole, one after another. */
export interface Server<Command, Reply> {
  readonly name: string;
  execute(command: Command): Reply;
  /** A copy of the data as it is now, to be brought back. */
  snapshot(): () => void;
  empty(): void;
}

/** GET, and the library's own script. Keys expire by the server's clock, relative to when the command is executed. */
export function createRedis(clock: () => number): Server<readonly string[], unknown> {
  let rows = new Map<string, Row>();

  function find(key: string): string | null {
    const row = rows.get(key);
    return row && row.expiresAt > clock() ? row.value : null;
  }

  return {
    name: "redis",
    snapshot() {
      const copy = new Map(rows);
      const at = clock();
      return () => {
        // As where the backup has the time that was left: what had been expired for long lives again.
        const shift = clock() - at;
        rows = new Map(
          Array.from(copy, ([key, { value, expiresAt }]) => [
            key,
            { value, expiresAt: expiresAt + shift },
          ]),
        );
      };
    },
    empty: () => rows.clear(),
    execute([name, ...args]) {
      if (name === "GET") return find(args[0] ?? "");
      const [sha, , key = "", value = "", ttl, expected = null] = args;
      if (name !== "EVALSHA" || sha !== SHA) throw new Error("ERR unknown command");
      const current = find(key);
      if (current !== expected) return [current];
      if (ttl === "0") rows.delete(key);
      else rows.set(key, { value, expiresAt: clock() + Number(ttl) });
      return 1;
    },
  };
}

/** One statement of Prisma's: a method of the delegate, and its argument. */
export interface Statement {
  readonly method: "findFirst" | "createMany" | "updateMany" | "deleteMany";
  readonly args: {
    readonly where?: {
      readonly key: string;
      readonly value?: string;
      readonly expiresAt?: { readonly gt?: Date; readonly lte?: Date };
    };
    readonly data?: { readonly key?: string; readonly value: string; readonly expiresAt: Date };
  };
}

/** A table of key, value and date. Which rows have expired is decided by what the statement says. */
export function createSql(): Server<Statement, unknown> {
  let rows = new Map<string, Row>();

  function matching({ where }: Statement["args"]): Row | undefined {
    const row = where && rows.get(where.key);
    if (!row || (where.value !== undefined && where.value !== row.value)) return undefined;
    const { gt, lte } = where.expiresAt ?? {};
    if (gt && row.expiresAt <= gt.getTime()) return undefined;
    return lte && row.expiresAt > lte.getTime() ? undefined : row;
  }

  return {
    name: "sql",
    snapshot() {
      const copy = new Map(rows);
      return () => {
        rows = new Map(copy);
      };
    },
    empty: () => rows.clear(),
    execute({ method, args }) {
      const { where, data } = args;
      const key = where?.key ?? data?.key ?? "";
      const next = data && { value: data.value, expiresAt: data.expiresAt.getTime() };
      if (method === "createMany" && next) {
        if (rows.has(key)) throw Object.assign(new Error("Unique constraint"), { code: "P2002" });
        rows.set(key, next);
        return { count: 1 };
      }
      const row = matching(args);
      if (method === "findFirst") return row ? { value: row.value } : null;
      if (!row) return { count: 0 };
      if (method === "updateMany" && next) rows.set(key, next);
      else rows.delete(key);
      return { count: 1 };
    },
  };
}
