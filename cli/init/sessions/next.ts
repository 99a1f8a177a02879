// Where sessions are kept (in Redis, as the environment says; in memory while it says nothing), and what the rest of
// the application takes them by.

import { createSessions } from "coatcheck";
import { storeFromEnv } from "coatcheck/env";
import { nextSessions } from "coatcheck/next";

export interface Data {
  name?: string;
  notes: string[];
}

const sessions = createSessions({
  secrets: [process.env.SESSION_SECRET ?? ""],
  store: storeFromEnv(process.env),
  initial: (): Data => ({ notes: [] }),
});

export const { getSession, withSession, proxy: sessionProxy } = nextSessions(sessions);
