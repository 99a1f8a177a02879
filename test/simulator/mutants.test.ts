// The checker is worth what it finds: each of these mistakes, put into the library, breaks a promise that it notices.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { check } from "./checker.ts";
import { buildLibrary, type Mutant, MUTANTS } from "./mutants.ts";
import { simulate } from "./simulate.ts";

/** Seeds that a mistake may take to be found; the library without it passes them all. */
const SEEDS = 150;
const { stackTraceLimit } = Error;

beforeAll(() => {
  Error.stackTraceLimit = 0;
});

afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** The first seed in which something is wrong, and what. */
async function find(
  library: Awaited<ReturnType<typeof buildLibrary>>,
  { mode, users = false, from = 1 }: Mutant,
): Promise<string | undefined> {
  for (let seed = from; seed < from + SEEDS; seed++) {
    const [first] = check((await simulate(library, mode, seed, { users })).history);
    if (first) return `seed ${seed}: ${first.rule}`;
  }
  return undefined;
}

describe("a library with one mistake", () => {
  test.each(MUTANTS)(
    "$mistake: is found out",
    async (mutant) => {
      expect(await find(await buildLibrary(mutant), mutant)).toMatch(/^seed \d+: \w/);
    },
    240_000,
  );

  test("a text that is not in the source any more fails, and is no mutant", async () => {
    const [first] = MUTANTS;
    if (!first) throw new Error("no mutants");
    await expect(buildLibrary({ ...first, text: "what stands nowhere" })).rejects.toThrow(
      "0 times",
    );
  });
});

// That the library as it is passes the same seeds, simulator.test.ts shows.
