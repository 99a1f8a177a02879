// A world in small: two servers, a network, and instances of the application over the real compositions.

import { createApp, type App } from "./app.ts";
import type { Site } from "./faults.ts";
import type { Library } from "./app.ts";
import { createHost, type Line, type Nature } from "./network.ts";
import type { Random } from "./random.ts";
import { createRedis, createSql, type Statement } from "./servers.ts";
import { createEntries, type EntryStatement } from "./entries.ts";
import { createWatch } from "./watch.ts";

/** What a run is made of, drawn from its seed. */
export interface Shape {
  readonly mode: "fallback" | "cached";
  readonly instances: number;
  readonly browsers: number;
  /** `fallback`: whether each instance's memory is the last store. */
  readonly memory: boolean;
  readonly maxStaleMs: number;
  /** By how much any two clocks may disagree. */
  readonly allowanceMs: number;
  readonly whenUnavailable: "reject" | "anonymous";
  /** Whether there is an index of users. */
  readonly users: boolean;
  /** How many sessions a user may have; 0: any number. */
  readonly maxPerUser: number;
  /** How many commands take long, without any fault. */
  readonly dawdling: number;
  /** For how long users come and faults happen. */
  readonly lengthMs: number;
}

export interface Instance {
  readonly name: string;
  readonly serve: App;
}

export interface World {
  readonly instances: readonly Instance[];
  readonly sites: Readonly<Record<"redis" | "sql" | "users", Site>>;
}

export const SECRET = "a secret of the simulator, of more than thirty-two bytes";

/** As a client throws them that has not reached its database, or lost it. */
const OF_PRISMA = {
  refusal: () => Object.assign(new Error("refused"), { code: "P1001" }),
  reset: () => Object.assign(new Error("closed"), { code: "P1017" }),
};

export function drawShape(random: Random, { mode, users }: Pick<Shape, "mode" | "users">): Shape {
  return {
    mode,
    instances: 1 + random.below(3),
    browsers: 1 + random.below(3),
    memory: mode === "fallback" && random.chance(0.5),
    maxStaleMs: random.pick([1500, 5000, 30_000]),
    allowanceMs: random.pick([0, 0, 400]),
    whenUnavailable: random.pick(["reject", "anonymous"]),
    users,
    lengthMs: random.pick([8000, 20_000, 40_000]),
    // Last, and for users alone: so every other run is what it would be without them.
    maxPerUser: users && random.chance(0.2) ? 1 + random.below(2) : 0,
    dawdling: users ? random.pick([0.05, 0.3, 0.3]) : 0.05,
  };
}

export function createWorld(
  library: Library,
  shape: Shape,
  given: Omit<Nature, "dawdling">,
): World {
  const { scheduler, random } = given;
  const nature = { ...given, dawdling: shape.dawdling };
  const skew = () => random.between(-shape.allowanceMs / 2, shape.allowanceMs / 2);
  const redisAheadMs = skew();
  const redis = createRedis(() => scheduler.now() + redisAheadMs);
  const sql = createSql();
  const redisHost = createHost(redis, nature);
  const sqlHost = createHost(sql, nature);
  const entries = createEntries();
  const entriesHost = createHost(entries, nature);
  const redisLines: Line<never>[] = [];
  const sqlLines: Line<never>[] = [];
  const entriesLines: Line<never>[] = [];

  const instances = Array.from({ length: shape.instances }, (_, at) => {
    const name = `i${at}`;
    const aheadMs = skew();
    const redisLine = redisHost.line({
      refusal: () => new Error("connect ECONNREFUSED"),
      reset: () => new Error("read ECONNRESET"),
    });
    const sqlLine = sqlHost.line(OF_PRISMA);
    const entriesLine = entriesHost.line(OF_PRISMA);
    redisLines.push(redisLine);
    sqlLines.push(sqlLine);
    entriesLines.push(entriesLine);
    const watch = createWatch(library, scheduler.now);
    const ask = (method: Statement["method"]) => (args: Statement["args"]) =>
      sqlLine.send({ method, args });
    const delegate = {
      findFirst: ask("findFirst"),
      createMany: ask("createMany"),
      updateMany: ask("updateMany"),
      deleteMany: ask("deleteMany"),
      findMany: async () => [],
    };
    const inRedis = watch.store("redis", library.redisStore(redisLine.send));
    const inSql = watch.store("sql", library.prismaStore(delegate));
    const inMemory = watch.store("memory", library.memoryStore());
    const { maxStaleMs, whenUnavailable } = shape;
    const store =
      shape.mode === "cached"
        ? library.cachedStore({ authority: inSql, cache: inRedis, maxStaleMs })
        : library.fallbackStore([inRedis, inSql, ...(shape.memory ? [inMemory] : [])]);
    const askEntries = (method: EntryStatement["method"]) => (args: EntryStatement["args"]) =>
      entriesLine.send({ method, args });
    const users = library.prismaUsers({
      findFirst: async () => null,
      findMany: askEntries("findMany"),
      createMany: askEntries("createMany"),
      updateMany: askEntries("updateMany"),
      deleteMany: askEntries("deleteMany"),
    });
    const serve = createApp(library, {
      store,
      watch,
      secrets: [SECRET],
      whenUnavailable,
      ...(shape.users && { users: watch.index(users) }),
      ...(shape.maxPerUser > 0 && { maxPerUser: shape.maxPerUser }),
    });
    const timed: App = (request) => scheduler.withClock(aheadMs, () => serve(request));
    return { name, serve: timed };
  });
  return {
    instances,
    sites: {
      redis: { host: redisHost, server: redis, lines: redisLines },
      sql: { host: sqlHost, server: sql, lines: sqlLines },
      users: { host: entriesHost, server: entries, lines: entriesLines },
    },
  };
}
