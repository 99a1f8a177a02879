// Where sessions are kept, and what the rest of the application takes them by.

import { createSessions } from "coatcheck";
import { nextSessions } from "coatcheck/next";
import { redisStore, upstash } from "coatcheck/redis";

export interface Data {
  notes: string[];
}

const sessions = createSessions({
  secrets: [process.env.SESSION_SECRET ?? ""],
  store: redisStore(
    upstash({
      url: process.env.UPSTASH_REDIS_REST_URL ?? "",
      token: process.env.UPSTASH_REDIS_REST_TOKEN ?? "",
    }),
  ),
  initial: (): Data => ({ notes: [] }),
});

export const { getSession, saveSession, withSession, proxy } = nextSessions(sessions);
