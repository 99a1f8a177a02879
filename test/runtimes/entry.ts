// What every runtime imports: the cases, and the one function that runs them. Deno takes this file as it
// stands; for the others it is bundled (bundle.ts).

import { type Case, type Outcome, runCases, type World } from "../support/suite.ts";
import { cases } from "./cases.ts";

const CASE_DEADLINE_MS = 20_000;

export function run(world: World): Promise<Outcome[]> {
  return runCases(cases.map(withDeadline), world);
}

/** A case that hangs fails by its own name; without this the whole runtime would, and name none. */
function withDeadline({ name, run: runCase }: Case): Case {
  return {
    name,
    run: async (world) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`no end after ${CASE_DEADLINE_MS} ms`));
        }, CASE_DEADLINE_MS);
      });
      try {
        await Promise.race([runCase(world), late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
