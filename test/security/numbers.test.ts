// Every number of the security page is shown by a test, or waits for a subject that is named here.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const REQUIREMENTS = 67;
const FAILURES = 53;

/** What belongs to the library as it is. */
const SHOWN = expand(
  "R1-R27 R29-R30 R34 R36-R38 R40-R42 R45-R46 R48-R53 R58",
  "F1-F6 F8-F10 F13 F15-F17 F19-F30 F32-F38 F40 F43 F46 F48 F50",
);

/** What is to come, by the subject that it waits for. */
const WAITING: Readonly<Record<string, readonly string[]>> = {
  "users, sign-in, listing and limits": expand("R28 R31-R33 R35 F7 F42"),
  "requests across sites, and proxies": expand("R43 R47 F41"),
  "encryption at rest": expand("R39"),
  "adapters for frameworks": expand("R44 F39"),
  "stores made of stores, and the environment": expand(
    "R54-R57 F11 F14 F18 F44-F45 F47 F49 F51-F53",
  ),
  "device-bound sessions": expand("R59-R67 F12 F31"),
};

/** `R1-R3 R5` is R1, R2, R3 and R5. */
function expand(...lists: string[]): string[] {
  return lists
    .join(" ")
    .split(" ")
    .flatMap((range) => {
      const [, letter = "", from = "", to = from] =
        /^([RF])(\d+)(?:-[RF](\d+))?$/.exec(range) ?? [];
      const length = Number(to) - Number(from) + 1;
      return Array.from({ length }, (_, at) => `${letter}${Number(from) + at}`);
    });
}

/** The numbers with which names of tests begin. */
function namedBy(folder: string): Set<string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.includes("node_modules") && !file.includes("numbers."),
  );
  const numbers = new Set<string>();
  for (const file of files) {
    const source = readFileSync(join(folder, file), "utf8");
    // A name is a text in quotes; a table's name stands behind the table.
    for (const [, names = ""] of source.matchAll(/["'`]((?:[RF]\d+ )+)(?=[^"'`])/g)) {
      for (const name of names.trim().split(" ")) numbers.add(name);
    }
  }
  return numbers;
}

const named = namedBy(join(import.meta.dirname, ".."));
const waiting = Object.values(WAITING).flat();

describe("the lists", () => {
  test("every requirement and every failure is in exactly one of them", () => {
    const every = expand(`R1-R${REQUIREMENTS}`, `F1-F${FAILURES}`);
    expect([...SHOWN, ...waiting].toSorted()).toEqual(every.toSorted());
  });

  test("what waits is named by no test yet: else it belongs to what is shown", () => {
    expect(waiting.filter((number) => named.has(number))).toEqual([]);
  });
});

describe("what is shown", () => {
  test.each(SHOWN)("%s is named by a test", (number) => {
    expect(named.has(number)).toBe(true);
  });

  test("no test names a number that does not exist", () => {
    const known = new Set([...SHOWN, ...waiting]);
    expect(Array.from(named).filter((number) => !known.has(number))).toEqual([]);
  });
});
