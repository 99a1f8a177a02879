// One instance of the application, in a process of its own, over stores that fail. Each response says, in a header,
// what was noted of it.

import { Buffer } from "node:buffer";
import process from "node:process";
import { serve } from "@hono/node-server";
import type { Store } from "coatcheck";
import { upstash } from "coatcheck/redis";
import { connectPostgres } from "../prisma/postgres.ts";
import { createApp } from "../simulator/app.ts";
import * as library from "../simulator/library.ts";
import { createWatch, type Watch } from "../simulator/watch.ts";
import { MAX_STALE_MS, type Mode, NOTE } from "./settings.ts";

/** What an instance is told, as its first argument, in JSON. */
export interface InstanceSettings {
  readonly mode: Mode;
  readonly secret: string;
  readonly redis: { readonly url: string; readonly token: string };
  readonly databaseUrl: string;
}

const { cachedStore, fallbackStore, memoryStore, prismaStore, redisStore } = library;

/** A moment before the composition gives up, so that what became of a command is noted with its request. */
const TIMEOUT = { timeoutMs: 900 };

async function openStore(settings: InstanceSettings, watch: Watch): Promise<Store> {
  const client = await connectPostgres(settings.databaseUrl, { max: 8 });
  const redis = watch.store("redis", redisStore(upstash({ ...settings.redis, ...TIMEOUT })));
  const sql = watch.store("sql", prismaStore(client.session, TIMEOUT));
  if (settings.mode === "fallback") {
    return fallbackStore([redis, sql, watch.store("memory", memoryStore())]);
  }
  return cachedStore({ authority: sql, cache: redis, maxStaleMs: MAX_STALE_MS });
}

/** It ends with whoever started it: then its input is closed. */
async function start(settings: InstanceSettings): Promise<void> {
  process.stdin.once("close", () => process.exit()).resume();
  const watch = createWatch(library);
  const store = await openStore(settings, watch);
  const app = createApp(library, { store, watch, secrets: [settings.secret] });

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
