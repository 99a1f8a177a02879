// What the cases of this folder are given, and what they share.

import type { Client } from "./watched.ts";

/** A database with the tables in it, as a case sees it. */
export interface Subject {
  readonly client: Client;
  /** The SQL that reached the database while `work` ran. */
  statements(work: () => Promise<unknown>): Promise<readonly string[]>;
}

/** What a case does with a database and a key that nobody else has. */
export type Check = (subject: Subject, key: string) => Promise<void>;

/** For stores that must answer, on however slow a machine. */
export const OPTIONS = { timeoutMs: 10_000 };

export function firstWords(statements: readonly string[]): string {
  return statements.map((sql) => sql.trim().split(" ")[0]).join(" ");
}

export function soon(): number {
  return Date.now() + 60_000;
}
