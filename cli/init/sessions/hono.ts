// Where sessions are kept: in Redis, as the environment says; in memory while it says nothing.

import { createSessions } from "coatcheck";
import { storeFromEnv } from "coatcheck/env";

export interface Data {
  notes: string[];
}

export const sessions = createSessions({
  secrets: [process.env.SESSION_SECRET ?? ""],
  store: storeFromEnv(process.env),
  initial: (): Data => ({ notes: [] }),
});
