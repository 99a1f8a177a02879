// What every response must be, whatever the stores did: its status, its cookie, and whose data it shows.

import type { Blame } from "./checker.ts";
import { mayRefuse } from "./accounts.ts";
import { endsByList, type History, isAnswered, isMove, type Operation } from "./history.ts";
import type { Lineage } from "./lineage.ts";

/** A save that others keep from writing gives up after 5 s (design section 6). */
const SAVE_MS = 5000;

export function judgeAnswer(
  operation: Operation,
  session: Lineage | undefined,
  { history: { settings, operations }, blame }: { history: History; blame: Blame },
): void {
  const { status, asked, sent, set, seen, startedAt, endedAt } = operation;
  const about = session ? { session } : {};
  const isEnding = typeof set === "object" && set.purpose === "ending";

  if (![200, 409, 503].includes(status)) blame("the status is none that can be", operation);
  // A sign-out was asked for before, and this request finishes it, whatever it wants itself: it brings the ending token,
  // or the token's answer was lost on the way and the instance remembers.
  const isFinishing =
    sent?.purpose === "ending" ||
    session?.ends.some(
      ({ by }) => by !== operation && by.startedAt < endedAt && !isMove(by) && !endsByList(by),
    ) === true;
  if (set === "deleted" && !isFinishing && (asked !== "sign out" || status !== 200)) {
    blame("a cookie is deleted, and nobody has signed out", operation, about);
  }
  if (status !== 200 && typeof set === "object" && !isEnding) {
    blame("a failure sets a session's cookie", operation, about);
  }
  if (isEnding && asked !== "sign out" && !isFinishing) {
    blame("an ending token without a sign-out", operation, about);
  }
  if (isEnding && set.session !== sent?.session) blame("an ending token of another", operation);

  // A sign-in that somebody ended while it was under way begins nothing.
  const isRefused = () =>
    asked === "sign in" &&
    (settings.maxPerUser !== undefined || operations.some((by) => mayRefuse(by, operation)));

  if (status === 409) {
    // Only somebody who replaced or ended the session meanwhile, or wrote without pause, can be the reason.
    const rival = session?.ends.find(({ by }) => by !== operation && by.startedAt < endedAt);
    const isLong = endedAt - startedAt >= SAVE_MS;
    if (!rival && !isLong && !isRefused()) blame("a conflict without a rival", operation, about);
  }

  const isCalm = startedAt > settings.healedAt + settings.graceMs;
  if (isCalm && (status === 503 || seen?.unavailable)) {
    blame("an outage after every fault has ended", operation, about);
  }
  if (!isAnswered(operation) || !seen) return;

  if (seen.isNew && (seen.user !== null || seen.count > 0 || seen.tokens.length > 0)) {
    blame("a new session has data", operation, about);
  }
  if (!seen.isNew && sent?.purpose !== "session") blame("a session without its cookie", operation);
  if (asked === "sign out" && sent && set !== "deleted") {
    blame("a sign-out leaves the cookie", operation, about);
  }
  const isNewOne = typeof set === "object" && set.session !== sent?.session;
  // By `signIn`, one that meets the session's end stands for itself.
  const isBeginning = seen.isNew || (asked === "sign in" && settings.indexIn !== undefined);
  const begins = (asked === "sign in" || (asked === "change" && seen.isNew)) && isBeginning;
  if (begins && !isNewOne && !isRefused()) {
    blame("a success that begins nothing", operation, about);
  }
  if (isNewOne && !isMove(operation) && !seen.isNew) {
    blame("another session in the place of a live one", operation, about);
  }
}
