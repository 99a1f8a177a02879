// docs/asvs.md has a line for every requirement of chapter 7, and each names a test that exists, or says whose it is.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const NUMBERS = { 1: 3, 2: 4, 3: 2, 4: 5, 5: 3, 6: 2 };

const DOCS = join(import.meta.dirname, "../../docs");
const rows = Array.from(
  readFileSync(join(DOCS, "asvs.md"), "utf8").matchAll(
    /^\| (7\.\d\.\d) \| [^|]+\| ([^|]*)\| ([^|]*)\|$/gm,
  ),
  ([, number = "", done = "", rest = ""]) => ({ number, done: done.trim(), rest: rest.trim() }),
);

test("there is a line for every requirement, and none twice", () => {
  const all = Object.entries(NUMBERS).flatMap(([section, count]) =>
    Array.from({ length: count }, (_, at) => `7.${section}.${at + 1}`),
  );
  expect(rows.map(({ number }) => number)).toEqual(all);
});

test.each(rows)("$number names a test that exists, or what the application has to do", (row) => {
  const links = Array.from(row.done.matchAll(/\[test\]\((\S+)\) "([^"]+)"/g));
  for (const [, file = "", name = ""] of links) {
    expect(readFileSync(join(DOCS, file), "utf8")).toContain(name);
  }
  if (links.length === 0) expect(row.rest).not.toBe("");
});
