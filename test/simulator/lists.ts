// Whether a list shows where its user is signed in: all of it, and nothing of anybody else.

import { type Lineage, signInOf } from "./lineage.ts";
import type { Operation } from "./history.ts";
import type { Court } from "./presence.ts";

export function judgeList(
  operation: Operation,
  lineages: ReadonlyMap<string, Lineage>,
  { history, promises, blame }: Court,
): void {
  const { asked, status, user, handles, endedAt } = operation;
  if (asked !== "list" || status !== 200 || !handles) return;
  for (const session of lineages.values()) {
    // Nobody has seen what it is called.
    if (session.handle === undefined) continue;
    const isShown = handles.includes(session.handle);
    const isTheirs = signInOf(session)?.createdBy.user === user;
    if (isShown && !isTheirs) blame("a list shows another user's session", operation, { session });
    if (!isShown && isTheirs && mustStand(session)) {
      blame("a list hides a session", operation, { session, against: session.createdBy });
    }
  }

  function mustStand({ createdBy, ends, store }: Lineage): boolean {
    if (createdBy.endedAt >= operation.startedAt) return false;
    if (ends.some(({ by }) => by.startedAt < endedAt)) return false;
    // Another instance's memory is not seen.
    if (store === undefined || store.startsWith("memory")) return false;
    const places = [store, history.settings.indexIn ?? store];
    return places.every((place) => promises.hasKept(place, createdBy.startedAt, endedAt));
  }
}
