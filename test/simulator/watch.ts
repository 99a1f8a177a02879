// Notes, for each request, what it asked of which store and what that answered: what the checker cannot see from
// outside. For one process; requests are told apart by their asynchronous context.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Store, UserIndex } from "coatcheck";
import type { Library } from "./app.ts";
import { type Call, type Indexed, nameOf, type Seen } from "./history.ts";

/** What is noted while one request is served. */
export interface Note {
  readonly calls: Call[];
  readonly indexed: Indexed[];
  seen?: Seen;
  handles?: string[];
}

export interface Watch {
  /** A store whose calls are noted under a name. */
  store(name: string, inner: Store): Store;
  /** An index of which is noted when it confirmed what decides how far an end reaches. */
  index(inner: UserIndex): UserIndex;
  /** Runs a request, and answers what it did with what was noted. */
  run<Result>(serve: (note: Note) => Promise<Result>): Promise<{ result: Result; note: Note }>;
}

// One for all: every promise carries along as many of these as there are.
const notes = new AsyncLocalStorage<Note>();

/** @param now the instant as the history has it */
export function createWatch({ StoreError }: Pick<Library, "StoreError">, now: () => number): Watch {
  async function confirmed<Answer>(
    what: Pick<Indexed, "kind" | "session">,
    ask: () => Promise<Answer>,
  ): Promise<Answer> {
    const indexed = notes.getStore()?.indexed;
    const startedAt = now();
    const answer = await ask();
    indexed?.push({ ...what, startedAt, endedAt: now() });
    return answer;
  }

  async function noted<Answer>(
    call: Omit<Call, "answer">,
    ask: () => Promise<Answer>,
    tell: (answer: Answer) => Call["answer"],
  ): Promise<Answer> {
    const calls = notes.getStore()?.calls;
    try {
      const answer = await ask();
      calls?.push({ ...call, answer: tell(answer) });
      return answer;
    } catch (error) {
      calls?.push({ ...call, answer: error instanceof StoreError ? error.outcome : "unknown" });
      throw error;
    }
  }

  return {
    store: (name, inner) => ({
      ...(inner.isLocal !== undefined && { isLocal: inner.isLocal }),
      read: (key) =>
        noted(
          { store: name, kind: "read", session: nameOf(key), onNothing: false },
          () => inner.read(key),
          (text) => (text === null ? "null" : "value"),
        ),
      write: (key, value, expiresAt, expected) =>
        noted(
          { store: name, kind: "write", session: nameOf(key), onNothing: expected === null },
          () => inner.write(key, value, expiresAt, expected),
          (swap) => (swap.swapped ? "swapped" : swap.current === null ? "null" : "value"),
        ),
    }),
    index: (inner) => ({
      ...inner,
      add: (user, entry) =>
        confirmed({ kind: "add", session: nameOf(entry.key) }, () => inner.add(user, entry)),
      list: (...given) => confirmed({ kind: "list" }, () => inner.list(...given)),
      retire: (...given) => confirmed({ kind: "retire" }, () => inner.retire(...given)),
    }),
    async run(serve) {
      const note: Note = { calls: [], indexed: [] };
      return { result: await notes.run(note, serve, note), note };
    },
  };
}
