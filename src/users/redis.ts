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
 * A member is handle, key, `+` or, retired, `-`, and 15 digits of `expiresAt`; its score is `at`: Redis keeps the order of
 * a list itself, byte by byte. What has expired goes where a call meets it, and the set expires with its last entry.
 */
export const USERS_SCRIPT = `local set, op, now, expired = KEYS[1], ARGV[1], tonumber(ARGV[2]), {}
local function call(name, args)
  for i = 1, #args, 500 do redis.call(name, set, unpack(args, i, math.min(i + 499, #args))) end
end
local function stands(member)
  if tonumber(string.sub(member, -15)) > now then return true end
  expired[#expired + 1] = member
end
local function begins(member, text) return string.sub(member, 1, #text) == text end
local function isRetired(member) return string.byte(member, -16) == 45 end
-- Lua's own < follows the server's locale.
local function isBelow(member, text)
  for i = 1, #text do
    local a, b = string.byte(member, i) or 0, string.byte(text, i)
    if a ~= b then return a < b end
  end
  return false
end
local reply = 1
if op == "list" then
  local limit, at, after, handle, retired = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6], ARGV[7]
  local step, offset, met = 1000, 0, nil
  if handle == "" and retired == "" then step = limit end
  reply = {}
  repeat
    met = redis.call("ZREVRANGEBYSCORE", set, at, "-inf", "WITHSCORES", "LIMIT", offset, step)
    for i = 1, #met, 2 do
      local member, score = met[i], met[i + 1]
      local comes = after == "" or tonumber(score) < tonumber(at) or isBelow(member, after)
      local fits = begins(member, handle) and (retired == "" or isRetired(member))
      if stands(member) and comes and fits and #reply < 2 * limit then
        reply[#reply + 1] = member
        reply[#reply + 1] = score
      end
    end
    offset = offset + step
  until #met < 2 * step or #reply == 2 * limit
elseif op == "remove" then
  local keys, gone = {}, {}
  for i = 3, #ARGV do keys[ARGV[i]] = true end
  for _, member in ipairs(redis.call("ZRANGE", set, 0, -1)) do
    if stands(member) and keys[string.sub(member, string.find(member, ".", 1, true) + 1, -18)] then
      gone[#gone + 1] = member
    end
  end
  call("ZREM", gone)
elseif op == "retire" then
  local handle, except, old, new = ARGV[3], ARGV[4], {}, {}
  local all = redis.call("ZRANGE", set, 0, -1, "WITHSCORES")
  for i = 1, #all, 2 do
    local member = all[i]
    local isMeant = begins(member, handle) and (except == "" or not begins(member, except))
    if stands(member) and isMeant and not isRetired(member) then
      old[#old + 1] = member
      new[#new + 1] = all[i + 1]
      new[#new + 1] = string.sub(member, 1, -17) .. "-" .. string.sub(member, -15)
    end
  end
  -- A set that is empty for a moment would forget when it expires.
  call("ZADD", new)
  call("ZREM", old)
else
  local at, place, expiresAt, old = ARGV[3], ARGV[4], ARGV[5], nil
  for _, member in ipairs(redis.call("ZRANGEBYSCORE", set, at, at)) do
    if begins(member, place) and stands(member) then old = member end
  end
  local left = tonumber(expiresAt) - now
  if op == "touch" then reply = old and 1 or 0 end
  if left > 0 and (not old) == (op == "add") then
    local new = place .. (old and string.sub(old, -16, -16) or "+") .. expiresAt
    redis.call("ZADD", set, at, new)
    if left > redis.call("PTTL", set) then redis.call("PEXPIRE", set, string.format("%d", left)) end
    if new == old then old = nil end
  end
  if old and op == "touch" then redis.call("ZREM", set, old) end
end
call("ZREM", expired)
return reply`;

const SCRIPT: Script = {
  text: USERS_SCRIPT,
  sha: "7faa0434b971e2311a62dbdf7d9beb22c93f31e5",
  keyLockingSha: "6a2b770de6049e3c54e6febb8d48911617b4de80",
};

const DIGITS = 15;
const MEMBER = /^([\w-]+)\.([\w-]+)\.([+-])(\d{15})$/;

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
    add: (user, entry) => change(user, "add", ...placeOf(entry), digits(entry.expiresAt)),
    async touch(user, entry) {
      const reply = await run(user, "touch", ...placeOf(entry), digits(entry.expiresAt));
      if (reply !== 0 && reply !== 1) throw wrongShape();
      return reply === 1;
    },
    async list(user, { limit, after, handle, retired }) {
      const place = after ? [String(after.at), `${after.handle}.`] : ["+inf", ""];
      const given = [...place, beginningOf(handle), retired ? "1" : ""];
      const reply = await run(user, "list", String(limit), ...given);
      if (!Array.isArray(reply)) throw wrongShape();
      const entries: ListedEntry[] = [];
      for (let at = 0; at < reply.length; at += 2) entries.push(decode(reply[at], reply[at + 1]));
      return entries;
    },
    retire: (user, { handle, except }) =>
      change(user, "retire", beginningOf(handle), beginningOf(except)),
    remove: (user, keys) => change(user, "remove", ...keys),
  };
}

function placeOf({ at, handle, key }: UserEntry): [at: string, place: string] {
  return [String(at), `${handle}.${key}.`];
}

/** What members of a handle begin with: with anything, where none is asked for. */
function beginningOf(handle: string | undefined): string {
  return handle === undefined ? "" : `${handle}.`;
}

function digits(expiresAt: number): string {
  const whole = Math.min(Math.max(Math.ceil(expiresAt), 0), 10 ** DIGITS - 1);
  return String(whole).padStart(DIGITS, "0");
}

/** A client may have made a number of the score. */
function decode(member: unknown, score: unknown): ListedEntry {
  const [, handle, key, sign, expiresAt] = MEMBER.exec(String(member)) ?? [];
  const at = typeof score === "string" && score !== "" ? Number(score) : score;
  if (handle === undefined || key === undefined || !Number.isFinite(at)) throw wrongShape();
  return { key, handle, at: at as number, expiresAt: Number(expiresAt), retired: sign === "-" };
}

function wrongShape(): StoreError {
  return failure("its answer has the wrong shape");
}
