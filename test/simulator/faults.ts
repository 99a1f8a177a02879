// What goes wrong in a run, and when: drawn from the seed before it begins.

import type { Loss } from "./history.ts";
import type { Health, Host, Line, Route } from "./network.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Server } from "./servers.ts";

/**
 * `emptied`: killed, and back without its data; `rewound`: back with an older copy of it. The routes are those of the
 * network, to one instance or to all.
 */
export type FaultKind = Exclude<Health, "up"> | Exclude<Route, "open"> | Loss["kind"];

export interface Episode {
  /** `users`: the database of their index. */
  readonly store: "redis" | "sql" | "users";
  readonly kind: FaultKind;
  /** Which instance's line is struck; all, if absent. */
  readonly instance?: number;
  /** Milliseconds from the beginning of the run. */
  readonly fromMs: number;
  readonly toMs: number;
  /** How much older the copy is that is brought back. */
  readonly agoMs: number;
}

const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  down: 4,
  frozen: 4,
  refused: 3,
  silent: 3,
  slow: 2,
  lossy: 4,
  emptied: 1,
  rewound: 0,
};

/**
 * Draws episodes within so many milliseconds. What may be lost differs: SQL under a cache loses nothing, ever, and
 * neither does the index of users.
 */
export function drawEpisodes(
  random: Random,
  {
    mode,
    instances,
    lengthMs,
    users,
  }: { mode: "fallback" | "cached"; instances: number; lengthMs: number; users: boolean },
): Episode[] {
  const drawOne = (store: Episode["store"], earliestMs: number): Episode => {
    const isCache = mode === "cached" && store === "redis";
    const keepsAll = store === "users" || (mode === "cached" && store === "sql");
    const emptied = keepsAll ? 0 : isCache ? 2 : 1;
    const kind = random.weighted({ ...WEIGHTS, emptied, rewound: isCache ? 3 : 0 });
    const fromMs = random.between(earliestMs, lengthMs * 0.9);
    const spanMs = random.chance(0.3) ? random.between(100, 1500) : random.between(500, 20_000);
    const isOne = ["refused", "silent", "slow", "lossy"].includes(kind) && random.chance(0.5);
    return {
      store,
      kind,
      ...(isOne && { instance: random.below(instances) }),
      fromMs,
      toMs: Math.min(fromMs + spanMs, lengthMs),
      agoMs: random.between(0, 15_000),
    };
  };
  const stores = users ? (["redis", "sql", "users"] as const) : (["redis", "sql"] as const);
  return Array.from({ length: 1 + random.below(4) }, () => {
    const store = random.pick<Episode["store"]>(stores);
    const one = drawOne(store, 0);
    if (random.chance(0.6)) return [one];
    // Trouble comes in company: only where both are away does memory serve, and no logout get through.
    const other = drawOne(store === "redis" ? "sql" : "redis", one.fromMs);
    const fromMs = random.between(one.fromMs, one.toMs);
    const toMs = Math.min(fromMs + other.toMs - other.fromMs, lengthMs);
    if (random.chance(0.5)) return [one, { ...other, fromMs, toMs }];
    return [one, other].map((each): Episode => ({ ...one, store: each.store, kind: "down" }));
  }).flat();
}

/** A store's server with its host, and the lines of all instances to it. */
export interface Site {
  readonly host: Host;
  readonly server: Pick<Server<never, unknown>, "snapshot" | "empty">;
  readonly lines: readonly Line<never>[];
}

/** Has an episode happen. Losses are noted as they happen. */
export function strike(
  { kind, instance, fromMs, toMs, agoMs }: Episode,
  { host, server, lines }: Site,
  { scheduler, losses }: { scheduler: Scheduler; losses: Loss[] },
): void {
  const lose = (what: Loss["kind"]) => {
    losses.push({ store: host.name, kind: what, at: scheduler.now() });
  };
  if (kind === "down" || kind === "emptied" || kind === "rewound") {
    let restore: (() => void) | undefined;
    scheduler.after(Math.max(fromMs - agoMs, 0), () => {
      restore = server.snapshot();
    });
    scheduler.after(fromMs, () => {
      host.health = "down";
      host.reset();
    });
    scheduler.after(toMs, () => {
      if (kind === "emptied") server.empty();
      if (kind === "rewound") restore?.();
      if (kind !== "down") lose(kind);
      host.health = "up";
    });
    return;
  }
  if (kind === "frozen") {
    scheduler.after(fromMs, () => {
      if (host.health === "up") host.health = "frozen";
    });
    scheduler.after(toMs, () => {
      if (host.health !== "frozen") return;
      host.health = "up";
      host.thaw();
    });
    return;
  }
  const struck = instance === undefined ? lines : lines.slice(instance, instance + 1);
  scheduler.after(fromMs, () => {
    for (const line of struck) line.route = kind;
  });
  scheduler.after(toMs, () => {
    for (const line of struck) line.route = "open";
  });
}

/** Ends every fault. */
export function heal({ host, lines }: Site): void {
  if (host.health === "frozen") {
    host.health = "up";
    host.thaw();
  }
  host.health = "up";
  for (const line of lines) line.route = "open";
}
