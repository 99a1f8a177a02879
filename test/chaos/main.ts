// The program behind `npm run chaos`: runs what it is told, prints the schedule and the verdict, exits 1 on a violation.

import process from "node:process";
import { explain, type Outcome, runOnce, sumUp } from "./run.ts";
import type { Mode } from "./settings.ts";

/** What it is told, as its first argument, in JSON. */
interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly instances: number;
  readonly modes: readonly Mode[];
  readonly entry: string;
}

const { modes, seconds, seed, instances, entry } = JSON.parse(process.argv[2] ?? "") as Options;
const print = (line: string) => console.log(line);

// Ended by its exit handlers, it takes the servers with it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const outcomes: Outcome[] = [];
for (const mode of modes) {
  const share = seconds / modes.length;
  print(`${mode}: ${share} s of faults over ${instances} instances, seed ${seed}`);
  const outcome = await runOnce({ mode, seconds: share, seed, instances, entry, print });
  outcomes.push(outcome);
  for (const line of explain(outcome)) print(line);
}
print(sumUp(outcomes));
process.exit(outcomes.some(({ violations }) => violations.length > 0) ? 1 : 0);
