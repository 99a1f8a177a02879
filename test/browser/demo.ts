// The demonstration as a process of its own, as `npm start` runs it once the library is built.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const SERVER = fileURLToPath(new URL("../../examples/demo/server.js", import.meta.url));
const START_MS = 20_000;

export interface Demo {
  /** Ends with a slash. */
  readonly address: string;
  /** What it has printed on stderr so far. */
  errors(): string;
  stop(): Promise<void>;
}

/** Starts it on a free port; `variables` come on top of this process's own. */
export async function startDemo(
  args: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
): Promise<Demo> {
  const child = spawn(process.execPath, [SERVER, ...args], {
    env: { ...process.env, PORT: "0", HOST: "127.0.0.1", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (data) => (errors += String(data)));
  try {
    const address = (await addressFrom(child)).replace("127.0.0.1", "localhost");
    return { address, errors: () => errors, stop: () => stop(child) };
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
  const child = spawn(process.execPath, [SERVER, ...args], {
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

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}
