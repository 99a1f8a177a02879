// Rows in any Redis, reached through one function. Compare-and-swap is one script on one key.

import { checkOptions, isFunction, isText } from "../check.ts";
import { StoreError, type StoreOutcome } from "../errors.ts";
import type { Store } from "../store.ts";
import { TIMEOUT, within } from "./deadline.ts";

/**
 * Sends one command and answers Redis's reply as it is: strings as strings, nil as null, an error as a rejection
 * whose message begins with Redis's own text. With node-redis `(command) => client.sendCommand(command)`, with
 * ioredis `([name, ...args]) => client.call(name, ...args)`.
 */
export interface Send {
  (command: [string, ...string[]]): Promise<unknown>;
  /** The deadline that the function keeps itself, in milliseconds; the store's own follows it. */
  readonly timeoutMs?: number;
  /** Whether Redis is Upstash's, which lets a script lock its key instead of the whole database. */
  readonly keyLocking?: boolean;
}

/** What `redisStore` takes. */
export interface RedisStoreOptions {
  /** What every key begins with: one for each application and environment. Default `session:`. */
  readonly prefix?: string;
  /** Milliseconds that one read or write may take, everything included. Default 1,000, or what `send` keeps. */
  readonly timeoutMs?: number;
}

/** A script on one key. Redis knows it by its SHA-1 (a test holds them to the text). */
export interface Script {
  readonly text: string;
  readonly sha: string;
  /** Of the text with {@link KEY_LOCKING} before it. */
  readonly keyLockingSha: string;
}

/** Answers 1, or what stands there in a list of one. An expected value that is missing means: nothing. */
export const SWAP_SCRIPT = `local current = redis.call("GET", KEYS[1])
if current ~= (ARGV[3] or false) then return {current} end
if ARGV[2] == "0" then redis.call("DEL", KEYS[1]) else redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2]) end
return 1`;
/** Upstash runs other scripts beside one that says so; every other Redis refuses the line. */
export const KEY_LOCKING = "#!lua flags=allow-key-locking\n";
export const SHA = "1479176026ef34a09b42e5050640b40a77296a91";
export const KEY_LOCKING_SHA = "f06b38f3dc10c999bb1c09e7fe485be0f7123c69";
const SWAP: Script = { text: SWAP_SCRIPT, sha: SHA, keyLockingSha: KEY_LOCKING_SHA };

/**
 * A store in Redis. A read is one GET; a write is one EVALSHA (GET and SET inside), and an EVAL where Redis has not
 * seen the script yet. Rows are strings that Redis expires itself.
 *
 * @throws TypeError for an unknown option or a wrong prefix; RangeError for `timeoutMs` that is no whole number from
 *   1 to 60,000
 */
export function redisStore(send: Send, options: RedisStoreOptions = {}): Store {
  const { prefix, timeoutMs } = checkOptions(
    "Redis store",
    { timeoutMs: send?.timeoutMs, ...options, send },
    {
      send: [undefined, isFunction, "a function, such as upstash({ url, token })"],
      prefix: ["session:", isText(/[^]/), "text"],
      timeoutMs: TIMEOUT,
    },
  ) as unknown as Required<RedisStoreOptions>;

  async function ask(work: () => Promise<unknown>): Promise<unknown> {
    try {
      return await within(timeoutMs, late, work);
    } catch (error) {
      throw classify(error);
    }
  }

  return {
    async read(key) {
      return checkValue(await ask(() => send(["GET", prefix + key])));
    },

    async write(key, value, expiresAt, expected) {
      const now = Date.now();
      // Relative, since the clock that counts is Redis's own. PX refuses fractions, and 0, which stands for removal.
      const ttl = Math.max(Math.ceil(expiresAt - now), 0);
      const row = ["1", prefix + key, value, String(ttl)];
      if (expected !== null) row.push(expected);
      const reply = await ask(() => runScript(send, SWAP, row, now + timeoutMs));
      if (reply === 1) return { swapped: true };
      const current = Array.isArray(reply) && reply.length === 1 && (reply[0] as unknown);
      return { swapped: false, current: checkValue(current) };
    },
  };
}

/**
 * Runs a script by its SHA-1, and once more by its text where Redis has not seen it yet.
 *
 * @param row the number of keys, the key and the arguments
 * @param deadline epoch milliseconds: nothing is sent after it
 */
export async function runScript(
  send: Send,
  { text, sha, keyLockingSha }: Script,
  row: readonly string[],
  deadline: number,
): Promise<unknown> {
  const { keyLocking } = send;
  try {
    return await send(["EVALSHA", keyLocking ? keyLockingSha : sha, ...row]);
  } catch (error) {
    if (!/^NOSCRIPT\b/.test(replyText(error)) || Date.now() >= deadline) throw error;
    return send(["EVAL", (keyLocking ? KEY_LOCKING : "") + text, ...row]);
  }
}

function checkValue(reply: unknown): string | null {
  if (reply === null || typeof reply === "string") return reply;
  throw failure("its answer has the wrong shape");
}

/** Why Redis cannot answer; unless told otherwise, of a command that may have been carried out. */
export function failure(
  reason: string,
  outcome: StoreOutcome = "unknown",
  code?: "STORE_MISCONFIGURED",
): StoreError {
  return new StoreError(outcome, `Cannot use Redis: ${reason}`, code);
}

/** The error of a command that was not answered in time. */
export function late(timeoutMs: number): StoreError {
  return failure(`no answer within ${timeoutMs} ms`);
}

/** Redis has no codes for what went wrong: its text tells. What is not here may have been carried out. */
const MISCONFIGURED = /^(WRONGPASS|NOAUTH|NOPERM|WRONGTYPE|unauthorized|invalid password)/i;
/** Refused for now (full, busy, over its quota), or never sent. */
const REFUSED =
  /^(max [a-z]+|OOM|DB capacity|LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS)|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|[Cc]onnection ?[Rr]efused|[Uu]nable to connect|dns error|client is closed|enableOfflineQueue/;

/** Turns what a client throws into a StoreError that quotes only words from the lists: more may hold keys. */
export function classify(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const text = replyText(error);
  const fault = MISCONFIGURED.exec(text)?.[0];
  if (fault) {
    return failure(`${fault}; check token, rights and prefix`, "none", "STORE_MISCONFIGURED");
  }
  const refusal = REFUSED.exec(text)?.[0];
  return refusal ? failure(refusal, "none") : failure("the command failed");
}

/**
 * The error's own text, and its causes', without what clients put around it: `@upstash/redis` appends the command,
 * with key and data, and quotes an answer that it cannot parse.
 */
function replyText(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return "";
  const { message, code, cause } = error as Error & { code?: unknown };
  const text = String(message);
  if (text.startsWith("Unable to parse")) return "";
  const own = text.replace(/, command was:[^]*|^((ERR|Command failed:) )+/g, "");
  return `${own} ${String(code)} ${replyText(cause, depth + 1)}`;
}
