// One run of one composition: servers, faults, visitors, a last look, and the verdict.

import { setTimeout as sleep } from "node:timers/promises";
import { check, excerpt, type Violation } from "../simulator/checker.ts";
import { isOpenEnd } from "../simulator/ends.ts";
import type { History, Operation } from "../simulator/history.ts";
import { createRandom } from "../simulator/random.ts";
import { createVisitors, lookAgain } from "./browser.ts";
import { carryOut } from "./faults.ts";
import { drawPlan, kindOf, type Planned } from "./plan.ts";
import { createRecorder } from "./recorder.ts";
import { startServers } from "./servers.ts";
import { settle } from "./settle.ts";
import { INDEX_IN, MAX_STALE_MS, type Mode } from "./settings.ts";

export interface RunOptions {
  readonly mode: Mode;
  /** For how long faults come and go. */
  readonly seconds: number;
  readonly seed: number;
  readonly instances: number;
  /** The module that is an instance. */
  readonly entry: string;
  readonly print: (line: string) => void;
}

/** What a run came to. */
export interface Outcome {
  readonly history: History;
  readonly plan: readonly Planned[];
  readonly violations: readonly Violation[];
}

const BROWSERS = 8;
const MOST_LOOKS = 3;
/** By how much the clocks of two processes of one machine, and the order of what they do, may disagree. */
const ALLOWANCE_MS = 100;

export async function runOnce(options: RunOptions): Promise<Outcome> {
  const { mode, seconds, seed, instances, print } = options;
  const ms = seconds * 1000;
  const plan = drawPlan(createRandom(seed), { ms, instances, mode });
  const users = createRandom(seed, mode === "cached" ? 2 : 3).chance(0.5);
  if (users) print(`people sign in by an index of users, in ${INDEX_IN[mode]}`);
  const servers = await startServers(options.entry, { mode, users, instances });
  try {
    const { sites } = servers;
    // The first query of a process takes its time.
    await settle(sites);
    const recorder = createRecorder();
    const { now } = recorder;
    // A stream of its own: how many visits there are must not move the schedule.
    const random = createRandom(seed, 1);
    const visitors = createVisitors(recorder, sites, {
      random,
      browsers: BROWSERS,
      hasUsers: users,
    });
    let isOver = false;
    const faults = carryOut(plan, servers, { now, print, isOver: () => isOver });
    const browsing = visitors.browse(() => isOver);
    try {
      await Promise.all([faults.done, sleep(ms)]);
    } finally {
      isOver = true;
      await browsing;
    }
    const healedAt = now();
    let graceMs = 0;
    // A machine that is too busy to answer within a second looks like an outage. Then everybody looks once more; what
    // does not come back at all is a violation.
    for (let tries = 1, failed = -1; tries <= MOST_LOOKS && failed !== 0; tries++) {
      await settle(sites);
      if (mode === "cached") await sleep(MAX_STALE_MS);
      graceMs = now() - healedAt;
      const before = recorder.operations.length;
      await lookAgain(recorder, sites, visitors);
      const looks = recorder.operations.slice(before);
      failed = looks.filter(({ status }) => status === 503).length;
    }
    const history: History = {
      settings: {
        mode,
        maxStaleMs: MAX_STALE_MS,
        allowanceMs: ALLOWANCE_MS,
        healedAt,
        graceMs,
        ...(users && { indexIn: INDEX_IN[mode] }),
      },
      operations: recorder.operations,
      losses: faults.losses,
    };
    return { history, plan, violations: check(history) };
  } finally {
    await servers.stop();
  }
}

/** How many requests of a session are told: the last ones, up to the one that shows the violation. */
const MOST_TOLD = 40;

/** Says which promises were broken how often, each with one example and every request that had to do with it. */
export function explain({ history, violations }: Outcome): string[] {
  const start = Math.min(...history.operations.map(({ startedAt }) => startedAt));
  const rules = new Map<string, Violation[]>();
  for (const each of violations) rules.set(each.rule, [...(rules.get(each.rule) ?? []), each]);
  return [...rules].flatMap(([rule, [first, ...more]]) => {
    if (first === undefined) return [];
    const { by, against } = first;
    const earlier = against === undefined ? "" : `, against ${against}`;
    const related = excerpt(history, first).filter(({ number }) => number <= by);
    return [
      `VIOLATION: ${rule} (request ${by}${earlier}; ${more.length} more of this kind)`,
      ...related.slice(-MOST_TOLD).map((operation) => `  ${tell(operation, start)}`),
    ];
  });
}

function tell(operation: Operation, start: number): string {
  const { number, browser, instance, asked, startedAt, endedAt, status, sent, set, seen } =
    operation;
  const seconds = (at: number) => ((at - start) / 1000).toFixed(3);
  const ticket = (each: Operation["set"] | null) =>
    typeof each === "object" && each
      ? `${each.session}${each.purpose === "ending" ? " (ending)" : ""}`
      : (each ?? "-");
  const found = seen ? (seen.isNew ? "new" : `${seen.user} ${seen.tokens.join(",")}`) : "nothing";
  const calls = operation.calls.map(
    (call) =>
      `${call.store} ${call.kind} ${call.session}${call.onNothing ? " (on nothing)" : ""}: ${call.answer}`,
  );
  return `${number} ${seconds(startedAt)}-${seconds(endedAt)} ${browser} at ${instance}: ${asked}, sent ${ticket(sent)}, saw ${found}; ${status}, set ${ticket(set)} [${calls.join("; ")}]`;
}

/** The last line: what happened, so that nobody takes a quiet run for a good one. */
export function sumUp(outcomes: readonly Outcome[]): string {
  const operations = outcomes.flatMap(({ history }) => history.operations);
  const count = (is: (operation: Operation) => boolean) => operations.filter(is).length;
  const kinds = new Map<string, number>();
  for (const { fault } of outcomes.flatMap(({ plan }) => plan)) {
    const kind = kindOf(fault);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const faults = [...kinds].toSorted().map(([kind, times]) => `${kind} ${times}`);
  const done = (asked: string) => count((each) => each.asked === asked && each.status === 200);
  return [
    `${operations.length} operations`,
    `faults: ${faults.join(", ") || "none"}`,
    `${count(({ status }) => status === 503)} answers of 503`,
    `${done("sign in")} sign-ins`,
    `${done("sign out")} sign-outs`,
    `${done("end all")} ends of all sessions of a user`,
    `${count(isOpenEnd)} logouts finished later`,
    `${outcomes.flatMap(({ violations }) => violations).length} violations`,
  ].join("; ");
}
