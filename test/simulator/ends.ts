// Sign-outs that met an outage: each is finished once the stores are back.

import type { Blame } from "./checker.ts";
import { type History, isAnswered, type Operation } from "./history.ts";
import type { Lineage } from "./lineage.ts";

/** An instance tries an open end again at most this often while it fails, a few at a time. */
const RETRY_MS = 1000;

/** An instance has had the occasion to finish its open ends once it has served as many requests as it has of these. */
export function judgeEnds({
  history: { operations, settings },
  lineages,
  blame,
}: {
  history: History;
  lineages: ReadonlyMap<string, Lineage>;
  blame: Blame;
}): void {
  const calmAt = settings.healedAt + settings.graceMs;
  const open = operations.filter(isOpenEnd);
  for (const end of open) {
    const session = end.set && end.set !== "deleted" ? lineages.get(end.set.session) : undefined;
    if (!session || session.store?.startsWith("memory")) continue;
    const least = open.filter(({ instance }) => instance === end.instance).length;
    let finishedAt: number | undefined;
    let served = 0;
    let last = calmAt;
    for (const each of operations) {
      const isOccasion =
        each.instance === end.instance && isAnswered(each) && each.calls.length > 0;
      if (!isOccasion || each.startedAt < Math.max(last, end.endedAt) + RETRY_MS) continue;
      last = each.endedAt;
      if (++served <= least) continue;
      finishedAt =
        each.endedAt +
        (settings.mode === "cached" ? settings.maxStaleMs + settings.allowanceMs : 0);
      break;
    }
    if (finishedAt === undefined) continue;
    for (const visit of session.visits) {
      const isOpen = isAnswered(visit) && visit.seen?.isNew === false;
      if (isOpen && visit.startedAt > finishedAt) {
        blame("a sign-out in an outage is forgotten", visit, { session, against: end });
      }
    }
  }
}

/** A sign-out that was answered by an ending token. */
export function isOpenEnd({ status, set }: Operation): boolean {
  return status === 503 && typeof set === "object" && set.purpose === "ending";
}
