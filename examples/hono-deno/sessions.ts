// Where sessions are kept.

import { createSessions } from "coatcheck";
import { redisStore, upstash } from "coatcheck/redis";

export interface Data {
  notes: string[];
}

export const sessions = createSessions({
  secrets: [Deno.env.get("SESSION_SECRET") ?? ""],
  store: redisStore(
    upstash({
      url: Deno.env.get("UPSTASH_REDIS_REST_URL") ?? "",
      token: Deno.env.get("UPSTASH_REDIS_REST_TOKEN") ?? "",
    }),
  ),
  initial: (): Data => ({ notes: [] }),
});
