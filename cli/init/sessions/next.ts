// Where sessions are kept (in Redis, as the environment says; in memory while it says nothing), and what the rest of
// the application takes them by.

import { createSessions, type Store } from "coatcheck";
import { storeFromEnv } from "coatcheck/env";
import { nextSessions } from "coatcheck/next";

export interface Data {
  notes: string[];
}

/** Next loads this file once for the proxy and once for the pages; what is in memory must be the same for both. */
const shared = globalThis as typeof globalThis & { sessionStore?: Store };
shared.sessionStore ??= storeFromEnv(process.env);

const sessions = createSessions({
  secrets: [process.env.SESSION_SECRET ?? ""],
  store: shared.sessionStore,
  initial: (): Data => ({ notes: [] }),
});

export const { getSession, saveSession, withSession, proxy } = nextSessions(sessions);
