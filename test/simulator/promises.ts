// From when on a reader must know of what was answered: where the two compositions differ.

import type { Call, History, Operation } from "./history.ts";

/** A request that took longer may have run out of the time that a store made of stores has (2.5 s). */
const PROMPT_MS = 2000;

export interface Promises {
  /**
   * Whether a request must know what an earlier one did to a session, and was told that it is done.
   *
   * - `fallbackStore`: at once, everywhere.
   * - `cachedStore`: on the instance that wrote it to SQL, at once. Who only found it done has written nothing.
   *   Everywhere once `maxStaleMs` has passed, and at once where Redis could be told, and has kept its data since.
   */
  mustKnow(reader: Operation, writer: Operation, session: string): boolean;
  /** As `mustKnow`, of what an earlier request has only seen. */
  mustKnowOfSeen(reader: Operation, earlier: Operation): boolean;
  /** Whether a store has kept its data in between. */
  hasKept(store: string, from: number, to: number): boolean;
}

export function promisesOf({ settings, losses, operations }: History): Promises {
  const { mode, maxStaleMs, allowanceMs } = settings;
  const troubled = operations.filter(({ calls }) => calls.some(isRedisFailure));

  function hasKept(store: string, from: number, to: number): boolean {
    return !losses.some((loss) => loss.store === store && loss.at >= from && loss.at <= to);
  }

  function isPast(reader: Operation, writer: Operation): boolean {
    const since = reader.startedAt - writer.endedAt;
    return mode === "fallback" ? since > 0 : since > maxStaleMs + allowanceMs;
  }

  /**
   * Whether Redis could be told of what SQL accepted: it answered, and so it did to whoever else asked from this
   * instance meanwhile (else the breaker may have kept the request from asking), and there was time.
   */
  function couldTell(writer: Operation, session: string): boolean {
    const { calls, startedAt, endedAt, instance } = writer;
    const own = calls.filter((call) => call.session === session);
    return (
      endedAt - startedAt < PROMPT_MS &&
      hasWritten(writer, session) &&
      own.some(({ store }) => store === "redis") &&
      !troubled.some(
        (each) =>
          each.instance === instance && each.startedAt <= endedAt && each.endedAt >= startedAt,
      )
    );
  }

  return {
    hasKept,
    mustKnowOfSeen: isPast,
    mustKnow(reader, writer, session) {
      if (reader.startedAt <= writer.endedAt) return false;
      if (isPast(reader, writer)) return true;
      if (reader.instance === writer.instance && hasWritten(writer, session)) return true;
      return couldTell(writer, session) && hasKept("redis", writer.startedAt, reader.endedAt);
    },
  };
}

function hasWritten({ calls }: Operation, session: string): boolean {
  return calls.some(
    (call) => call.store === "sql" && call.session === session && call.answer === "swapped",
  );
}

function isRedisFailure({ store, answer }: Call): boolean {
  return store === "redis" && (answer === "none" || answer === "unknown");
}
