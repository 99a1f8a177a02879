// What a composed store says in the log: each step once, not each request. No key, token or password gets here.

import type { StoreError } from "../errors.ts";

/** Where lines go. `console` fits, and so do pino, winston and most others. */
export interface Logger {
  info(line: string): unknown;
  warn(line: string): unknown;
  error(line: string): unknown;
}

/** A store that other instances see. */
export type Shared = "Redis" | "Prisma";

/** What a journal is told. */
export interface Journal {
  answered(name: Shared): void;
  failed(name: Shared, error: StoreError): void;
  /** Memory is asked, which happens only while no shared store answers. */
  entered(): void;
  /** A line of its own. */
  note(level: keyof Logger, text: string): void;
}

/** What a journal needs to know. */
export interface JournalOptions {
  readonly logger: Logger;
  /** Whether every step into memory is worth a warning, and not the first alone. */
  readonly isProduction: boolean;
  /** Why a shared store is not there at all. */
  readonly absent: Readonly<Partial<Record<Shared, string>>>;
  /** Whether Prisma stands behind Redis, so that it is worth a line when it takes over. */
  readonly isFallback: boolean;
}

/** Milliseconds for which a line that was written is not written again. */
const PAUSE_MS = 60_000;

const READY = "✅ Redis store initialized successfully";
const TAKEN_OVER = "✅ PrismaSessionStore initialized as fallback";
const DECIDES = "✅ Prisma store initialized successfully";
const IN_MEMORY =
  "sessions are lost when this process ends, unknown to every other, and gone after 15 minutes";

/** Keeps a journal for one store. It has no timers: what is said again is said at the next occasion. */
export function createJournal(options: JournalOptions): Journal {
  const { logger, isProduction, absent, isFallback } = options;
  /** Why a store does not answer; null while it does; absent before it was asked. */
  const faults: Partial<Record<Shared, StoreError | null>> = {};
  const saidAt = new Map<string, number>();
  let isInMemory = false;
  let hasTakenOver = false;

  async function say(level: keyof Logger, text: string): Promise<void> {
    try {
      await logger[level](`[Session Store] ${text}`);
    } catch {
      // A logger that fails must not fail the request.
    }
  }

  /** As `say`, but not twice within a minute. `about` tells what is the same, where the words may differ. */
  function sayAgain(level: keyof Logger, text: string, about: string = text): void {
    const now = Date.now();
    const before = saidAt.get(about);
    // A clock that was set back must not silence it.
    if (before !== undefined && now >= before && now < before + PAUSE_MS) return;
    saidAt.set(about, now);
    void say(level, text);
  }

  function sayOnce(text: string): void {
    if (saidAt.has(text)) return;
    saidAt.set(text, 0);
    void say("info", text);
  }

  function whyNot(name: Shared): string {
    const fault = faults[name];
    return absent[name] ?? (fault ? `${name}: ${reasonOf(fault)}` : `${name} was not asked`);
  }

  return {
    answered(name) {
      const isBack = Boolean(faults[name]);
      faults[name] = null;
      isInMemory = false;
      if (name === "Redis") {
        hasTakenOver = false;
        if (isBack && saidAt.has(READY)) sayAgain("info", "Redis answers again");
        sayOnce(READY);
        return;
      }
      const takesOver = faults.Redis || (isFallback && "Redis" in absent);
      if (takesOver && !hasTakenOver) {
        hasTakenOver = true;
        sayAgain("info", TAKEN_OVER);
        return;
      }
      if (isBack && (isFallback || saidAt.has(DECIDES))) sayAgain("info", "Prisma answers again");
      if (!isFallback) sayOnce(DECIDES);
    },

    failed(name, error) {
      const isFirst = !faults[name];
      faults[name] = error;
      const isWrong = error.code === "STORE_MISCONFIGURED";
      if (!isWrong && !isFirst) return;
      const text = `${name} connection failed: ${reasonOf(error)}`;
      sayAgain(isWrong ? "error" : "warn", text, `${name} ${error.code}`);
    },

    entered() {
      if (isInMemory) return;
      isInMemory = true;
      const why = [whyNot("Redis"), whyNot("Prisma")].join("; ");
      const text = `⚠️ Memory store in use (${why}): ${IN_MEMORY}`;
      if (isProduction || !saidAt.has(IN_MEMORY)) void say("warn", text);
      saidAt.set(IN_MEMORY, 0);
    },

    note: (level, text) => void say(level, text),
  };
}

function reasonOf({ message }: StoreError): string {
  return message.replace(/^Cannot use [\w ]+: /, "");
}
