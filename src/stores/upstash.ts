// Commands to Upstash Redis over REST, with nothing but `fetch`. Our own few lines: how it fails is what we are for.

import { checkOptions, isText, type Rule } from "../check.ts";
import { StoreError } from "../errors.ts";
import { TIMEOUT } from "./deadline.ts";
import { classify, failure, late, type Send } from "./redis.ts";

/** What `upstash` takes: the database's REST address and token. */
export interface UpstashOptions {
  /** As in `https://example.upstash.io`; `UPSTASH_REDIS_REST_URL` in Upstash's console. */
  readonly url: string;
  /** The standard token, not the read-only one; `UPSTASH_REDIS_REST_TOKEN` in Upstash's console. */
  readonly token: string;
  /** Milliseconds that one command may take, a retry included: 1 to 60,000. Default 1,000. */
  readonly timeoutMs?: number;
}

const SYNC_TOKEN = "Upstash-Sync-Token";
const RULES: Readonly<Record<string, Rule>> = {
  url: [undefined, isRestUrl, "the REST address, https://example.upstash.io"],
  // A token that no header can carry would be quoted by the platform's own error.
  token: [undefined, isText(/^[\x21-\x7e]+$/), "the REST token"],
  timeoutMs: TIMEOUT,
};

/**
 * Makes the `send` of an Upstash database, for `redisStore`. A read that got no whole answer is sent once more; a
 * write never is. `Upstash-Sync-Token` goes back with every command, so that a replica answers what was written.
 *
 * The function rejects with StoreError; for an error reply of Redis with an Error that carries Redis's text.
 *
 * @throws TypeError for a missing or wrong url or token; RangeError for `timeoutMs`
 * @see https://upstash.com/docs/redis/features/restapi
 */
export function upstash(options: UpstashOptions): Send {
  const checked = checkOptions("Upstash client", options, RULES);
  const { url, token, timeoutMs } = checked as unknown as Required<UpstashOptions>;
  const headers = new Headers({
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
  });

  let sent = 0;
  let newest = 0;

  async function post(command: readonly string[], signal: AbortSignal): Promise<unknown> {
    const body = JSON.stringify(command);
    const order = ++sent;
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
      text = await response.text();
      // An answer that the deadline cut off is no answer, whatever the platform made of it (R58).
      signal.throwIfAborted();
    } catch (error) {
      throw signal.aborted ? late(timeoutMs) : classify(error);
    }
    const syncToken = response.headers.get(SYNC_TOKEN);
    // An answer that was overtaken knows less than the one that overtook it.
    if (syncToken && order > newest) {
      headers.set(SYNC_TOKEN, syncToken);
      newest = order;
    }
    return readReply(response.status, text);
  }

  async function send(command: [string, ...string[]]): Promise<unknown> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await post(command, signal);
    } catch (error) {
      // Asked of the signal, not of the clock: a timer may strike a moment early, and then there would be a second try.
      const unknown = error instanceof StoreError && error.outcome === "unknown";
      if (unknown && command[0] === "GET" && !signal.aborted) return post(command, signal);
      throw error;
    }
  }

  return Object.assign(send, { timeoutMs, keyLocking: true });
}

/** Over HTTP, without user and password, which fetch refuses. */
function isRestUrl(url: unknown): boolean {
  return /^https?:\/\/[^/?#@\\]+([/?#]|$)/i.test(String(url)) && URL.canParse(String(url));
}

/** Errors have no code of their own: the status tells a little, the text the rest. */
function readReply(status: number, text: string): unknown {
  if (status >= 500) throw failure(`it answered ${status}`);
  let body: { result?: unknown; error?: unknown } | null | undefined;
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    // No JSON: cut off, or a page of somebody else's. The status tells which.
  }
  if (typeof body?.error === "string") throw new Error(body.error);
  if (status === 429) throw failure(`it answered ${status}`);
  if (status !== 200) {
    throw failure(`it answered ${status}; check the url`, "none", "STORE_MISCONFIGURED");
  }
  if (body?.result === undefined) throw failure("its answer was cut off");
  return body.result;
}
