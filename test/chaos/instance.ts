// One instance of the application, in a process of its own, over stores that fail. Each response says, in a header,
// what was noted of it.

import { Buffer } from "node:buffer";
import process from "node:process";
import { serve } from "@hono/node-server";
import type { Store, UserIndex } from "coatcheck";
import { upstash } from "coatcheck/redis";
import { connectPostgres } from "../prisma/postgres.ts";
import { createApp } from "../simulator/app.ts";
import * as library from "../simulator/library.ts";
import { createWatch, type Watch } from "../simulator/watch.ts";
import { INDEX_IN, MAX_STALE_MS, type Mode, NOTE } from "./settings.ts";

/** What an instance is told, as its first argument, in JSON. */
export interface InstanceSettings {
  readonly mode: Mode;
  /** Whether there is an index of users. */
  readonly users: boolean;
  readonly secret: string;
  readonly redis: { readonly url: string; readonly token: string };
  readonly databaseUrl: string;
}

const {
  cachedStore,
  fallbackStore,
  memoryStore,
  prismaStore,
  prismaUsers,
  redisStore,
  redisUsers,
} = library;

/** A moment before the composition gives up, so that what became of a command is noted with its request. */
const TIMEOUT = { timeoutMs: 900 };

async function open(
  settings: InstanceSettings,
  watch: Watch,
): Promise<{ store: Store; users?: UserIndex }> {
  const client = await connectPostgres(settings.databaseUrl, { max: 8 });
  const send = upstash({ ...settings.redis, ...TIMEOUT });
  const redis = watch.store("redis", redisStore(send));
  const sql = watch.store("sql", prismaStore(client.session, TIMEOUT));
  const store =
    settings.mode === "fallback"
      ? fallbackStore([redis, sql, watch.store("memory", memoryStore())])
      : cachedStore({ authority: sql, cache: redis, maxStaleMs: MAX_STALE_MS });
  if (!settings.users) return { store };
  const isInRedis = INDEX_IN[settings.mode] === "redis";
  return { store, users: isInRedis ? redisUsers(send) : prismaUsers(client.sessionEntry, TIMEOUT) };
}

/** It ends with whoever started it: then its input is closed. */
async function start(settings: InstanceSettings): Promise<void> {
  process.stdin.once("close", () => process.exit()).resume();
  const watch = createWatch(library, Date.now);
  const app = createApp(library, {
    ...(await open(settings, watch)),
    watch,
    secrets: [settings.secret],
  });

  async function answer(request: Request): Promise<Response> {
    const { result, note } = await app(request);
    const headers = new Headers(result.headers);
    headers.set(NOTE, Buffer.from(JSON.stringify(note)).toString("base64url"));
    return new Response(result.body, { status: result.status, headers });
  }

  serve(
    {
      fetch: answer,
      port: 0,
      hostname: "127.0.0.1",
      overrideGlobalObjects: false,
      // Node would close idle connections after 5 s, just when a client takes one up again.
      serverOptions: { keepAliveTimeout: 120_000 },
    },
    ({ port }) => console.log(`port ${port}`),
  );
}

await start(JSON.parse(process.argv[2] ?? "") as InstanceSettings);
