// A database server as a process of a test: on a free loopback port, gone with the process that started it.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

export interface Daemon {
  readonly pid: number;
  /** Freezes the server and all its processes (SIGSTOP). */
  pause(): void;
  resume(): void;
  /** Ends it without warning (SIGKILL), and waits until it is gone. Its folder stays. */
  kill(): Promise<void>;
}

/** Under what name a server runs. Some refuse to run as root. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

const START_MS = 30_000;
const running = new Set<ChildProcess>();

/** A temporary folder of an account. Whoever made it removes it. */
export function makeFolder(name: string, { uid, gid }: Account = {}): string {
  const folder = mkdtempSync(join(tmpdir(), `coatcheck-${name}-`));
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return folder;
}

/** The account of a name, for root alone: whoever else starts a server runs it under their own. */
export function accountOf(name: string): Account {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ["-u", "-g"].map((flag) =>
    Number(execFileSync("id", [flag, name], { encoding: "utf8" })),
  );
  return { uid: uid ?? 0, gid: gid ?? 0 };
}

/**
 * Starts a server and waits until it is ready.
 * @param ready rejects, or answers false, until it is
 * @throws with what the server printed
 */
export async function startDaemon(
  command: readonly [string, ...string[]],
  { folder, account = {} }: { folder: string; account?: Account },
  ready: () => Promise<boolean>,
): Promise<Daemon> {
  const [binary, ...args] = command;
  // A group of its own, so that what it starts can be frozen with it.
  const child = spawn(binary, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    ...account,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => (output = (output + String(data)).slice(-10_000)));
  }
  let isGone = false;
  const gone = new Promise<void>((resolve) => {
    for (const event of ["exit", "error"]) {
      child.once(event, () => {
        isGone = true;
        resolve();
      });
    }
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`Cannot start ${binary}: it does not run`);
  if (running.size === 0) process.once("exit", killAll);
  running.add(child);
  const watchdog = startWatchdog(pid);

  async function kill(): Promise<void> {
    if (!isGone) signalAll(pid ?? 0, "SIGKILL");
    await gone;
    watchdog.kill("SIGKILL");
    running.delete(child);
    if (running.size === 0) process.off("exit", killAll);
  }

  const deadline = Date.now() + START_MS;
  while (!isGone && Date.now() < deadline) {
    if (await ready().catch(() => false)) {
      return {
        pid,
        pause: () => signalAll(pid, "SIGSTOP"),
        resume: () => signalAll(pid, "SIGCONT"),
        kill,
      };
    }
    await sleep(50);
  }
  await kill();
  throw new Error(`Cannot start ${binary}: ${output}`);
}

/** The processes of a server, children before it. PostgreSQL gives each a group of its own, so they are looked up. */
function signalAll(pid: number, signal: NodeJS.Signals): void {
  for (const each of [...childrenOf(pid), pid]) {
    try {
      process.kill(each, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.split(" ").filter(Boolean).map(Number);
  } catch {
    // It is gone, or this system has no /proc: then the server itself is all that is known.
    return [];
  }
}

/** Ends the server when this process dies without its exit handlers: then the pipe closes and `read` returns. */
function startWatchdog(pid: number): ChildProcess {
  const watchdog = spawn("/bin/sh", ["-c", 'read _; kill -9 "$0"', String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watchdog.unref();
  return watchdog;
}

function killAll(): void {
  for (const { pid } of running) if (pid !== undefined) signalAll(pid, "SIGKILL");
}

/** Removes a folder of a server that has just ended: its last process may still be leaving. */
export async function removeFolder(folder: string): Promise<void> {
  for (let tries = 20; ; tries--) {
    try {
      rmSync(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      if (tries === 0) throw error;
      await sleep(100);
    }
  }
}
