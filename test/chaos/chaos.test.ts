// `npm run chaos`, for a minute in CI. What it printed is the message of a failure: the seed is its first line.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { describeWith } from "../support/needs.ts";

const SECONDS = process.env["CI"] === "true" ? 60 : 20;
const SCRIPT = join(import.meta.dirname, "../../scripts/chaos.js");

function chaos(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], {
    encoding: "utf8",
  });
  return { status, output: stdout + stderr };
}

test.each([
  ["--seconds", "none"],
  ["--seconds", "0"],
  ["--mode", "other"],
  ["--instances", "17"],
  ["--seed", "-1"],
  ["--unknown"],
])("chaos says how it is used, and exits with 2: %s %s", (...args) => {
  const { status, output } = chaos(...args);
  expect(status).toBe(2);
  expect(output).toContain("Usage: npm run chaos");
});

describeWith("postgres")("chaos", () => {
  test(`breaks no promise in ${SECONDS} s of faults, on real servers and separate processes`, () => {
    const { status, output } = chaos("--seconds", String(SECONDS), "--instances", "3");
    expect(output).toMatch(/; 0 violations\n/);
    expect(status, output).toBe(0);
    const [, operations, unanswered] =
      /^(\d+) operations; faults: .*; (\d+) answers of 503; /m.exec(output) ?? [];
    expect(Number(operations), output).toBeGreaterThan(100);
    expect(Number(unanswered), output).toBeGreaterThan(0);
  }, 300_000);
});
