// Where sessions are kept. On Workers, configuration comes with the request: they are made once for each env.

import { createSessions, perEnv } from "coatcheck";
import { redisStore, upstash } from "coatcheck/redis";

export interface Data {
  notes: string[];
}

export const sessionsOf = perEnv((env: Env) =>
  createSessions({
    secrets: [env.SESSION_SECRET],
    store: redisStore(
      upstash({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN }),
    ),
    initial: (): Data => ({ notes: [] }),
  }),
);
