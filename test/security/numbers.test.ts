// Every number of docs/security.md is shown by a test, or waits for a subject that the page names.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const REQUIREMENTS = 67;
const FAILURES = 53;

/** A row of the page: a number, a sentence, and a test that is named by the number or the subject it waits for. */
const ROW = /^\| ([RF]\d+) \| .+ \| (?:held: \[\w+\]\((\S+)\)|to come: \S.*) \|$/gm;

const DOCS = join(import.meta.dirname, "../../docs");
const PAGE = readFileSync(join(DOCS, "security.md"), "utf8");
const rows = Array.from(PAGE.matchAll(ROW), ([, number = "", link]) => ({ number, link }));

/** What belongs to the library as it is, with the test that the page links to. */
const shown = rows.flatMap(({ number, link }) => (link ? [{ number, link }] : []));
/** What is to come. */
const waiting = rows.filter(({ link }) => !link).map(({ number }) => number);

const every = [...count("R", REQUIREMENTS), ...count("F", FAILURES)];

function count(letter: string, length: number): string[] {
  return Array.from({ length }, (_, at) => `${letter}${at + 1}`);
}

/** The numbers with which names of tests in a file begin. */
function namedIn(file: string): string[] {
  // A name is a text in quotes; a table's name stands behind the table.
  return Array.from(readFileSync(file, "utf8").matchAll(/["'`]((?:[RF]\d+ )+)(?=[^"'`])/g)).flatMap(
    ([, names = ""]) => names.trim().split(" "),
  );
}

/** The same of a folder. */
function namedBy(folder: string): Set<string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.includes("node_modules") && !file.includes("numbers."),
  );
  return new Set(files.flatMap((file) => namedIn(join(folder, file))));
}

const named = namedBy(join(import.meta.dirname, ".."));

describe("the page", () => {
  test("has a row for every requirement and every failure, and no number twice", () => {
    expect(rows.map(({ number }) => number)).toEqual(every);
    expect(PAGE.match(/\b[RF]\d+\b/g)).toEqual(every);
  });

  test("what waits is named by no test yet: else it belongs to what is shown", () => {
    expect(waiting.filter((number) => named.has(number))).toEqual([]);
  });
});

describe("what is shown", () => {
  test.each(shown)("$number is named by a test, and by the one that the page links to", (row) => {
    expect(named.has(row.number)).toBe(true);
    expect(namedIn(join(DOCS, row.link))).toContain(row.number);
  });

  test("no test names a number that does not exist", () => {
    expect(Array.from(named).filter((number) => !every.includes(number))).toEqual([]);
  });
});
