// One run, from one seed: the same seed gives the same run, byte for byte.

import type { Library } from "./app.ts";
import { drawEpisodes, type Episode, heal, strike } from "./faults.ts";
import type { History, Loss } from "./history.ts";
import { createRandom } from "./random.ts";
import { type Scheduler, simulateTime } from "./scheduler.ts";
import { createCrowd } from "./users.ts";
import { createWorld, drawShape, SECRET, type Shape, type World } from "./world.ts";
import { COOKIE } from "./tickets.ts";
import { createTokens, newId } from "../../src/token.ts";

/** From the end of all faults until nothing may fail: an open breaker's last failure, and its probe. */
const GRACE_MS = 9500;

export interface Run {
  readonly seed: number;
  readonly shape: Shape;
  readonly episodes: readonly Episode[];
  readonly history: History;
  /** How many commands met which fate. */
  readonly fates: Readonly<Record<string, number>>;
}

export interface SimulateOptions {
  /** Which of the seed's faults happen; all, if absent. */
  readonly keep?: ReadonlySet<number>;
  /** Whether there is an index of users: if absent, with every third seed. */
  readonly users?: boolean;
}

export function simulate(
  library: Library,
  mode: Shape["mode"],
  seed: number,
  { keep, users = seed % 3 === 0 }: SimulateOptions = {},
): Promise<Run> {
  const random = createRandom(seed, mode === "cached" ? 1 : 2);
  const shape = drawShape(random, { mode, users });
  const drawn = drawEpisodes(random, shape);
  const episodes = drawn.filter((_, at) => keep?.has(at) ?? true);
  const losses: Loss[] = [];

  return simulateTime(createRandom(seed, 3), async (scheduler) => {
    const healedAt = scheduler.now() + shape.lengthMs;
    const world = createWorld(library, shape, { scheduler, random, calmAt: () => healedAt });
    const crowd = createCrowd(shape, world, { scheduler, random });
    const { sites } = world;
    for (const each of episodes) strike(each, sites[each.store], { scheduler, losses });
    // Where Redis comes back with old data, everybody comes at once.
    const echoes = episodes
      .filter(({ kind }) => kind === "rewound")
      .map(async ({ toMs }) => {
        await scheduler.sleep(toMs + 50);
        await crowd.replay(world.instances);
      });
    await Promise.all([crowd.browse(healedAt), ...echoes]);
    await scheduler.sleep(Math.max(healedAt - scheduler.now(), 0));
    for (const site of Object.values(sites)) heal(site);

    // Open breakers let one caller probe; these are nobody's.
    await scheduler.sleep(Math.max(healedAt + GRACE_MS - 400 - scheduler.now(), 0));
    await probe(world);
    await scheduler.sleep(Math.max(healedAt + GRACE_MS + 1 - scheduler.now(), 0));
    for (const browser of crowd.browsers) await crowd.visit(browser, "load");
    await crowd.replay("any");
    if (shape.users) await crowd.operate();
    await scheduler.sleep(shape.maxStaleMs + shape.allowanceMs);
    await finishEnds(world, crowd, scheduler);
    await crowd.replay(world.instances);

    const { maxStaleMs, allowanceMs, maxPerUser } = shape;
    const settings = {
      mode,
      maxStaleMs,
      allowanceMs,
      healedAt,
      graceMs: GRACE_MS,
      ...(shape.users && { indexIn: sites.users.host.name }),
      ...(maxPerUser > 0 && { maxPerUser }),
    };
    const fates: Record<string, number> = {};
    for (const { host } of Object.values(sites)) {
      for (const [fate, count] of host.fates) fates[fate] = (fates[fate] ?? 0) + count;
    }
    return {
      seed,
      shape,
      episodes,
      fates,
      history: { settings, operations: crowd.operations, losses },
    };
  });
}

/** A genuine cookie of no session has every store of an instance asked. */
async function probe({ instances }: World): Promise<void> {
  const tokens = createTokens([SECRET], COOKIE);
  for (const { serve } of instances) {
    const cookie = `${COOKIE}=${tokens.sign(newId())}`;
    await serve(new Request("https://shop.example/load", { headers: { cookie } }));
  }
}

/** Requests enough, and slow enough, for every instance to finish the ends that it has open. */
async function finishEnds(
  { instances }: World,
  crowd: ReturnType<typeof createCrowd>,
  scheduler: Scheduler,
): Promise<void> {
  const open = crowd.operations.filter(
    ({ set }) => typeof set === "object" && set.purpose === "ending",
  );
  for (let turn = 0; turn < Math.min(open.length, 6) + 2; turn++) {
    await scheduler.sleep(1100);
    for (const instance of instances) {
      for (const browser of crowd.browsers) await crowd.visit(browser, "load", instance);
    }
  }
}
