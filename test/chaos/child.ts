// An instance as a process that can be killed and started again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import type { InstanceSettings } from "./instance.ts";

export interface Child {
  readonly url: string;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

const START_MS = 30_000;

/**
 * Starts an instance and waits until it listens. It ends with this process, however that ends.
 * @param entry a module that calls `main` of instance.ts
 * @throws with what it printed
 */
export async function startInstance(entry: string, settings: InstanceSettings): Promise<Child> {
  const child = spawn(process.execPath, [entry, JSON.stringify(settings)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const gone = once(child, "close");
  let complaint = "";
  child.stderr.on("data", (text) => (complaint = (complaint + String(text)).slice(-5000)));

  let isMeant = false;
  child.once("exit", () => {
    if (!isMeant) console.error(`An instance ended by itself: ${complaint}`);
  });

  async function kill(): Promise<void> {
    isMeant = true;
    child.kill("SIGKILL");
    await gone;
  }

  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
  const printed = once(createInterface({ input: child.stdout }), "line");
  const [line = ""] = (await Promise.race([printed, gone])) as [unknown?];
  clearTimeout(timer);
  const port = /^port (\d+)$/.exec(String(line))?.[1];
  if (port !== undefined) return { url: `http://127.0.0.1:${port}`, kill };
  await kill();
  throw new Error(`Cannot start an instance: ${complaint}`);
}
