// What Prisma throws -> a StoreError. Prisma's own texts quote queries and rows: none of them leaves.

import { StoreError } from "../errors.ts";

/** What is read of an error of Prisma's, of a driver adapter's behind it, or of the driver's own. */
interface Thrown {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly meta?: {
    readonly driverAdapterError?: {
      readonly cause?: {
        readonly originalCode?: unknown;
        readonly originalMessage?: unknown;
        /** Of MariaDB's pool: why it has no connection. */
        readonly cause?: unknown;
      };
    };
  };
}

/** How an error begins, its code or its text, and what is said of it. */
type Fault = readonly [signs: RegExp, reason: string];

/** Waiting does not help. First those that tell most: MariaDB's pool has a reason of its own, and the cause beside it. */
const MISCONFIGURED: readonly Fault[] = [
  [
    /^(P2021$|SQLITE_ERROR: no such table)/,
    "its table does not exist; apply the migration for this database in prisma/migrations",
  ],
  [
    /^(P2022$|SQLITE_ERROR: (no such column|table \S+ has no column))/,
    "a column does not exist; apply the migration for this database in prisma/migrations",
  ],
  [
    /^(P1000|P1003|P1010|42501|1044|1045|1049|1142)$|^\(conn:-?\d+, no: (1044|1045|1049),|^SERVER_ERROR: Server returned HTTP status 40[134]/,
    "it refuses the user or has no such database; check the connection string and the user's rights",
  ],
  [/^P1011$/, "it speaks no TLS, or its certificate is not trusted; check the connection string"],
  [
    /^P2000$|^D1_ERROR: string or blob too big/,
    "key or value is longer than its column; make value @db.Text, on MySQL and MariaDB @db.MediumText, or lower maxBytes",
  ],
  [
    /^P2011$/,
    "the table has another column that must be filled; give it a default, or name it as id in fields",
  ],
  [
    /^PrismaClientValidationError$/,
    "the model lacks a field, has it with another type, or needs another one; copy the model in prisma/schema.prisma, or name yours in fields",
  ],
  [/^PrismaClientInitializationError$/, "the client does not start; check its driver adapter"],
];

/** Certainly not done: refused, never sent, or undone as a whole. What is in no list may have been carried out. */
const REFUSED: readonly Fault[] = [
  [
    /^(P1001|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOENT)$|^(connect ECONNREFUSED|getaddrinfo |ConnectionFailed\()/,
    "it cannot be reached; check that it runs",
  ],
  [
    /^(P2024|P2037|45028|1040|1203)$|^(timeout exceeded when trying to connect|Connection terminated due to connection timeout)/,
    "no connection was free in time",
  ],
  [/^P2034$/, "others write the same rows"],
  [/^22021$/, "it cannot keep a character of the key"],
  [/^(57P03|53\d\d\d)$|^SQLITE_FULL/, "it is starting, stopping, full or overloaded"],
  [/^(57014|55P03|1205)$|^SQLITE_BUSY/, "it gave up waiting"],
  [/^(25006|1290|1836)$|^SQLITE_READONLY/, "it is read-only"],
];

/** Shows that a row of this key stands there already. */
export function isTaken(error: unknown): boolean {
  return (error as Thrown | null)?.code === "P2002";
}

/** A serialization failure or a deadlock: the database undid the statement, because others were quicker. */
export function isConflict(error: unknown): boolean {
  return (error as Thrown | null)?.code === "P2034";
}

/** A create that was refused twice, though nothing stands there. */
export function crowded(isTaken: boolean): StoreError {
  if (!isTaken) return failure("none", "others write the same rows");
  const reason =
    "the table has another column that must be unique; give it a default, or name it as id in fields";
  return failure("none", reason, "STORE_MISCONFIGURED");
}

/** Rows that SQLite finds to have expired and Prisma does not: numbers come before all text. */
export function mixedDates(): StoreError {
  const reason =
    'some of its dates are numbers, as Prisma 6 wrote them; give the driver adapter timestampFormat: "unixepoch-ms"';
  return failure("none", reason, "STORE_MISCONFIGURED");
}

/** Turns what Prisma throws into a StoreError that quotes codes and words from the lists alone. */
export function classify(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const signs = signsOf(error);
  const find = (faults: readonly Fault[]) =>
    faults.find(([pattern]) => signs.some((sign) => pattern.test(sign)))?.[1];
  const fault = find(MISCONFIGURED);
  if (fault) return failure("none", fault, "STORE_MISCONFIGURED");
  const refusal = find(REFUSED);
  if (refusal) return failure("none", refusal);
  const codes = signs.filter((sign) => /^(P\d{4}|[0-9A-Z]{5})$/.test(sign));
  return failure("unknown", ["the command failed", ...codes].join(", "));
}

/** The error of a command that was not answered in time. */
export function late(timeoutMs: number): StoreError {
  return failure("unknown", `no answer within ${timeoutMs} ms`);
}

function failure(
  outcome: "none" | "unknown",
  reason: string,
  code?: "STORE_MISCONFIGURED",
): StoreError {
  return new StoreError(outcome, `Cannot use database: ${reason}`, code);
}

/** By what an error can be told: its name, its codes, and how its texts begin. Prisma's own text begins like any other. */
function signsOf(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 4) return [];
  const { name, code, message, cause, meta } = error as Thrown;
  const driver = meta?.driverAdapterError?.cause;
  // SQLite's numbers mean something else with MySQL; its texts begin with their names.
  const isSqlite = /^(SQLITE|D1)_/.test(String(driver?.originalMessage));
  const number = isSqlite ? undefined : driver?.originalCode;
  return [
    ...[name, code, number, driver?.originalMessage, driver?.cause, message].filter(
      (sign) => typeof sign === "string",
    ),
    ...signsOf(cause, depth + 1),
  ];
}
