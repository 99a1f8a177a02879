// Whether what was shown is whole: everything that was acknowledged, nothing twice, nothing of anybody else.

import { isAnswered, isMove, type Operation } from "./history.ts";
import { forerunnerOf, type Lineage, signInOf } from "./lineage.ts";
import type { Court } from "./presence.ts";

export function judgeData(operation: Operation, session: Lineage, court: Court): void {
  const { seen } = operation;
  if (!isAnswered(operation) || !seen || seen.isNew) return;
  const { blame } = court;
  const user = signInOf(session)?.createdBy.user;
  if (seen.user !== null && seen.user !== user) {
    blame("another user's session", operation, { session });
  }
  if (seen.user === null && user !== undefined) {
    blame("a sign-in that is forgotten", operation, { session, against: session.createdBy });
  }
  if (seen.tokens.length !== seen.count || new Set(seen.tokens).size !== seen.count) {
    blame("a change is there in part, or twice", operation, { session });
  }
  const shown = new Set(seen.tokens);
  const known = changesOf(session);
  if (seen.tokens.some((token) => !known.has(token))) {
    blame("a change of another session", operation, { session });
  }
  const lost = missing(operation, session, { ...court, shown });
  if (lost) blame("an acknowledged change is missing", operation, { session, against: lost });
  else if (court.history.settings.mode === "fallback") judgeOrder(operation, session, court, shown);
}

/** Every change that was ever asked for on the session, or on one that it came from. */
function changesOf(session: Lineage): Set<string> {
  const { visits, createdBy } = session;
  const before = forerunnerOf(session);
  const own = [...visits, createdBy].flatMap(({ token }) => token ?? []);
  return new Set([...own, ...(before ? changesOf(before) : [])]);
}

/** A change that was acknowledged early enough, and is not shown. */
function missing(
  reader: Operation,
  session: Lineage,
  { promises, shown }: Court & { shown: ReadonlySet<string> },
): Operation | undefined {
  for (let from: Lineage | undefined = session, move: Lineage | undefined; from;) {
    for (const writer of from.saved) {
      if (shown.has(writer.token ?? "") || reader.startedAt <= writer.endedAt) continue;
      // What was saved before a sign-in came along with it.
      const [last, name] = move ? [move.createdBy, move.name] : [writer, from.name];
      if (promises.mustKnow(reader, last, name)) return writer;
    }
    move = from;
    from = forerunnerOf(from);
    const { endedAt } = move.createdBy;
    const left = from?.name;
    // A sign-in that met an end stands for itself, with what it had read before.
    if (from?.ends.some(({ by }) => by.startedAt < endedAt && !isOwnMove(by, left)))
      return undefined;
  }
  return undefined;
}

/** Whether a request gave the session a new id, and nothing else. */
function isOwnMove(by: Operation, session: string | undefined): boolean {
  return isMove(by) && by.sent?.session === session;
}

/** What one request has seen, a later one sees too. */
function judgeOrder(
  operation: Operation,
  session: Lineage,
  { promises, blame }: Court,
  shown: ReadonlySet<string>,
): void {
  const earlier = session.visits.find(
    (by) =>
      promises.mustKnowOfSeen(operation, by) &&
      isAnswered(by) &&
      by.seen?.tokens.some((token) => !shown.has(token)),
  );
  if (earlier) blame("older data than before", operation, { session, against: earlier });
}
