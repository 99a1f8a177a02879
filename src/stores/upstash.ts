// Commands to Upstash Redis over REST, with nothing but `fetch`. Our own few lines: how it fails is what we are for.

import { checkOptions, isText, type Rule } from "../check.ts";
import { StoreError } from "../errors.ts";
import { classify, failure, late, misconfigured, type Send, TIMEOUT } from "./redis.ts";

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
  url: [undefined, isRestUrl, "the REST address, as in https://example.upstash.io"],
  // A token that no header can carry would be quoted by the platform's own error.
  token: [undefined, isText(/^[\x21-\x7e]+$/), "the REST token, on one line"],
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

  async function post(command: readonly string[], deadline: number): Promise<unknown> {
    const signal = AbortSignal.timeout(Math.max(deadline - Date.now(), 1));
    let response: Response;
    let text: string;
    try {
      const body = JSON.stringify(command);
      response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
      text = await response.text();
    } catch (error) {
      throw signal.aborted ? late(timeoutMs) : classify(error);
    }
    // An answer that the deadline cut off is no answer, whatever the platform made of it (R58).
    if (signal.aborted) throw late(timeoutMs);
    const syncToken = response.headers.get(SYNC_TOKEN);
    if (syncToken) headers.set(SYNC_TOKEN, syncToken);
    return readReply(response.status, text);
  }

  async function send(command: [string, ...string[]]): Promise<unknown> {
    const deadline = Date.now() + timeoutMs;
    try {
      return await post(command, deadline);
    } catch (error) {
      const unknown = error instanceof StoreError && error.outcome === "unknown";
      if (unknown && command[0] === "GET" && Date.now() < deadline) return post(command, deadline);
      throw error;
    }
  }

  return Object.assign(send, { timeoutMs, keyLocking: true });
}

function isRestUrl(url: unknown): boolean {
  if (typeof url !== "string" || !URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return /^https?:$/.test(protocol) && !username && !password;
}

/** Errors have no code of their own: the status tells a little, the text the rest. */
function readReply(status: number, text: string): unknown {
  if (status === 429 || status >= 500) throw failure(`it answered ${status}`);
  let body: { result?: unknown; error?: unknown } | null | undefined;
  try {
    body = JSON.parse(text) as typeof body;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof body?.error === "string") throw new Error(body.error);
  if (status !== 200) throw misconfigured(`it answered ${status}; check the url`);
  if (body?.result === undefined) throw failure("its answer was cut off");
  return body.result;
}
