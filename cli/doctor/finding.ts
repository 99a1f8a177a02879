// What the doctor finds, and what becomes of it: pure.

import { EXIT } from "../usage.ts";

/**
 * - `ok`: as it should be
 * - `warning`: works, and is worth a thought
 * - `wrong`: does not work, or is not safe
 * - `unknown`: was asked for and could not be checked
 * - `skipped`: was not asked for, or cannot be told from here
 */
export type Status = "ok" | "warning" | "wrong" | "unknown" | "skipped";

/** One finding. Texts hold names, hosts and numbers: nothing secret. */
export interface Finding {
  /** A stable name, `subject.what`: `redis.token`. */
  readonly check: string;
  readonly status: Status;
  /** What was found. */
  readonly message: string;
  /** Why it matters; absent where all is well. */
  readonly why?: string;
  /** What to do about it. */
  readonly mend?: string;
  /** Figures, by name: milliseconds end in `Ms`. */
  readonly details?: Readonly<Record<string, number | string | boolean>>;
}

export type Report = (finding: Finding) => void;

/** Something is wrong: 1; nothing is, and something could not be checked: 2; else 0. Warnings do not count. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 | 2 {
  const has = (status: Status) => findings.some((finding) => finding.status === status);
  if (has("wrong")) return EXIT.wrong;
  return has("unknown") ? EXIT.unchecked : EXIT.well;
}

/** What `--json` prints. Its shape is stable: `version` changes where a name or a meaning does. */
export interface JsonReport {
  readonly version: 1;
  readonly exitCode: 0 | 1 | 2;
  readonly summary: Readonly<Record<Status, number>>;
  readonly findings: readonly Finding[];
}

export function jsonOf(findings: readonly Finding[]): JsonReport {
  const summary = { ok: 0, warning: 0, wrong: 0, unknown: 0, skipped: 0 };
  for (const { status } of findings) summary[status]++;
  return { version: 1, exitCode: exitCodeOf(findings), summary, findings };
}
