// A schedule of faults -> what is done to the servers, and what they lose by it.

import { setTimeout as sleep } from "node:timers/promises";
import type { Loss } from "../simulator/history.ts";
import { describe, type Fault, isOfServer, nameOf, type Planned } from "./plan.ts";
import type { Servers } from "./servers.ts";

/** How long a copy is set aside before Redis is set back to it. */
const BEHIND_MS = 1_000;

export interface Faults {
  /** Resolves when the last fault has ended. Whatever could not be done rejects. */
  readonly done: Promise<void>;
  /** What was lost so far. */
  readonly losses: readonly Loss[];
}

/**
 * Carries out a schedule.
 * @param now the instant as the history has it, in milliseconds
 */
export function carryOut(
  plan: readonly Planned[],
  servers: Servers,
  {
    now,
    isOver,
    print,
  }: { now: () => number; isOver: () => boolean; print: (line: string) => void },
): Faults {
  const losses: Loss[] = [];
  const begun = now();
  const until = (ms: number) => sleep(Math.max(0, begun + ms - now()));

  /** By what is struck: until when another fault holds it, so that nobody starts what another has just killed. */
  const held = new Map<string, Promise<void>>();

  async function play(planned: Planned): Promise<void> {
    const { fault, at, until: end } = planned;
    await until(at);
    const place = isOfServer(fault) ? String(fault.of) : nameOf(fault);
    const before = held.get(place);
    const playing = (async () => {
      await before;
      if (isOver()) return;
      print(describe(planned));
      const undo = await strike(fault, servers, losses, now);
      await until(end);
      await undo();
    })();
    held.set(place, playing);
    return playing;
  }

  return { done: Promise.all(plan.map(play)).then(() => undefined), losses };
}

/** Begins a fault, and answers what ends it. */
async function strike(
  fault: Fault,
  { redis, sql, gateway, sites }: Servers,
  losses: Loss[],
  now: () => number,
): Promise<() => Promise<unknown>> {
  const lose = (kind: Loss["kind"]) => losses.push({ store: "redis", kind, at: now() });
  switch (fault.kind) {
    case "killed": {
      const server = fault.of === "redis" ? redis : sql;
      await server.kill();
      return () => server.restart();
    }
    case "frozen": {
      const server = fault.of === "redis" ? redis : sql;
      server.pause();
      return async () => server.resume();
    }
    case "emptied":
      return async () => {
        lose("emptied");
        await redis.restart("nothing");
        lose("emptied");
      };
    case "set back":
      await redis.keepCopy();
      await sleep(BEHIND_MS);
      return async () => {
        lose("rewound");
        await redis.restart("copy");
        lose("rewound");
      };
    case "gateway":
      gateway.fault({ kind: fault.answer, times: Number.POSITIVE_INFINITY });
      return async () => gateway.clearFaults();
    case "crash": {
      const site = sites[fault.of];
      await site?.crash();
      return async () => site?.restart();
    }
    case "network": {
      const proxies = fault.instances.flatMap((at) => sites[at]?.network[fault.of] ?? []);
      await Promise.all(proxies.map((proxy) => proxy.trouble(fault.trouble)));
      return () => Promise.all(proxies.map((proxy) => proxy.mend()));
    }
  }
}
