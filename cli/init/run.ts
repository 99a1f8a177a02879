// `coatcheck init`: which start, where to, and what is said about it.

import { basename, resolve } from "node:path";
import { stdin, stdout } from "node:process";
import { createInterface } from "node:readline/promises";
import { EXIT, UsageError } from "../usage.ts";
import { isStart, readStart, STARTS, type StartName } from "./starts.ts";
import { type Outcome, writeStart } from "./write.ts";

type Given = Readonly<Record<string, unknown>>;

/** Answers the exit code. @throws UsageError for a start that does not exist, or none where nobody can be asked */
export async function runInit(
  name: string | undefined,
  given: Given,
  version: string,
): Promise<number> {
  const start = name ?? (await ask());
  if (!isStart(start)) {
    throw new UsageError(`Cannot write a start: choose one of ${Object.keys(STARTS).join(", ")}`);
  }
  const folder = resolve(String(given["folder"]));
  const project = { name: nameOf(folder), version };
  const outcome = writeStart(folder, readStart(start, project));
  for (const file of outcome.written) say(`wrote ${file}`);
  for (const file of outcome.left) say(`left  ${file}, which is there already`);
  say("\nNext:");
  for (const line of nextSteps(start, outcome)) say(`  ${line}`);
  return EXIT.well;
}

/** Asks on a terminal alone: a script that waits for an answer waits for ever. */
async function ask(): Promise<string> {
  const names = Object.keys(STARTS).join(", ");
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new UsageError(`Cannot write a start: name one of ${names}, as in coatcheck init hono`);
  }
  const lines = createInterface({ input: stdin, output: stdout });
  try {
    return (await lines.question(`Which one (${names})? `)).trim().toLowerCase();
  } finally {
    lines.close();
  }
}

function nextSteps(start: StartName, { written, isNew, isIgnored }: Outcome): string[] {
  const { secrets, install, run, use } = STARTS[start];
  return [
    secretStep(secrets, written.includes(secrets), isIgnored),
    ...(isNew ? [run] : [install, ...use]),
    "npx coatcheck doctor",
  ];
}

function secretStep(file: string, isWritten: boolean, isIgnored: boolean): string {
  if (isWritten)
    return `# ${file} has a new SESSION_SECRET; address and token of your Redis go beside it`;
  const first = isIgnored ? "" : `add ${file} to .gitignore, and `;
  return `# ${first}put SESSION_SECRET into ${file}: npx coatcheck secret`;
}

/** A name that npm and Cloudflare take. */
function nameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z\d-]+/g, "-");
  return name.replaceAll(/^-+|-+$/g, "") || "sessions";
}

function say(line: string): void {
  stdout.write(`${line}\n`);
}
