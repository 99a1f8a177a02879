// `npx coatcheck` as a process of its own, with no variables but those it is given.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, expect } from "vitest";
import type { Finding, JsonReport, Status } from "../../cli/doctor/finding.ts";
import { ROOT } from "../../scripts/system.js";

export const CLI: string = join(ROOT, "dist/cli.js");

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** What is typed. */
  readonly input?: string;
}

/** Runs the command line to its end. */
export function coatcheck(args: readonly string[], given: Given = {}): Promise<Outcome> {
  return runProgram(process.execPath, [CLI, ...args], given);
}

export function runProgram(
  command: string,
  args: readonly string[],
  { env = {}, folder = tmpdir(), input }: Given = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", HOME: folder, ...env },
      stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
    child.stdin?.end(input);
  });
}

export interface Report extends JsonReport {
  readonly outcome: Outcome;
}

/** Runs the doctor with --json, and holds what it prints to be the one object, and its exit code to be the process's. */
export async function examine(args: readonly string[], given: Given = {}): Promise<Report> {
  const outcome = await coatcheck(["doctor", "--json", ...args], given);
  const report = JSON.parse(outcome.out) as JsonReport;
  expect(report.version).toBe(1);
  expect(outcome.code).toBe(report.exitCode);
  return { ...report, outcome };
}

/** The findings of a check. */
export function found({ findings }: JsonReport, check: string): Finding[] {
  return findings.filter((finding) => finding.check === check);
}

/** The one finding of a check, which must have this status, and say why and what to do unless all is well. */
export function expectFinding(report: JsonReport, check: string, status: Status): Finding {
  const all = found(report, check);
  expect(all.map((finding) => [finding.check, finding.status])).toEqual([[check, status]]);
  const [finding] = all;
  if (finding === undefined) throw new Error(`There is no finding of ${check}`);
  if (status === "wrong" || status === "warning" || status === "unknown") {
    expect(finding.why).toMatch(/\w/);
    expect(finding.mend).toMatch(/\w/);
  }
  return finding;
}

/** A temporary folder for the tests of a file. */
export function temporaryFolder(): { readonly path: string } {
  const folder = { path: "" };
  beforeAll(async () => {
    folder.path = await mkdtemp(join(tmpdir(), "coatcheck-cli-"));
  });
  afterAll(() => rm(folder.path, { recursive: true, force: true }));
  return folder;
}
