// The application's Prisma: is the model there, is the table, and does the store keep its promises in it.

import { StoreError } from "coatcheck";
import { type PrismaDelegate, type PrismaFields, prismaStore } from "coatcheck/prisma";
import { clockFinding, momentOf } from "./clock.ts";
import type { Finding, Report } from "./finding.ts";
import { loadModule, pick } from "./load.ts";
import { LateError, within } from "./deadline.ts";
import { bounded, type Client, dialectOf, type Dialect, timeOf } from "./sql.ts";
import { checkTable, LOOSE } from "./table.ts";
import { MEANINGS, roundTrip, type Trip, WHOLE } from "./trip.ts";

const COPY =
  "copy the model from node_modules/coatcheck/prisma/schema.prisma, and run prisma generate";
const NO_SESSIONS = "no session can be kept there";
const COLLATION =
  "give the columns key and value utf8mb4_0900_bin (MySQL 8) or utf8mb4_nopad_bin (MariaDB): prisma/README.md has the statement";

export interface PrismaSubject {
  /** The module that exports `prisma`, and `fields` where the model has others. */
  readonly path: string;
  /** The model, as the client names it. */
  readonly model: string;
  readonly timeoutMs: number;
}

export async function checkPrisma(subject: PrismaSubject, report: Report): Promise<void> {
  const { path, model, timeoutMs } = subject;
  const loaded = await loadModule("prisma.module", path, timeoutMs);
  if ("finding" in loaded) return report(loaded.finding);
  const { exports } = loaded;
  const client = pick(exports, ["prisma", "db", "client"]) as Partial<Client> | undefined;
  const delegate = delegateOf(client, model);
  if (delegate === undefined) {
    return report({
      check: "prisma.module",
      status: "wrong",
      message: `${path} exports no client with a model ${model}`,
      why: NO_SESSIONS,
      mend: `export it as prisma; ${COPY}; --model names another`,
    });
  }
  const fields = pickFields(exports);
  try {
    const store = prismaStore(delegate, { timeoutMs, ...(fields ? { fields } : {}) });
    report({ check: "prisma.module", status: "ok", message: `${path} has the model ${model}` });
    const trip = await roundTrip(store);
    report(tripFinding(trip));
    await inspect(
      hasSql(client) ? bounded(client, timeoutMs) : undefined,
      { delegate, fields, trip },
      report,
    );
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // It names the field or the method that is missing.
    const message = error.message.replace(/^Cannot create Prisma store: /, "");
    report({ check: "prisma.model", status: "wrong", message, why: NO_SESSIONS, mend: COPY });
  } finally {
    // Else an open pool keeps this process waiting. One that does not close has nothing more to say.
    await within(timeoutMs, () => client?.$disconnect?.()).catch(() => undefined);
  }
}

/** What SQL tells beside the round trip: names, types, the collation, the clock. */
async function inspect(
  client: Client | undefined,
  found: { delegate: PrismaDelegate; fields: PrismaFields | undefined; trip: Trip },
  report: Report,
): Promise<void> {
  try {
    const dialect = client && (await dialectOf(client));
    if (client === undefined || dialect === undefined) {
      const message =
        "this database does not tell its columns here; the round trip stands for them";
      return report({ check: "prisma.table", status: "skipped", message });
    }
    await checkTable({ client, dialect, ...found }, report);
    await checkClock(client, dialect, report);
  } catch (error) {
    report({
      check: "prisma.table",
      status: "unknown",
      message: `the database ${error instanceof LateError ? "does not answer in time" : "fails"} when it is asked for its columns`,
      why: "names, types and the collation cannot be looked at",
      mend: "try again; if it lasts, see that this user may read information_schema, and that nothing locks the table",
    });
  }
}

async function checkClock(client: Client, dialect: Dialect, report: Report): Promise<void> {
  if (dialect === "sqlite") {
    const message = "SQLite has the clock of the machine it runs on";
    return report({ check: "prisma.clock", status: "skipped", message });
  }
  try {
    const moment = await momentOf(() => timeOf(client, dialect));
    report(clockFinding("prisma.clock", "the database's", moment));
  } catch {
    // Nothing rests on it.
    const message = "the database does not tell its time";
    report({ check: "prisma.clock", status: "skipped", message });
  }
}

function tripFinding(trip: Trip): Finding {
  const check = "prisma.roundtrip";
  if (trip.isWhole) {
    const details = { ms: trip.ms };
    if (!trip.isLoose) return { check, status: "ok", message: WHOLE, details };
    return {
      check,
      status: "warning",
      message: `${WHOLE}; but changed it though it was not what was expected, but for capitals, an accent or a space`,
      why: LOOSE,
      mend: COLLATION,
      details,
    };
  }
  const { step, error } = trip;
  if (error !== undefined) {
    // The store's own words: what is wrong, then the mend.
    const text = error instanceof StoreError ? error.message : "Cannot use database: it failed";
    const [message = "", mend] = text.replace(/^Cannot use database: /, "").split("; ");
    return { check, status: "wrong", message, why: NO_SESSIONS, ...(mend ? { mend } : {}) };
  }
  return {
    check,
    status: "wrong",
    message: MEANINGS[step],
    why: "what the library promises rests on it: changes may be lost, ended sessions may come back",
    mend: "make key the primary key, read from the primary and not from a replica, and apply the migration in node_modules/coatcheck/prisma/migrations",
  };
}

/** A client's model, or a model that is exported itself. */
function delegateOf(client: unknown, model: string): PrismaDelegate | undefined {
  if (typeof client !== "object" || client === null) return undefined;
  const own = client as Readonly<Record<string, unknown>>;
  const found = "findFirst" in own ? own : own[model];
  return typeof found === "object" && found !== null ? (found as PrismaDelegate) : undefined;
}

function hasSql(client: Partial<Client> | undefined): client is Client {
  return typeof client?.$queryRawUnsafe === "function";
}

function pickFields(exports: Readonly<Record<string, unknown>>): PrismaFields | undefined {
  const { fields } = exports;
  return typeof fields === "object" && fields !== null ? fields : undefined;
}
