// A store whose answers and failures go to the journal, and whose errors say what to do about the variables.

import { StoreError } from "../errors.ts";
import type { Store } from "../store.ts";
import type { Journal, Shared } from "./journal.ts";

/** Watches a store that other instances see. `explain` may say more of an error than the store can. */
export function watchedStore(
  name: Shared,
  store: Store,
  { journal, explain }: { journal: Journal; explain: (error: StoreError) => StoreError },
): Store {
  /** Whether it may not be written, by its last word: then that it can be read is no good news. */
  let isReadOnly = false;

  async function watch<Answer>(isWrite: boolean, work: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await work();
      if (isWrite) isReadOnly = false;
      if (!isReadOnly) journal.answered(name);
      return answer;
    } catch (error) {
      // What else a store throws may quote keys and values.
      const known =
        error instanceof StoreError
          ? explain(error)
          : new StoreError("unknown", `Cannot use ${name}: it failed`);
      if (isWrite) isReadOnly = known.code === "STORE_MISCONFIGURED";
      journal.failed(name, known);
      throw known;
    }
  }
  return {
    read: (key) => watch(false, () => store.read(key)),
    write: (...row) => watch(true, () => store.write(...row)),
  };
}

/** Watches a store in memory: that it is asked at all is what is worth a line. */
export function watchedMemory(store: Store, journal: Journal): Store {
  return {
    isLocal: true,
    read: (key) => (journal.entered(), store.read(key)),
    write: (...row) => (journal.entered(), store.write(...row)),
  };
}

/** A store that cannot be asked, because of what the environment says. */
export function brokenStore(what: string, why: string): Store {
  async function refuse(): Promise<never> {
    throw new StoreError("none", `Cannot use ${what}: ${why}`, "STORE_MISCONFIGURED");
  }
  return { read: refuse, write: refuse };
}
