// The schedule of faults that a seed decides, before anything runs.

import type { FaultKind } from "../support/upstash.ts";
import type { Trouble } from "../support/proxy.ts";
import type { Random } from "../simulator/random.ts";
import type { Mode } from "./settings.ts";

/** What fails. `network` is that of some instances to one server; `gateway` stands before Redis, for all. */
export type Fault =
  | { readonly kind: "killed" | "frozen"; readonly of: "redis" | "sql" }
  | { readonly kind: "emptied" | "set back"; readonly of: "redis" }
  | { readonly kind: "gateway"; readonly of: "redis"; readonly answer: FaultKind }
  | {
      readonly kind: "network";
      readonly of: "redis" | "sql";
      readonly trouble: Trouble;
      readonly instances: readonly number[];
    }
  | { readonly kind: "crash"; readonly of: number };

/** A fault from `at` until `until`, in milliseconds from the beginning. */
export interface Planned {
  readonly fault: Fault;
  readonly at: number;
  readonly until: number;
}

const GATEWAY: readonly FaultKind[] = [
  "500",
  "502-html",
  "401",
  "quota",
  "readonly",
  "garbage",
  "half",
  "half-json",
  "lost",
  "lost-500",
  "wrong-shape",
];
const TROUBLES: readonly Trouble[] = [
  { kind: "refuse" },
  { kind: "reset" },
  { kind: "hang" },
  { kind: "lose" },
  { kind: "slow", ms: 150 },
  { kind: "slow", ms: 900 },
  { kind: "cut", bytes: 20 },
];

/** Draws faults for so long. Two may meet, but a server is never killed or frozen twice at once. */
export function drawPlan(
  random: Random,
  { ms, instances, mode }: { ms: number; instances: number; mode: Mode },
): Planned[] {
  const plan: Planned[] = [];
  const between = (low: number, high: number) => Math.round(random.between(low, high));
  const busyUntil = new Map<string | number, number>();
  for (let at = 1_000; at < ms; at += between(300, 2_500)) {
    const until = Math.min(ms, at + between(200, random.chance(0.25) ? 7_000 : 2_500));
    const fault = drawFault(random, { instances, mode });
    if (isOfServer(fault)) {
      if ((busyUntil.get(fault.of) ?? 0) > at) continue;
      // Starting again takes a moment of its own.
      busyUntil.set(fault.of, until + 1_500);
    }
    plan.push({ fault, at, until });
  }
  return plan;
}

/** Whether a fault is a server's own: what it does, it does to one that runs. */
export function isOfServer(fault: Fault): fault is Exclude<Fault, { kind: "network" | "gateway" }> {
  return fault.kind !== "network" && fault.kind !== "gateway";
}

function drawFault(random: Random, { instances, mode }: { instances: number; mode: Mode }): Fault {
  const of = random.pick(["redis", "redis", "sql"] as const);
  const roll = random.below(100);
  if (roll < 15) return { kind: "killed", of };
  if (roll < 30) return { kind: "frozen", of };
  // What a store has lost is lost where it is the only one that had it.
  if (roll < 40 && mode === "cached")
    return { kind: random.pick(["emptied", "set back"]), of: "redis" };
  if (roll < 50) return { kind: "gateway", of: "redis", answer: random.pick(GATEWAY) };
  if (roll < 55) return { kind: "crash", of: random.below(instances) };
  const cut = Array.from({ length: instances }, (_, at) => at).filter(() => random.chance(0.5));
  return {
    kind: "network",
    of,
    trouble: random.pick(TROUBLES),
    instances: cut.length > 0 ? cut : [random.below(instances)],
  };
}

/** One line of a schedule, for people and for comparing two runs. */
export function describe({ fault, at, until }: Planned): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(1).padStart(5);
  return `${seconds(at)} s to ${seconds(until)} s  ${nameOf(fault)}`;
}

/** A fault with all that belongs to it. */
export function nameOf(fault: Fault): string {
  if (fault.kind === "crash") return `${kindOf(fault)}: ${fault.of}`;
  if (fault.kind !== "network") return kindOf(fault);
  const { kind, ...more } = fault.trouble;
  const amount = Object.entries(more).map(([unit, value]) => ` ${value} ${unit}`);
  return `network to ${fault.of}: ${kind}${amount.join("")}, from instances ${fault.instances.join(", ")}`;
}

/** Under what a fault is counted. */
export function kindOf(fault: Fault): string {
  switch (fault.kind) {
    case "crash":
      return "instance killed";
    case "gateway":
      return `gateway of redis: ${fault.answer}`;
    case "network":
      return `network to ${fault.of}: ${fault.trouble.kind}`;
    default:
      return `${fault.of} ${fault.kind}`;
  }
}
