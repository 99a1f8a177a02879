// What load and commit share: the options, the tokens, the reporter, and the store as the core sees it.

import { isObject } from "./check.ts";
import { StoreError } from "./errors.ts";
import { createReporter, type SessionEvent } from "./events.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Store, Swap } from "./store.ts";
import type { UserIndex } from "./users.ts";
import { createTokens, type Tokens } from "./token.ts";

export interface Context<Data extends object> {
  readonly options: ResolvedOptions<Data>;
  readonly tokens: Tokens;
  /** Rejects with StoreError alone, and reports when it fails and when it is back. What is there already is swapped. */
  readonly store: Store;
  readonly report: (event: SessionEvent) => void;
  readonly openEnds: OpenEnds;
  /** As `store`: rejects with StoreError alone. */
  readonly users: UserIndex | undefined;
}

/** Ends that the store has not confirmed yet, which later requests finish (R54). */
export interface OpenEnds {
  /** Of the sessions, the one that waits longest first. */
  readonly keys: Set<string>;
  /** When they were last tried in vain: epoch milliseconds, else 0. */
  triedAt: number;
}

export function createContext<Data extends object>(options: ResolvedOptions<Data>): Context<Data> {
  const report = createReporter(options.onEvent);
  return {
    options,
    tokens: createTokens(options.secrets, options.cookie.name),
    store: guardStore(options.store, createGuard(report)),
    users: options.users && guardUsers(options.users, createGuard(report)),
    report,
    openEnds: { keys: new Set(), triedAt: 0 },
  };
}

/** Enough of a key to follow one session through a log. */
export function refOf(key: string): string {
  return key.slice(0, 12);
}

type Guard = <Answer>(
  operation: "read" | "write" | "users",
  asked: () => Promise<Answer>,
  hasShape?: (answer: Answer) => boolean,
) => Promise<Answer>;

function createGuard(report: (event: SessionEvent) => void): Guard {
  let failing = false;

  return async function call(operation, asked, hasShape = () => true) {
    try {
      const answer = await asked();
      if (!hasShape(answer)) throw new StoreError("unknown", "The answer has the wrong shape");
      if (failing) report({ type: "store-recovered" });
      failing = false;
      return answer;
    } catch (error) {
      failing = true;
      // What else a store throws may quote keys and values, so nothing of it is passed on.
      const isOurs = error instanceof StoreError;
      const failure = isOurs ? error : new StoreError("unknown", "The store failed");
      const { outcome, message, code } = failure;
      report({ type: "store-failed", operation, outcome, message, code });
      throw failure;
    }
  };
}

function guardUsers(users: UserIndex, call: Guard): UserIndex {
  return {
    add: (...entry) => call("users", () => users.add(...entry)),
    touch: (...entry) => call("users", () => users.touch(...entry)),
    list: (...query) => call("users", () => users.list(...query), Array.isArray),
    retire: (...given) => call("users", () => users.retire(...given)),
    remove: (...given) => call("users", () => users.remove(...given)),
  };
}

function isRow(answer: unknown): boolean {
  return answer === null || typeof answer === "string";
}

function isSwap(answer: unknown): boolean {
  return isObject(answer) && typeof (answer as Partial<Swap>).swapped === "boolean";
}

function guardStore(store: Store, call: Guard): Store {
  return {
    read: (key) => call("read", () => store.read(key), isRow),
    async write(...row) {
      const swap = await call("write", () => store.write(...row), isSwap);
      // A client that sent the command twice meets what it wrote itself, and the stamp tells that from any other's.
      return !swap.swapped && swap.current === row[1] ? { swapped: true } : swap;
    },
  };
}
