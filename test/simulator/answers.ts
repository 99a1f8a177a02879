// What every response must be, whatever the stores did: its status, its cookie, and whose data it shows.

import type { Blame } from "./checker.ts";
import { type History, isAnswered, type Operation } from "./history.ts";
import type { Lineage } from "./lineage.ts";

/** A save that others keep from writing gives up after 5 s (design section 6). */
const SAVE_MS = 5000;

export function judgeAnswer(
  operation: Operation,
  session: Lineage | undefined,
  { history: { settings }, blame }: { history: History; blame: Blame },
): void {
  const { status, asked, sent, set, seen, startedAt, endedAt } = operation;
  const about = session ? { session } : {};
  const isEnding = typeof set === "object" && set.purpose === "ending";

  if (![200, 409, 503].includes(status)) blame("the status is none that can be", operation);
  // An ending token goes when it has done its work.
  if (status !== 200 && set === "deleted" && sent?.purpose !== "ending")
    blame("a failure deletes the cookie", operation, about);
  if (status !== 200 && typeof set === "object" && !isEnding) {
    blame("a failure sets a session's cookie", operation, about);
  }
  if (isEnding && asked !== "sign out" && sent?.purpose !== "ending") {
    blame("an ending token without a sign-out", operation, about);
  }
  if (isEnding && set.session !== sent?.session) blame("an ending token of another", operation);

  if (status === 409) {
    // Only somebody who replaced or ended the session meanwhile, or wrote without pause, can be the reason.
    const rival = session?.ends.find(({ by }) => by !== operation && by.startedAt < endedAt);
    const isLong = endedAt - startedAt >= SAVE_MS;
    if (!rival && !isLong) blame("a conflict without a rival", operation, about);
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
  if ((asked === "change" || asked === "sign in") && seen.isNew && !isNewOne) {
    blame("a success that begins nothing", operation, about);
  }
  if (isNewOne && asked !== "sign in" && !seen.isNew) {
    blame("another session in the place of a live one", operation, about);
  }
}
