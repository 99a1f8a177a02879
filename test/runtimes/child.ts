// Runs the cases in a program of its own: node, bun, deno.

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Outcome, World } from "../support/suite.ts";

const MARKER = "outcomes:";
export const RUNTIME_DEADLINE_MS = 300_000;

export interface Child {
  readonly command: string;
  /** Arguments that stand before the file to run. */
  readonly args: readonly string[];
  /** The whole environment: nothing is inherited, least of all a proxy. */
  readonly env: Readonly<Record<string, string>>;
  /** The module that exports `run(world)`. */
  readonly module: string;
  /** Working directory, and where the entry is written. */
  readonly folder: string;
}

/**
 * Starts the program on an entry that imports the module and prints its outcomes as one line.
 * @throws when the program cannot be started, ends badly, prints no outcomes or outlives the deadline (it is killed).
 */
export async function runChild(child: Child, world: World): Promise<Outcome[]> {
  const entry = join(child.folder, `${randomUUID()}.mjs`);
  await writeFile(
    entry,
    [
      `import { run } from ${JSON.stringify(pathToFileURL(child.module).href)};`,
      `console.log(${JSON.stringify(MARKER)} + JSON.stringify(await run(${JSON.stringify(world)})));`,
      "",
    ].join("\n"),
  );
  const output = await outputOf(child, entry);
  const line = output.split("\n").find((text) => text.startsWith(MARKER));
  if (line === undefined) throw new Error(`${child.command} printed no outcomes: ${output}`);
  return JSON.parse(line.slice(MARKER.length)) as Outcome[];
}

function outputOf({ command, args, env, folder }: Child, entry: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const program = spawn(command, [...args, entry], {
      cwd: folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const kill = () => program.kill("SIGKILL");
    process.once("exit", kill);
    let output = "";
    let complaint = "";
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, RUNTIME_DEADLINE_MS);
    program.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    program.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint += text;
    });
    program.once("error", (cause) => {
      clearTimeout(timer);
      process.off("exit", kill);
      reject(new Error(`${command} cannot be started`, { cause }));
    });
    program.once("close", (code, signal) => {
      clearTimeout(timer);
      process.off("exit", kill);
      if (code === 0) {
        resolve(output);
        return;
      }
      const end = late
        ? `did not end within ${RUNTIME_DEADLINE_MS} ms and was killed`
        : `ended with ${signal ?? `exit code ${code}`}`;
      reject(new Error(`${command} ${end}\n${complaint}${output}`));
    });
  });
}
