// docs/cli.md names every check and every option that there is, and no other.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/system.js";
import { coatcheck, examine, temporaryFolder } from "./command.ts";

const folder = temporaryFolder();
const PAGE = readFileSync(join(ROOT, "docs/cli.md"), "utf8");
const CHECKS = /\b(?:env|store|redis|prisma|site)\.[a-z]+\b/g;
/** Files and hosts that look like one. */
const OTHERS = ["redis.ts", "prisma.ts", "env.ts", "site.ts"];

/** Once each, by the alphabet. */
function unique(names: Iterable<string>): string[] {
  return [...new Set(names)].toSorted();
}

function section(title: string): string {
  return PAGE.split(/^#+ /m).find((part) => part.startsWith(`${title}\n`)) ?? "";
}

test("the page lists every check", () => {
  const sources = join(ROOT, "cli/doctor");
  const texts = readdirSync(sources).map((file) => readFileSync(join(sources, file), "utf8"));
  const inCode = texts.flatMap((text) =>
    Array.from(
      text.matchAll(/"((?:env|store|redis|prisma|site)\.[a-z]+)"/g),
      ([, name = ""]) => name,
    ),
  );
  const listed = section("What it checks").match(CHECKS) ?? [];
  expect(unique(listed)).toEqual(unique(inCode).filter((name) => !OTHERS.includes(name)));
});

test("the page lists every option of the doctor", async () => {
  const { out } = await coatcheck(["doctor", "--help"]);
  const options = (text: string) => unique(text.match(/--[a-z-]+/g) ?? []);
  const offered = options(out).filter((name) => name !== "--help");
  const listed = section("doctor").match(/^\| `--[a-z-]+/gm) ?? [];
  expect(unique(listed.map((row) => row.slice(3)))).toEqual(offered);
});

test("JSON has the shape that the page says", async () => {
  const example = JSON.parse(/```json\n(.*?)```/s.exec(PAGE)?.[1] ?? "") as {
    summary: object;
    findings: object[];
  };
  const report = await examine([], { folder: folder.path });
  const { outcome: _, ...printed } = report;
  expect(Object.keys(printed)).toEqual(Object.keys(example));
  expect(Object.keys(printed.summary)).toEqual(Object.keys(example.summary));
  const names = unique(example.findings.flatMap((finding) => Object.keys(finding)));
  for (const finding of printed.findings) {
    expect(names).toEqual(expect.arrayContaining(Object.keys(finding)));
  }
});
