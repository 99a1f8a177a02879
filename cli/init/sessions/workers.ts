// Where sessions are kept: in Redis, as the environment says; in memory while it says nothing. On Workers the
// environment comes with the request: sessions are made once for each.

import { createSessions, perEnv } from "coatcheck";
import { storeFromEnv } from "coatcheck/env";

export interface Data {
  notes: string[];
}

export const sessionsOf = perEnv((env: Env) =>
  createSessions({
    secrets: [env.SESSION_SECRET],
    store: storeFromEnv(env),
    initial: (): Data => ({ notes: [] }),
  }),
);
