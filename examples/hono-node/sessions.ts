// Where sessions are kept.

import { createSessions } from "coatcheck";
import { redisStore, upstash } from "coatcheck/redis";

export interface Data {
  notes: string[];
}

export const sessions = createSessions({
  secrets: [process.env.SESSION_SECRET ?? ""],
  store: redisStore(
    upstash({
      url: process.env.UPSTASH_REDIS_REST_URL ?? "",
      token: process.env.UPSTASH_REDIS_REST_TOKEN ?? "",
    }),
  ),
  initial: (): Data => ({ notes: [] }),
});
