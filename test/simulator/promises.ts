// From when on a reader must know of what was answered: where the two compositions differ.

import type { History, Operation } from "./history.ts";

export interface Promises {
  /**
   * Whether a request must know what an earlier one did to a session, and was told that it is done.
   *
   * - `fallbackStore`: at once, everywhere.
   * - `cachedStore`: on the instance that did it, at once; on others once `maxStaleMs` has passed, or at once where
   *   Redis, too, has confirmed it, and kept its data since.
   */
  mustKnow(reader: Operation, writer: Operation, session: string): boolean;
  /** As `mustKnow`, of what an earlier request has only seen. */
  mustKnowOfSeen(reader: Operation, earlier: Operation): boolean;
  /** Whether a store has kept its data in between. */
  hasKept(store: string, from: number, to: number): boolean;
}

export function promisesOf({ settings, losses }: History): Promises {
  const { mode, maxStaleMs, allowanceMs } = settings;

  function hasKept(store: string, from: number, to: number): boolean {
    return !losses.some((loss) => loss.store === store && loss.at >= from && loss.at <= to);
  }

  function isPast(reader: Operation, writer: Operation): boolean {
    const since = reader.startedAt - writer.endedAt;
    return mode === "fallback" ? since > 0 : since > maxStaleMs + allowanceMs;
  }

  return {
    hasKept,
    mustKnowOfSeen: isPast,
    mustKnow(reader, writer, session) {
      if (reader.startedAt <= writer.endedAt) return false;
      if (isPast(reader, writer) || reader.instance === writer.instance) return true;
      return wasTold(writer, session) && hasKept("redis", writer.startedAt, reader.endedAt);
    },
  };
}

/** Whether the cache confirmed what SQL had accepted: its last word on the session came after, and was "swapped". */
function wasTold({ calls }: Operation, session: string): boolean {
  const own = calls.filter((call) => call.session === session && call.kind === "write");
  const accepted = own.findLastIndex(
    ({ store, answer }) => store === "sql" && answer === "swapped",
  );
  const last = own.findLastIndex(({ store }) => store === "redis");
  return accepted >= 0 && last > accepted && own[last]?.answer === "swapped";
}
