// `coatcheck init`: which start, where to, and what is said about it.

import { existsSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import process, { stdin, stdout } from "node:process";
import { createInterface } from "node:readline/promises";
import { textOf } from "../texts.ts";
import { EXIT, UsageError } from "../usage.ts";
import { isStart, readStart, type Start, STARTS, type StartName } from "./starts.ts";
import { type Plan, planStart, writePlan } from "./write.ts";

/**
 * Answers the exit code.
 *
 * @throws UsageError for a start that does not exist, none where nobody can be asked, and a folder that is none
 */
export async function runInit(name: string | undefined, version: string): Promise<number> {
  const path = textOf("folder") ?? ".";
  const start = name ?? (await ask());
  if (!isStart(start)) {
    throw new UsageError(`Cannot write a start: choose one of ${Object.keys(STARTS).join(", ")}`);
  }
  const folder = resolve(path);
  const project = { name: nameOf(folder), version };
  const plan = write(folder, readStart(start, project));
  for (const file of plan.left) say(`left  ${file}, which is there already`);
  say("\nNext:");
  for (const line of nextSteps(start, plan)) say(`  ${line}`);
  return EXIT.well;
}

/** What the system says of a folder that cannot be written into is its code alone. */
function write(folder: string, start: Start): Plan {
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    throw new UsageError("Cannot write a start: --folder names a file");
  }
  let isBegun = false;
  try {
    const plan = planStart(folder, start);
    writePlan(folder, plan, (file) => {
      isBegun = true;
      say(`wrote ${file}`);
    });
    return plan;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const rest = isBegun ? "; what was written stays, and the same command writes the rest" : "";
    throw new UsageError(
      `Cannot write a start: the folder cannot be written into (${code})${rest}`,
    );
  }
}

/** Asks on a terminal alone: a script that waits for an answer waits for ever. */
async function ask(): Promise<string> {
  const names = Object.keys(STARTS).join(", ");
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new UsageError(`Cannot write a start: name one of ${names}, as in coatcheck init hono`);
  }
  const lines = createInterface({ input: stdin, output: stdout });
  // Ctrl-C and Ctrl-D close it, and leave the question without an answer for ever.
  const closed = new Promise<never>((_, reject) => {
    lines.once("close", () => reject(new UsageError("Cannot write a start: none was chosen")));
  });
  try {
    const answer = await Promise.race([lines.question(`Which one (${names})? `), closed]);
    return answer.trim().toLowerCase();
  } finally {
    lines.close();
  }
}

function nextSteps(start: StartName, { files, left, isNew, isIgnored }: Plan): string[] {
  const { secrets, install, run, use } = STARTS[start];
  return [
    secretStep(secrets, secrets in files, isIgnored),
    ...(isNew ? [...nodeStep(start, process.versions.node), run] : [install, ...use]),
    ...proxyStep(left),
    "npx coatcheck doctor",
  ];
}

/** What runs TypeScript as it is needs a Node that does. */
export function nodeStep(start: StartName, version: string): string[] {
  const { node: needed } = STARTS[start];
  if (needed === undefined) return [];
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [least, leastMinor] = needed;
  if (major > least || (major === least && minor >= leastMinor)) return [];
  return [`# this start needs Node ${needed.join(".")} or later; this is v${version}`];
}

/** Without it a session that is only looked at ends in the midst of a visit. */
function proxyStep(left: readonly string[]): string[] {
  const file = left.find((path) => /(^|\/)(proxy|middleware)\.\w+$/.test(path));
  if (file === undefined) return [];
  return [
    `# put the session's proxy into ${file}, unless it is there: proxy from sessions.ts, by itself or around your own`,
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
