// Whether what was shown is whole: everything that was acknowledged, nothing twice, nothing of anybody else.

import { isAnswered, type Operation } from "./history.ts";
import type { Lineage } from "./lineage.ts";
import type { Court } from "./presence.ts";

export function judgeData(operation: Operation, session: Lineage, court: Court): void {
  const { seen } = operation;
  if (!isAnswered(operation) || !seen || seen.isNew) return;
  const { blame } = court;
  if (seen.user !== null && seen.user !== userOf(session)) {
    blame("another user's session", operation, { session });
  }
  if (seen.user === null && userOf(session) !== undefined) {
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

/** As whom the session was last signed in. */
function userOf({ createdBy, parent }: Lineage): string | undefined {
  return createdBy.user ?? (parent && userOf(parent));
}

/** Every change that was ever asked for on the session, or on one that it came from. */
function changesOf({ visits, createdBy, parent }: Lineage): Set<string> {
  const own = [...visits, createdBy].flatMap(({ token }) => token ?? []);
  return new Set([...own, ...(parent ? changesOf(parent) : [])]);
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
    from = from.parent;
  }
  return undefined;
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
