// The table behind the model: is it there, with which columns, of which types and collation.

import type { PrismaDelegate, PrismaFields } from "coatcheck/prisma";
import type { Finding, Report } from "./finding.ts";
import { type Client, type Column, columnsOf, type Dialect, indexedIn } from "./sql.ts";
import type { Trip } from "./trip.ts";

/** What is looked at. */
export interface TableSubject {
  readonly client: Client;
  readonly dialect: Dialect;
  readonly delegate: PrismaDelegate;
  readonly fields: PrismaFields | undefined;
  readonly trip: Trip;
}

type Role = "key" | "value" | "expiresAt";

/** 43 characters of key; 64 KiB of data and what stands around it. */
const LENGTHS: Readonly<Record<Role, number>> = { key: 43, value: 100_000, expiresAt: 0 };
/** Why a collation that takes different texts for the same matters. */
export const LOOSE =
  "a write takes place if the row is still what was read; sessions are told apart by a stamp in each record all the same, other values in this store are not";
const EXACT = /_0900_bin$|_nopad_bin$|^binary$/;
const MIGRATE = (dialect: Dialect) =>
  `apply node_modules/coatcheck/prisma/migrations/${dialect}.sql`;

export async function checkTable(subject: TableSubject, report: Report): Promise<void> {
  const { client, dialect, delegate, fields, trip } = subject;
  const { table, columns: named } = namesOf(client, delegate, fields);
  const columns = await columnsOf(client, dialect, table);
  if (columns.length === 0) {
    // Where the store works, the table is there: under another schema's rights, or another name.
    return report(
      trip.isWhole
        ? {
            check: "prisma.table",
            status: "skipped",
            message: `the database does not tell of a table ${table}; the round trip stands for it`,
          }
        : {
            check: "prisma.table",
            status: "wrong",
            message: `there is no table ${table}`,
            why: "no session can be kept there",
            mend: MIGRATE(dialect),
          },
    );
  }
  report({ check: "prisma.table", status: "ok", message: `${table} is there (${dialect})` });

  const faults = (Object.keys(named) as Role[]).flatMap(
    (role) => faultOf(role, named[role], columns, dialect) ?? [],
  );
  for (const finding of faults) report(finding);
  if (faults.length === 0) {
    report({ check: "prisma.columns", status: "ok", message: Object.values(named).join(", ") });
  }
  reportCollation(columns, named, dialect, report);
  const indexed = await indexedIn(client, dialect, table);
  if (indexed.includes(named.expiresAt)) {
    const message = `${named.expiresAt} has an index`;
    report({ check: "prisma.index", status: "ok", message });
  } else {
    report({
      check: "prisma.index",
      status: "warning",
      message: `${named.expiresAt} has no index`,
      why: "deleteExpired reads the whole table each time",
      mend: `create an index on ${table} (${named.expiresAt})`,
    });
  }
}

function faultOf(
  role: Role,
  name: string,
  columns: readonly Column[],
  dialect: Dialect,
): Finding | undefined {
  const column = columns.find((each) => each.name === name);
  const check = "prisma.columns";
  if (column === undefined) {
    const why = "no session can be kept there";
    const message = `there is no column ${name}`;
    return { check, status: "wrong", message, why, mend: MIGRATE(dialect) };
  }
  const { length = Infinity, type } = column;
  if (length < LENGTHS[role]) {
    return {
      check,
      status: "wrong",
      message: `${name} has room for ${length} characters`,
      why: "sessions that are longer are refused, or cut off where strict mode is off",
      mend: "make value @db.Text, on MySQL and MariaDB @db.MediumText, and migrate",
    };
  }
  if (role === "expiresAt" && /with time zone|^timestamptz/.test(type)) {
    return {
      check,
      status: "warning",
      message: `${name} is a timestamptz`,
      why: "sessions end at another time on connections with another time zone",
      mend: "make it a plain DateTime, which is timestamp(3)",
    };
  }
  return undefined;
}

/** MySQL and MariaDB alone take texts for equal that are not, unless told. */
function reportCollation(
  columns: readonly Column[],
  named: Readonly<Record<Role, string>>,
  dialect: Dialect,
  report: Report,
): void {
  if (dialect !== "mysql" && dialect !== "mariadb") return;
  const collation = dialect === "mysql" ? "utf8mb4_0900_bin" : "utf8mb4_nopad_bin";
  const loose = columns.filter(
    (column) =>
      [named.key, named.value].includes(column.name) && !EXACT.test(column.collation ?? "binary"),
  );
  const check = "prisma.collation";
  if (loose.length === 0) {
    return report({ check, status: "ok", message: "texts are compared byte for byte" });
  }
  const list = loose.map((column) => `${column.name} (${column.collation})`).join(" and ");
  report({
    check,
    status: "warning",
    message: `${list} take different texts for the same`,
    why: LOOSE,
    mend: `give them COLLATE ${collation}: node_modules/coatcheck/prisma/README.md has the statement`,
  });
}

/** The table's and the columns' own names, where the client tells that they differ from the model's. */
function namesOf(
  client: Client,
  delegate: PrismaDelegate,
  fields: PrismaFields = {},
): { table: string; columns: Readonly<Record<Role, string>> } {
  const told = delegate as { name?: unknown; fields?: Record<string, { modelName?: string }> };
  const first = Object.values(told.fields ?? {})[0]?.modelName;
  const model = first ?? (typeof told.name === "string" ? told.name : "Session");
  const { _runtimeDataModel: data } = client as { _runtimeDataModel?: DataModel };
  const known = data?.models?.[model];
  const column = (field: string) =>
    known?.fields?.find(({ name }) => name === field)?.dbName ?? field;
  const { key = "key", value = "value", expiresAt = "expiresAt" } = fields;
  return {
    table: known?.dbName ?? model,
    columns: { key: column(key), value: column(value), expiresAt: column(expiresAt) },
  };
}

/** What Prisma's client keeps of the schema. */
interface DataModel {
  readonly models?: Readonly<
    Record<
      string,
      {
        readonly dbName?: string | null;
        readonly fields?: readonly { readonly name: string; readonly dbName?: string | null }[];
      }
    >
  >;
}
