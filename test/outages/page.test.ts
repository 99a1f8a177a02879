// docs/outages.md has a line for everything that can fail, and each line a test of that name, or a reason.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const STATES = [
  "up",
  "slow",
  "frozen",
  "down",
  "back with old data",
  "back empty",
  "reachable from some instances only",
  "replicated with lag",
];
const PLACES = ["Redis", "SQL", "both"];
const COMPOSITIONS = ["fallback", "cached"];

/** A line: what fails, what is promised, what is not, and a link to a test or that there is none. */
const ROW =
  /^\| ([^|]+) \| ([^|]*)\| ([^|]*)\| (?:\[test\]\((\S+)\)|(nothing can be promised)) \|$/gm;
/** A test's name: numbers of docs/security.md, what fails, and what holds. */
const NAME = /\btest\(\s*"(?:[RF]\d+ )*([^":]+): [^"]+"/g;

const DOCS = join(import.meta.dirname, "../../docs");
const sections = readFileSync(join(DOCS, "outages.md"), "utf8").split(/^## /m);

function rowsOf(composition: string) {
  const section = sections.find((text) => text.startsWith(`${composition}Store(`)) ?? "";
  return Array.from(
    section.matchAll(ROW),
    ([, name = "", promised = "", refused = "", link, nothing]) => {
      return { name, promised: promised.trim(), refused: refused.trim(), link, nothing };
    },
  );
}

function namesIn(file: string): string[] {
  return Array.from(readFileSync(file, "utf8").matchAll(NAME), ([, name = ""]) => name);
}

describe.each(COMPOSITIONS)("the table of %sStore", (composition) => {
  const rows = rowsOf(composition);

  test("has a line for every state of every store, and none twice", () => {
    // All stores are up in one way only.
    const all = PLACES.flatMap((place) => STATES.map((state) => `${place} ${state}`));
    const expected = all.filter((name) => name !== "Redis up" && name !== "SQL up");
    expect(rows.map(({ name }) => name).toSorted()).toEqual(expected.toSorted());
  });

  test("links what it promises to a test of that name, and gives a reason where it promises nothing", () => {
    for (const { name, promised, refused, link, nothing } of rows) {
      expect(promised === "", name).toBe(nothing !== undefined);
      if (nothing) expect(refused, name).not.toBe("");
      if (link) expect(namesIn(join(DOCS, link)), name).toContain(name);
    }
  });

  test("has a line for every test", () => {
    const files = readdirSync(import.meta.dirname).filter((file) => file.startsWith(composition));
    const linked = rows.flatMap(({ name, link }) => (link ? [`${name} ${link}`] : []));
    for (const file of files) {
      for (const name of namesIn(join(import.meta.dirname, file))) {
        if (!name.includes(",")) expect(linked).toContain(`${name} ../test/outages/${file}`);
      }
    }
  });
});
