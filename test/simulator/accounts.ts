// Sessions that are ended by the list of their user: how far `endAll`, `endOthers` and `end` reach (docs/users.md).

import { endsByList, type History, mayMeet, type Operation } from "./history.ts";
import { type End, type Lineage, signInOf } from "./lineage.ts";

/** Whose sessions a request asks for. */
export function accountOf({ asked, user, seen }: Operation): string | undefined {
  return asked === "end others" ? (seen?.user ?? undefined) : user;
}

/** Whether a request ended a sign-in that was under way, or may have. */
export function mayRefuse(by: Operation, signIn: Operation): boolean {
  return endsByList(by) && accountOf(by) === signIn.user && mayMeet(by, signIn);
}

/** What requests did to a session by the list of its user. */
export function endsOf(session: Lineage, history: History): End[] {
  const { operations, settings } = history;
  const signIn = signInOf(session)?.createdBy;
  if (signIn?.user === undefined) return [];
  const same = operations.filter((by) => accountOf(by) === signIn.user && by !== signIn);
  return same.flatMap((by) => {
    if (endsByList(by)) return endOf(by, session, history);
    // Every sign-in may be one too many for another.
    return by.asked === "sign in" && settings.maxPerUser !== undefined ? { by, isSure: false } : [];
  });
}

function endOf(by: Operation, session: Lineage, history: History): End | [] {
  const isDone = by.status === 200;
  const signIn = signInOf(session);
  // Whoever signs in after it has signed in.
  if (!signIn || (isDone && signIn.createdBy.startedAt > by.endedAt)) return [];
  const isSure = isDone && mustReach(by, signIn, history);
  if (by.asked === "end all") return { by, isSure };
  const [named] = by.handles ?? [];
  // None was there to be ended, or to be kept.
  if (named === undefined && isDone) return [];
  // Nobody has seen what it is called, or which one was meant.
  if (session.handle === undefined || named === undefined) return { by, isSure: false };
  const isNamed = session.handle === named;
  return isNamed === (by.asked === "end one") ? { by, isSure } : [];
}

/** Whether the sign-in's entry was there when the request reached the index, and had not been lost. */
function mustReach(
  by: Operation,
  { name, createdBy: signIn }: Lineage,
  { losses, settings: { indexIn } }: History,
): boolean {
  const isLost = losses.some(
    ({ store, at }) => store === indexIn && at >= signIn.startedAt && at <= by.endedAt,
  );
  if (isLost) return false;
  if (signIn.endedAt < by.startedAt) return true;
  if (by.asked === "end one") return false;
  const entry = signIn.indexed?.find(({ session }) => session === name);
  const [reached] = by.indexed ?? [];
  return entry !== undefined && reached !== undefined && entry.endedAt < reached.startedAt;
}
