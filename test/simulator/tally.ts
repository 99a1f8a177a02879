// What happened in many runs: so that it is known that what is to be withstood did happen.

import { isOpenEnd } from "./ends.ts";
import { isAnswered } from "./history.ts";
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
  };
}

export function count(tally: Tally, { history, episodes, fates }: Run): void {
  const { operations, losses } = history;
  const add = (what: keyof Tally, times = 1) => {
    tally[what] = (tally[what] ?? 0) + times;
  };
  add("runs");
  add("requests", operations.length);
  add("losses", losses.length);
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
    if (!isAnswered(operation)) continue;
    if (asked === "change") add("changes");
    if (asked === "sign in") add("sign-ins");
    if (asked === "sign out" && sent && !seen?.isNew) add("sign-outs");
    if (browser.startsWith("t") && seen?.isNew) add("replays of what was ended");
  }
}
