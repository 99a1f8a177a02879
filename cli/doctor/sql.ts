// What the doctor asks databases in SQL, through Prisma. Names of columns are given, since MySQL answers in capitals.

import { LateError, within } from "./deadline.ts";

/** What is used of a client of Prisma's. */
export interface Client {
  $queryRawUnsafe(sql: string, ...values: readonly unknown[]): Promise<unknown>;
  $disconnect(): Promise<void>;
  /** What it keeps of the schema; not documented, so that it is only asked whether it is there. */
  readonly _runtimeDataModel?: unknown;
}

/** The same client, whose answers are waited for no longer than that: locks and networks may hold them back. */
export function bounded(client: Client, timeoutMs: number): Client {
  const { _runtimeDataModel } = client;
  return {
    $queryRawUnsafe: (sql, ...values) =>
      within(timeoutMs, () => client.$queryRawUnsafe(sql, ...values)),
    $disconnect: () => within(timeoutMs, () => client.$disconnect()),
    _runtimeDataModel,
  };
}

export type Dialect = "postgresql" | "mysql" | "mariadb" | "sqlite";

export interface Column {
  readonly name: string;
  /** In small letters. */
  readonly type: string;
  /** Characters; undefined: no limit that is told. */
  readonly length?: number;
  readonly collation?: string;
}

type Row = Readonly<Record<string, unknown>>;

/** Which database it is; undefined for one that knows none of these questions, as D1 and SQL Server. */
export async function dialectOf(client: Client): Promise<Dialect | undefined> {
  const version = await firstOf(client, "SELECT version() AS answer");
  if (version === undefined) {
    const sqlite = await firstOf(client, "SELECT sqlite_version() AS answer");
    return sqlite === undefined ? undefined : "sqlite";
  }
  if (/mariadb/i.test(version)) return "mariadb";
  return /postgres|cockroach/i.test(version) ? "postgresql" : "mysql";
}

/** The columns of a table; none where there is no such table, or none that this user may see. */
export async function columnsOf(
  client: Client,
  dialect: Dialect,
  table: string,
): Promise<readonly Column[]> {
  const rows = await all(client, COLUMNS[dialect], table);
  return rows.map(({ name, type, length, collation }) => ({
    name: String(name),
    type: String(type).toLowerCase(),
    ...(length === null || length === undefined ? {} : { length: Number(length) }),
    ...(collation === null || collation === undefined ? {} : { collation: String(collation) }),
  }));
}

/** The columns with which indices begin. */
export async function indexedIn(
  client: Client,
  dialect: Dialect,
  table: string,
): Promise<readonly string[]> {
  return (await all(client, INDEXED[dialect], table)).map(({ name }) => String(name));
}

/** The database's clock, in epoch milliseconds. */
export async function timeOf(client: Client, dialect: Dialect): Promise<number> {
  const sql =
    dialect === "postgresql"
      ? "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS answer"
      : "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS UNSIGNED) AS answer";
  const at = Number((await all(client, sql))[0]?.["answer"]);
  if (!Number.isFinite(at)) throw new Error("The database answered no time");
  return at;
}

const MYSQL_COLUMNS = `SELECT COLUMN_NAME AS name, DATA_TYPE AS type, CHARACTER_MAXIMUM_LENGTH AS length,
  COLLATION_NAME AS collation FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`;
const MYSQL_INDEXED = `SELECT COLUMN_NAME AS name FROM information_schema.STATISTICS
  WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND SEQ_IN_INDEX = 1`;

const COLUMNS: Readonly<Record<Dialect, string>> = {
  // Types are cast, since Prisma reads no domains of the catalogue.
  postgresql: `SELECT column_name::text AS name, data_type::text AS type, character_maximum_length::int AS length,
    collation_name::text AS collation FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = $1`,
  mysql: MYSQL_COLUMNS,
  mariadb: MYSQL_COLUMNS,
  sqlite: "SELECT name, type FROM pragma_table_info(?)",
};

const INDEXED: Readonly<Record<Dialect, string>> = {
  postgresql: `SELECT a.attname::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relname = $1`,
  mysql: MYSQL_INDEXED,
  mariadb: MYSQL_INDEXED,
  sqlite:
    "SELECT ii.name AS name FROM pragma_index_list(?) il, pragma_index_info(il.name) ii WHERE ii.seqno = 0",
};

async function all(
  client: Client,
  sql: string,
  ...values: readonly string[]
): Promise<readonly Row[]> {
  const rows = await client.$queryRawUnsafe(sql, ...values);
  return Array.isArray(rows) ? (rows as Row[]) : [];
}

/** The one answer of a question; undefined where it is not understood, which is an answer of its own. */
async function firstOf(client: Client, sql: string): Promise<string | undefined> {
  try {
    const [row] = await all(client, sql);
    return row === undefined ? undefined : String(row["answer"]);
  } catch (error) {
    if (error instanceof LateError) throw error;
    return undefined; // not understood
  }
}
