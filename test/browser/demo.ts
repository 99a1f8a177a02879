// The demonstration as a process of its own, as `npm start` runs it once the library is built.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const START_MS = 20_000;

export interface Demo {
  readonly pid: number;
  /** Ends with a slash. */
  readonly address: string;
  /** What it has printed so far, on stdout and on stderr. */
  output(): string;
  errors(): string;
  /** Ends it with a signal (default SIGKILL), and waits until it is gone. May be called again. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Starts it on a free port; `variables` come on top of this process's own.
 * @param root where the repository is, or a copy of it
 */
export async function startDemo(
  args: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
  root = ROOT,
): Promise<Demo> {
  const child = spawn(process.execPath, [serverAt(root), ...args], {
    env: { ...process.env, PORT: "0", HOST: "127.0.0.1", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (data) => (output += String(data)));
  child.stderr.on("data", (data) => (errors += String(data)));
  try {
    const address = (await addressFrom(child)).replace("127.0.0.1", "localhost");
    return {
      pid: child.pid ?? 0,
      address,
      output: () => output,
      errors: () => errors,
      stop: (signal) => stop(child, signal),
    };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

/** Runs it to its end, for what it refuses. */
export async function runDemo(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [serverAt(ROOT), ...args], {
    env: { ...process.env, PORT: "0", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (data) => (output += String(data)));
  child.stderr.on("data", (data) => (output += String(data)));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, output };
}

function addressFrom(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = "";
    const timer = setTimeout(
      () => reject(new Error(`The demo did not start: ${output}`)),
      START_MS,
    );
    const read = (data: unknown) => {
      output += String(data);
      const [, address] = /Listening on (\S+)/.exec(output) ?? [];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`The demo ended with ${code}: ${output}`));
    });
  });
}

function serverAt(root: string): string {
  return join(root, "examples/demo/server.js");
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}
