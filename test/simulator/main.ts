// `npm run simulate`: runs from one seed on, for so many seconds or runs, until a promise is broken.

import { parseArgs } from "node:util";
import { check } from "./checker.ts";
import * as library from "./library.ts";
import { explain } from "./report.ts";
import { simulate } from "./simulate.ts";
import { count, createTally } from "./tally.ts";

const USAGE =
  "npm run simulate -- [--seconds 60] [--runs N] [--seed 1] [--mode cached|fallback]: both modes in turn, if none is named";

/** The exit code: 0, 1 where a promise was broken, 2 for a wrong command line. */
export async function main(given: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...given],
    options: {
      seconds: { type: "string", default: "60" },
      runs: { type: "string", default: "Infinity" },
      seed: { type: "string", default: "1" },
      mode: { type: "string" },
    },
  });
  const [seconds, runs, first] = [values.seconds, values.runs, values.seed].map(Number);
  const modes = (["fallback", "cached"] as const).filter((mode) => mode === (values.mode ?? mode));
  const isRight = [seconds, runs, first].every((value) => value !== undefined && value >= 0);
  if (!isRight || modes.length === 0) {
    console.error(USAGE);
    return 2;
  }
  // Errors are answers here, by the thousand: nobody reads where they came from.
  Error.stackTraceLimit = 0;
  const tally = createTally();
  const until = performance.now() + Number(seconds) * 1000;
  for (let at = 0; at < Number(runs) && performance.now() < until; at++) {
    for (const mode of modes) {
      const run = await simulate(library, mode, Number(first) + at);
      count(tally, run);
      if (check(run.history).length === 0) continue;
      console.log(await explain(library, run));
      return 1;
    }
  }
  console.log(
    `seeds ${first} to ${Number(first) + tally.runs / modes.length - 1}, ${modes.join(" and ")}`,
  );
  console.log(
    Object.entries(tally)
      .map(([what, times]) => `${what}: ${times}`)
      .join(", "),
  );
  console.log("no violation");
  return 0;
}
