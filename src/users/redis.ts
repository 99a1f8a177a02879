// Users in any Redis, reached through one function: a sorted set for each, changed by one script.

import { checkOptions, isFunction, isText } from "../check.ts";
import type { StoreError } from "../errors.ts";
import { TIMEOUT, within } from "../stores/deadline.ts";
import { classify, failure, late, runScript, type Script, type Send } from "../stores/redis.ts";
import type { ListedEntry, UserEntry, UserIndex } from "../users.ts";

/** What `redisUsers` takes. */
export interface RedisUsersOptions {
  /** What every key begins with: one for each application and environment. Default `session-users:`. */
  readonly prefix?: string;
  /** Milliseconds that one call may take, everything included. Default 1,000, or what `send` keeps. */
  readonly timeoutMs?: number;
}

/**
 * A member is `+` or, retired, `-`, then 15 digits of `at`, the handle and the key, between points; its score is
 * `expiresAt`. What has expired is trimmed with every change, and the set expires with its last member.
 */
export const USERS_SCRIPT = `local set, op, now = KEYS[1], ARGV[1], ARGV[2]
local function all(from)
  local found, listed = {}, redis.call("ZRANGEBYSCORE", set, from, "+inf", "WITHSCORES")
  for i = 1, #listed, 2 do
    local member = listed[i]
    local handle, key = string.match(member, "^.%d+%.([^.]*)%.(.*)$")
    found[#found + 1] = {member = member, score = listed[i + 1], place = string.sub(member, 2), handle = handle, key = key}
  end
  return found
end
local function call(name, args)
  for i = 1, #args, 500 do redis.call(name, set, unpack(args, i, math.min(i + 499, #args))) end
end
if op == "list" then
  local limit, after, handle, retired = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
  local found = {}
  for _, entry in ipairs(all("(" .. now)) do
    local fits = (after == "" or entry.place < after) and (handle == "" or entry.handle == handle)
    if fits and (retired == "" or string.sub(entry.member, 1, 1) == "-") then found[#found + 1] = entry end
  end
  table.sort(found, function(a, b) return a.place > b.place end)
  local reply = {}
  for i = 1, math.min(limit, #found) do
    reply[2 * i - 1], reply[2 * i] = found[i].member, found[i].score
  end
  return reply
end
if op == "remove" then
  local keys, gone = {}, {}
  for i = 3, #ARGV do keys[ARGV[i]] = true end
  for _, entry in ipairs(all("-inf")) do
    if keys[entry.key] then gone[#gone + 1] = entry.member end
  end
  call("ZREM", gone)
elseif op == "retire" then
  local old, new = {}, {}
  for _, entry in ipairs(all("(" .. now)) do
    if string.sub(entry.member, 1, 1) == "+" and entry.handle ~= ARGV[3] then
      old[#old + 1] = entry.member
      new[#new + 1], new[#new + 2] = entry.score, "-" .. entry.place
    end
  end
  call("ZREM", old)
  call("ZADD", new)
else
  local place, score = ARGV[3], ARGV[4]
  local retired = redis.call("ZSCORE", set, "-" .. place)
  if op == "touch" or not (retired or redis.call("ZSCORE", set, "+" .. place)) then
    redis.call("ZADD", set, score, (retired and "-" or "+") .. place)
  end
end
redis.call("ZREMRANGEBYSCORE", set, "-inf", now)
local last = redis.call("ZREVRANGE", set, 0, 0, "WITHSCORES")
if last[2] then redis.call("PEXPIRE", set, string.format("%d", last[2] - now)) end
return 1`;

const SCRIPT: Script = {
  text: USERS_SCRIPT,
  sha: "4b12e5f70f69d4d676c00b60e4923e85a486015c",
  keyLockingSha: "1eda7530f9476aed4ae07924ad7b96f1ec0b6cb0",
};

const DIGITS = 15;
const MEMBER = /^([+-])(\d{15})\.([\w-]+)\.([\w-]+)$/;

/**
 * An index of users in Redis. Each call is one EVALSHA on one key, and an EVAL where Redis has not seen the script yet.
 *
 * @throws TypeError for an unknown option or a wrong prefix; RangeError for `timeoutMs` that is no whole number from
 *   1 to 60,000
 */
export function redisUsers(send: Send, options: RedisUsersOptions = {}): UserIndex {
  const { prefix, timeoutMs } = checkOptions(
    "Redis index",
    { timeoutMs: send?.timeoutMs, ...options, send },
    {
      send: [undefined, isFunction, "a function, such as upstash({ url, token })"],
      prefix: ["session-users:", isText(/[^]/), "text"],
      timeoutMs: TIMEOUT,
    },
  ) as unknown as Required<RedisUsersOptions>;

  async function run(user: string, op: string, ...given: readonly string[]): Promise<unknown> {
    const now = Date.now();
    const row = ["1", prefix + user, op, String(now), ...given];
    try {
      return await within(timeoutMs, late, () => runScript(send, SCRIPT, row, now + timeoutMs));
    } catch (error) {
      throw classify(error);
    }
  }

  async function change(...given: Parameters<typeof run>): Promise<void> {
    if ((await run(...given)) !== 1) throw wrongShape();
  }

  return {
    add: (user, entry) => change(user, "add", placeOf(entry), scoreOf(entry)),
    touch: (user, entry) => change(user, "touch", placeOf(entry), scoreOf(entry)),
    async list(user, { limit, after, handle = "", retired }) {
      const place = after ? `${digits(after.at)}.${after.handle}.` : "";
      const reply = await run(user, "list", String(limit), place, handle, retired ? "1" : "");
      if (!Array.isArray(reply)) throw wrongShape();
      const entries: ListedEntry[] = [];
      for (let at = 0; at < reply.length; at += 2) entries.push(decode(reply[at], reply[at + 1]));
      return entries;
    },
    retire: (user, except) => change(user, "retire", except ?? ""),
    remove: (user, keys) => change(user, "remove", ...keys),
  };
}

function placeOf({ at, handle, key }: UserEntry): string {
  return `${digits(at)}.${handle}.${key}`;
}

function digits(at: number): string {
  return String(at).padStart(DIGITS, "0");
}

function scoreOf({ expiresAt }: UserEntry): string {
  return String(Math.ceil(expiresAt));
}

/** A client may have made a number of the score. */
function decode(member: unknown, score: unknown): ListedEntry {
  const [, sign, at, handle, key] = MEMBER.exec(String(member)) ?? [];
  if (handle === undefined || key === undefined) throw wrongShape();
  return { key, handle, at: Number(at), expiresAt: Number(score), retired: sign === "-" };
}

function wrongShape(): StoreError {
  return failure("its answer has the wrong shape");
}
