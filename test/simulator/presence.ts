// Whether a session was found where it must be found, and not where it must not.

import type { Blame } from "./checker.ts";
import { endsByList, type History, isAnswered, isMove, type Operation } from "./history.ts";
import type { Lineage } from "./lineage.ts";
import type { Promises } from "./promises.ts";

/** How long a session lives in an instance's memory at most. */
const MEMORY_MS = 15 * 60_000;

export interface Court {
  readonly history: History;
  readonly promises: Promises;
  readonly blame: Blame;
}

export function judgePresence(operation: Operation, session: Lineage, court: Court): void {
  if (!isAnswered(operation) || operation.sent?.purpose !== "session") return;
  if (operation.seen?.isNew) judgeAbsent(operation, session, court);
  else judgePresent(operation, session, court);
}

/** Nobody is signed out by a fault. */
function judgeAbsent(operation: Operation, session: Lineage, { promises, blame }: Court): void {
  const { createdBy, store, ends } = session;
  if (ends.some(({ by }) => by !== operation && by.startedAt < operation.endedAt)) return;
  // Memory may be passed over as soon as a shared store answers; what a store has lost, it has lost.
  if (store?.startsWith("memory")) return;
  if (store && !promises.hasKept(store, createdBy.startedAt, operation.endedAt)) return;
  blame("signed out by a fault", operation, { session, against: createdBy });
}

/** No session is accepted after its end. */
function judgePresent(operation: Operation, session: Lineage, court: Court): void {
  const { promises, blame } = court;
  const { createdBy, ends, name, visits, store } = session;
  const isOfMemory = store?.startsWith("memory");
  for (const { by, isSure } of ends) {
    if (!isSure || !promises.mustKnow(operation, by, name)) continue;
    // What stands in an instance's memory no other can end: it finds nothing there, and says so.
    if (isOfMemory && by.instance !== operation.instance) continue;
    blame(`${howEnded(by)}, and still open`, operation, { session, against: by });
    return;
  }
  const missed = visits.find(
    (by) =>
      isAnswered(by) &&
      by.seen?.isNew &&
      by.sent?.purpose === "session" &&
      promises.mustKnowOfSeen(operation, by),
  );
  if (missed && !isOfMemory) blame("gone, and back again", operation, { session, against: missed });
  if (!isOfMemory) return;

  if (store !== `memory of ${operation.instance}`) {
    blame("another instance's memory", operation, { session });
  }
  if (operation.startedAt > createdBy.endedAt + MEMORY_MS) {
    blame("older than memory keeps", operation, { session, against: createdBy });
  }
  const reads = operation.calls.filter((call) => call.kind === "read" && call.session === name);
  const found = reads.findIndex((call) => call.store === "memory" && call.answer === "value");
  const isAnswering = reads
    .slice(0, found)
    .some((call) => call.store !== "memory" && (call.answer === "null" || call.answer === "value"));
  if (isAnswering) blame("memory serves while a shared store answers", operation, { session });
}

function howEnded(by: Operation): string {
  if (isMove(by)) return "replaced";
  return endsByList(by) ? "ended by its user's list" : "signed out";
}
