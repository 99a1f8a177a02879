// The place of Redis: a client or store of the application's, else what the variables name.

import { isStore } from "../check.ts";
import type { SessionEvent } from "../events.ts";
import type { Store } from "../store.ts";
import { redisStore } from "../stores/redis.ts";
import { upstash } from "../stores/upstash.ts";
import type { Place } from "./chain.ts";
import { type RedisClient, senderOf } from "./client.ts";
import { explain } from "./explain.ts";
import type { Environment } from "./source.ts";
import { findRedis } from "./variables.ts";
import { brokenStore } from "./watched.ts";

/** What decides how a place of Redis is made. */
export interface RedisPlaceOptions {
  readonly redis?: RedisClient | Store | false | undefined;
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly strict: boolean;
  readonly onEvent: (event: SessionEvent) => void;
}

/**
 * Answers a function that fills the place, once the first request is there.
 *
 * @throws TypeError for what is no client
 */
export function redisPlace(env: Environment, options: RedisPlaceOptions): () => Place {
  const { redis, prefix, timeoutMs, onEvent } = options;
  if (redis === false) return () => ({ absent: "redis is false" });
  if (redis === undefined) return () => placeFrom(env, options);
  if (isStore(redis)) return () => ({ store: redis as Store });
  const makeSend = senderOf(redis as RedisClient);
  return () => ({ store: redisStore(makeSend(onEvent), { prefix, timeoutMs }) });
}

function placeFrom(env: Environment, { prefix, timeoutMs, strict }: RedisPlaceOptions): Place {
  const { findings, chosen, credentials, why, mend } = findRedis(env);
  if (mend !== undefined) return { store: brokenStore("Redis", `${why}; ${mend}`) };
  if (!chosen || !credentials) return { absent: why };
  const above = findings.slice(0, findings.indexOf(chosen));
  const wrong = above.filter(({ kind, isDoubtful }) => kind === "wrong" && !isDoubtful);
  const warnings = wrong.map((each) => `${each.names.join(" and ")}: ${each.says}; ${each.mend}`);
  // Another database than the one that is meant would have none of the sessions.
  if (strict && warnings[0] !== undefined) return { store: brokenStore("Redis", warnings[0]) };
  return {
    store: redisStore(upstash({ ...credentials(), timeoutMs }), { prefix, timeoutMs }),
    explain: (error) => explain(error, chosen),
    warnings: warnings.map((each) => `${each} (passed over for ${chosen.names.join(" and ")})`),
  };
}
