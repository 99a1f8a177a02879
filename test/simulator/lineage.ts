// A history, sorted by session: where each came from, what was saved in it for certain, what may have ended it.

import {
  endsByList,
  type History,
  isAnswered,
  isMove,
  mayMeet,
  type Operation,
} from "./history.ts";

/** A mark stands for 60 s where a session was (design section 6); an end follows it as long as it stands. */
const MARK_MS = 60_000;

/** Something after which a session is ended for certain (`isSure`: its success was answered), or may be. */
export interface End {
  readonly by: Operation;
  readonly isSure: boolean;
}

export interface Lineage {
  readonly name: string;
  /** The browser to which its cookie was first given. */
  readonly owner: string;
  readonly createdBy: Operation;
  /** The session that it was regenerated from. */
  readonly parent: Lineage | undefined;
  readonly children: Lineage[];
  /** The store that took its row; a memory is one for each instance. */
  readonly store: string | undefined;
  readonly ends: End[];
  /** Changes whose success was answered. */
  readonly saved: Operation[];
  /** Requests that sent its cookie. */
  readonly visits: Operation[];
  /** What its user's list calls it, once a request has seen that. */
  handle: string | undefined;
}

/** Sessions by name. Operations must be in the order of their starts. */
export function lineagesOf({ operations, settings, losses }: History): Map<string, Lineage> {
  const lineages = new Map<string, Lineage>();
  // First every session, by the order in which the cookies went out; then what was done to it.
  for (const by of operations.toSorted((one, other) => one.endedAt - other.endedAt)) {
    const { set, sent, seen } = by;
    if (typeof set !== "object" || set.purpose !== "session" || lineages.has(set.session)) continue;
    const isMoved = isMove(by) && seen?.isNew === false;
    const parent = isMoved && sent ? lineages.get(sent.session) : undefined;
    const lineage: Lineage = {
      name: set.session,
      owner: by.browser,
      createdBy: by,
      parent,
      children: [],
      store: placeOf(by, set.session),
      ends: [],
      saved: [],
      visits: [],
      handle: undefined,
    };
    parent?.children.push(lineage);
    lineages.set(set.session, lineage);
  }

  for (const by of operations) {
    const sent = by.sent ? lineages.get(by.sent.session) : undefined;
    sent?.visits.push(by);
    if (sent && by.seen?.handle !== undefined) sent.handle = by.seen.handle;
    const into = savedInto(by);
    if (into !== undefined) lineages.get(into)?.saved.push(by);
    const end = sent && endOf(by);
    if (sent && end) noteEnd(sent, end);
  }
  return lineages;

  /** An end follows the marks that sign-ins left, so it ends what came of the session too. */
  function noteEnd(lineage: Lineage, end: End): void {
    lineage.ends.push(end);
    const { by, isSure } = end;
    if (isMove(by) && by.sent?.purpose !== "ending") return;
    for (const child of lineage.children) {
      const move = child.createdBy;
      const stood = by.startedAt < move.endedAt + MARK_MS + settings.allowanceMs;
      // One that was not confirmed may be finished at any time.
      if (isSure && (move.startedAt > by.endedAt || !stood)) continue;
      const isKept = !losses.some(({ at }) => at >= move.startedAt && at <= by.endedAt);
      const isShared = !lineage.store?.startsWith("memory");
      // A sign-in that meets an end stands for itself, and no later end of where it came from leads there.
      const isAlone = settings.indexIn !== undefined && mayStandAlone(lineage, move);
      const reaches = by.endedAt < move.startedAt + MARK_MS - settings.allowanceMs;
      const isThere = isShared && (isKept || settings.mode === "cached");
      const isCertain = isSure && reaches && !isAlone && isThere;
      noteEnd(child, { by, isSure: isCertain });
    }
  }

  function mayStandAlone({ name }: Lineage, move: Operation): boolean {
    return operations.some(
      (by) =>
        by !== move &&
        mayMeet(by, move) &&
        (endsByList(by) || (by.sent?.session === name && endOf(by) !== undefined)),
    );
  }
}

/** The session that began with the sign-in on which this one stands: itself, or one that it came from. */
export function signInOf(session: Lineage): Lineage | undefined {
  if (session.createdBy.user !== undefined) return session;
  return session.parent && signInOf(session.parent);
}

/** The session whose data came along into this one. By `signIn`, what another user had is left behind. */
export function forerunnerOf({ createdBy, parent }: Lineage): Lineage | undefined {
  const { asked, user, seen } = createdBy;
  const isAnother = asked === "sign in" && seen?.handle !== undefined && seen.user !== user;
  return isAnother ? undefined : parent;
}

/** The store in which a request created a session. */
function placeOf({ calls, instance }: Operation, session: string): string | undefined {
  const call = calls.find(
    (each) => each.session === session && each.onNothing && each.answer === "swapped",
  );
  return call?.store === "memory" ? `memory of ${instance}` : call?.store;
}

/** The session in which a change was saved, if its success was answered. */
function savedInto(by: Operation): string | undefined {
  if (by.asked !== "change" || !isAnswered(by)) return undefined;
  if (by.seen?.isNew === false) return by.sent?.session;
  return typeof by.set === "object" ? by.set.session : undefined;
}

/** What a request did to the session whose cookie it sent. */
function endOf(by: Operation): End | undefined {
  const { asked, seen, sent, set, status } = by;
  if (sent?.purpose === "ending") {
    // What the request itself wanted may fail when the end is done: then the token is deleted all the same.
    const isTold = seen?.unavailable === false || asked === "sign out";
    return { by, isSure: set === "deleted" || (status === 200 && isTold) };
  }
  // An instance that has an end open finishes it at the next request, with whatever cookie that comes.
  if (set === "deleted") return { by, isSure: true };
  // A session that could not be opened was not touched.
  if (seen === undefined) return undefined;
  if (asked === "sign out") return { by, isSure: status === 200 };
  if (!isMove(by) || seen.isNew || seen.unavailable) return undefined;
  if (asked === "elevate" && seen.user === null && status === 200) return undefined;
  const isMoved = typeof set === "object" && set.session !== sent?.session;
  return { by, isSure: status === 200 && isMoved };
}
