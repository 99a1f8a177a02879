// The form every portable case has: a sentence and an async function, with no test runner behind it,
// so that the same cases run on Node, Deno, Bun, workerd and the Edge runtime.

import type { Store, UserIndex } from "coatcheck";

/** What a case may reach: a real Redis behind Upstash's REST protocol, and ways in which that fails. */
export interface World {
  readonly url: string;
  readonly token: string;
  /** Addresses over the same Redis that fail always in one way, by the fault's name. */
  readonly faulty: Readonly<Record<FaultName, string>>;
  /** Opens a store on which the stories run instead of their own. */
  readonly open?: () => Store;
  /** Opens the index of users that stands beside it. */
  readonly openUsers?: () => UserIndex;
}

/** `refused`: nothing listens there. The others are the bridge's own names. */
export const FAULTS = [
  "refused",
  "hang",
  "500",
  "401",
  "quota",
  "readonly",
  "garbage",
  "half",
  "half-json",
  "lost",
  "wrong-shape",
  "redirect",
] as const;
export type FaultName = (typeof FAULTS)[number];

export interface Case {
  /** A sentence that says what holds. */
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
}

export interface Outcome {
  readonly name: string;
  /** Absent when the case passed; else the error's text, with its stack. */
  readonly error?: string;
}

/** Runs the cases one after another; never throws. */
export async function runCases(cases: readonly Case[], world: World): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { name, run } of cases) {
    try {
      await run(world);
      outcomes.push({ name });
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      outcomes.push({ name, error: text || "failed without a message" });
    }
  }
  return outcomes;
}
