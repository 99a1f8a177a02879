// What happened in many runs: so that it is known that what is to be withstood did happen.

import { endsOf } from "./accounts.ts";
import { isOpenEnd } from "./ends.ts";
import { endsByList, type History, isAnswered } from "./history.ts";
import { lineagesOf } from "./lineage.ts";
import type { Run } from "./simulate.ts";

export type Tally = Record<
  | "runs"
  | "requests"
  | "failures"
  | "conflicts"
  | "changes"
  | "sign-ins"
  | "sign-outs"
  | "sign-outs in an outage"
  | "ends finished by their token"
  | "replays of what was ended"
  | "losses"
  | "in memory"
  | "runs with users"
  | "ends by list"
  | "ends by list that failed"
  | "sign-ins that an end refused"
  | "sign-ins that an end overtook"
  | "visits to what a list ended"
  | "lists"
  | `fault ${string}`
  | `command ${string}`,
  number
>;

export function createTally(): Tally {
  return {
    runs: 0,
    requests: 0,
    failures: 0,
    conflicts: 0,
    changes: 0,
    "sign-ins": 0,
    "sign-outs": 0,
    "sign-outs in an outage": 0,
    "ends finished by their token": 0,
    "replays of what was ended": 0,
    losses: 0,
    "in memory": 0,
    "runs with users": 0,
    "ends by list": 0,
    "ends by list that failed": 0,
    "sign-ins that an end refused": 0,
    "sign-ins that an end overtook": 0,
    "visits to what a list ended": 0,
    lists: 0,
  };
}

export function count(tally: Tally, { history, episodes, fates }: Run): void {
  const { operations, losses, settings } = history;
  const add = (what: keyof Tally, times = 1) => {
    tally[what] = (tally[what] ?? 0) + times;
  };
  add("runs");
  add("requests", operations.length);
  add("losses", losses.length);
  if (settings.indexIn) {
    add("runs with users");
    countEnded(history, add);
  }
  for (const { kind } of episodes) add(`fault ${kind}`);
  for (const [fate, times] of Object.entries(fates)) add(`command ${fate}`, times);
  for (const operation of operations) {
    const { status, asked, sent, seen, set, browser, calls } = operation;
    if (status === 503) add("failures");
    if (status === 409) add("conflicts");
    if (isOpenEnd(operation)) add("sign-outs in an outage");
    if (sent?.purpose === "ending" && set === "deleted") add("ends finished by their token");
    if (calls.some(({ store, answer }) => store === "memory" && answer === "swapped")) {
      add("in memory");
    }
    if (endsByList(operation)) add(status === 200 ? "ends by list" : "ends by list that failed");
    if (asked === "list" && status === 200) add("lists");
    if (!isAnswered(operation)) continue;
    if (asked === "change") add("changes");
    if (asked === "sign in") add("sign-ins");
    if (asked === "sign in" && settings.indexIn && typeof set !== "object") {
      add("sign-ins that an end refused");
    }
    if (asked === "sign out" && sent && !seen?.isNew) add("sign-outs");
    if (browser.startsWith("t") && seen?.isNew) add("replays of what was ended");
  }
}

/** What is certain to have been ended by the list of its user: how often it was tried, and how often just in time. */
function countEnded(history: History, add: (what: keyof Tally) => void): void {
  const operations = history.operations.toSorted((one, other) => one.startedAt - other.startedAt);
  for (const session of lineagesOf({ ...history, operations }).values()) {
    const ends = endsOf(session, history).filter(({ isSure }) => isSure);
    if (ends.some(({ by }) => by.startedAt < session.createdBy.endedAt)) {
      add("sign-ins that an end overtook");
    }
    for (const { startedAt } of session.visits) {
      if (ends.some(({ by }) => by.endedAt < startedAt)) add("visits to what a list ended");
    }
  }
}
