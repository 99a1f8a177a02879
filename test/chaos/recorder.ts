// Sends requests, and writes down what was asked and answered: the history that the checker judges.

import { Buffer } from "node:buffer";
import { pathOf } from "../simulator/app.ts";
import type { Asked, Operation } from "../simulator/history.ts";
import { COOKIE, createTickets } from "../simulator/tickets.ts";
import type { Note } from "../simulator/watch.ts";
import { type Jar } from "../support/jar.ts";
import type { Site } from "./servers.ts";
import { NOTE } from "./settings.ts";

/** What is asked, by whom. */
export interface Visit {
  readonly browser: string;
  readonly jar: Jar;
  readonly asked: Asked;
  readonly user?: string;
}

export interface Recorder {
  readonly operations: readonly Operation[];
  /** The instant, in milliseconds, with fractions. */
  now(): number;
  /** Sends a request to an instance; the browser takes what comes back. Never rejects. */
  visit(site: Site, visit: Visit): Promise<Operation>;
}

/** Nothing answers so late, unless it is broken. */
const LATEST_MS = 30_000;

/** What was noted by an instance that died: nobody knows what it has done to the session. */
const LOST: Note = {
  seen: { isNew: false, unavailable: false, user: null, count: 0, tokens: [] },
  calls: [],
  indexed: [],
};

export function createRecorder(): Recorder {
  const operations: Operation[] = [];
  const tickets = createTickets();
  let number = 0;
  const now = () => performance.timeOrigin + performance.now();

  return {
    operations,
    now,
    async visit(site, { browser, jar, asked, user }) {
      const own = ++number;
      const instance = site.name;
      const token = asked === "change" ? { token: `t${own}` } : {};
      const more = { ...token, ...(user === undefined ? {} : { user }) };
      const at = asked === "end one" ? { at: own } : {};
      const cookie = jar.header();
      const value = jar.get(COOKIE);
      const startedAt = now();
      const response = await ask(site.url + pathOf(asked, { ...more, ...at }), cookie);
      const endedAt = now();
      const set = response && tickets.setBy(response);
      if (response) jar.take(response);
      const { seen, calls, handles } = response ? noteOf(response) : LOST;
      const operation: Operation = {
        number: own,
        browser,
        instance,
        asked,
        ...more,
        startedAt,
        endedAt,
        sent: value === undefined ? null : tickets.of(value),
        status: response?.status ?? 503,
        ...(seen && { seen }),
        ...(set && { set }),
        calls,
        // What the index confirmed when stays out: the clocks of processes are too far apart for that.
        ...(handles && { handles }),
      };
      operations.push(operation);
      return operation;
    },
  };
}

/** Answers undefined where the instance died. */
async function ask(url: string, cookie: string | null): Promise<Response | undefined> {
  try {
    const headers = cookie === null ? {} : { cookie };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(LATEST_MS) });
    await response.arrayBuffer();
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") throw error;
    return undefined;
  }
}

/** What an instance said of a request, in its response. */
export function noteOf(response: Response): Note {
  const text = Buffer.from(response.headers.get(NOTE) ?? "", "base64url").toString("utf8");
  return JSON.parse(text) as Note;
}
