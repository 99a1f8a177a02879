// The library under faults, thousands of requests a second: fixed seeds always, new ones for as long as there is time.
// SIMULATE_SECONDS says how long (default 10).

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { check } from "./checker.ts";
import * as library from "./library.ts";
import { explain } from "./report.ts";
import { simulate } from "./simulate.ts";
import { count, createTally, type Tally } from "./tally.ts";

const FIXED = 150;
const SECONDS = Number(process.env["SIMULATE_SECONDS"] ?? 10);
const { stackTraceLimit } = Error;

beforeAll(() => {
  // Errors are answers here, by the thousand: nobody reads where they came from.
  Error.stackTraceLimit = 0;
});

afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** Answers what is wrong, in the words of a report; undefined where nothing is. */
async function fault(
  mode: "fallback" | "cached",
  seed: number,
  tally: Tally,
): Promise<string | undefined> {
  const run = await simulate(library, mode, seed);
  count(tally, run);
  return check(run.history).length > 0 ? explain(library, run) : undefined;
}

describe.each(["fallback", "cached"] as const)("%s", (mode) => {
  test("keeps every promise under the faults of the fixed seeds, which did happen", async () => {
    const tally = createTally();
    for (let seed = 1; seed <= FIXED; seed++) {
      expect(await fault(mode, seed, tally)).toBeUndefined();
    }
    expect(tally.runs).toBe(FIXED);
    const least: Readonly<Record<string, number>> = {
      requests: 15_000,
      failures: 1000,
      conflicts: 200,
      changes: 3000,
      "sign-ins": 500,
      "sign-outs": 200,
      "sign-outs in an outage": 20,
      "ends finished by their token": 50,
      "replays of what was ended": 3000,
      "runs with users": 50,
      "ends by list": 500,
      "ends by list that failed": 50,
      "sign-ins that an end refused": 20,
      "sign-ins that an end overtook": 15,
      "visits to what a list ended": 1500,
      lists: 100,
      losses: 10,
      "fault down": 50,
      "fault frozen": 50,
      "fault refused": 30,
      "fault silent": 30,
      "fault slow": 15,
      "fault lossy": 50,
      "fault emptied": 5,
      "command refused": 50,
      "command dropped": 50,
      "command unheard": 25,
      "command late": 30,
      [mode === "cached" ? "fault rewound" : "in memory"]: 10,
    };
    const seen = Object.entries(least).filter(
      ([what, times]) => (tally[what as keyof Tally] ?? 0) < times,
    );
    expect(seen.map(([what, times]) => `${what}: fewer than ${times}`)).toEqual([]);
  }, 240_000);

  test(
    "keeps every promise under the faults of new seeds",
    async () => {
      const tally = createTally();
      const first = Math.floor(Math.random() * 2 ** 30);
      const until = performance.now() + (SECONDS * 1000) / 2;
      for (let seed = first; performance.now() < until; seed++) {
        expect(await fault(mode, seed, tally)).toBeUndefined();
      }
      expect(tally.requests).toBeGreaterThan(0);
    },
    SECONDS * 1000 + 60_000,
  );

  test("is the same run for the same seed, and puts the platform back", async () => {
    const { setTimeout: timeout, clearTimeout: clear } = globalThis;
    const { now } = Date;
    // Without an index of users, and with one.
    for (const seed of [7, 9]) {
      const runs = [await simulate(library, mode, seed), await simulate(library, mode, seed)];
      const [one, other] = runs.map((run) => JSON.stringify(run));
      expect(one).toBe(other);
      expect(JSON.stringify(await simulate(library, mode, 8))).not.toBe(one);
    }
    expect([globalThis.setTimeout, globalThis.clearTimeout, Date.now]).toEqual([
      timeout,
      clear,
      now,
    ]);
    expect(Object.keys(Object.getOwnPropertyDescriptors(crypto))).not.toContain("getRandomValues");
  });
});
