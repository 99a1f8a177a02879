// One Redis, through `send`: does it answer, how fast, may it be written to, and does the store keep its promises there.

import { randomUUID } from "node:crypto";
import { redisStore, type Send } from "coatcheck/redis";
import { clockFinding, momentOf } from "./clock.ts";
import { faultOf } from "./faults.ts";
import type { Finding, Report } from "./finding.ts";
import { checkMemory } from "./memory.ts";
import { MEANINGS, roundTrip, WHOLE } from "./trip.ts";

/** What is asked, and how. */
export interface RedisSubject {
  readonly send: Send;
  /** For the reader: a host, or the module it comes from. */
  readonly name: string;
  readonly timeoutMs: number;
  /** Whether the token is the password of a `redis://` address. */
  readonly isPassword?: boolean;
  /** The variables of address and token; absent for a client of a module. */
  readonly names?: readonly string[];
}

const PINGS = 5;
/** More than a request should spend on its session. */
const SLOW_MS = 150;

const OLD_DATABASE =
  "set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN to those of Upstash's console, or the token to what ACL RESTTOKEN default <password> answers in redis-cli";

export async function checkRedis(subject: RedisSubject, report: Report): Promise<void> {
  const { send, timeoutMs } = subject;
  const reached = await reach(subject, report);
  if (!reached || !(await mayWrite(subject, report))) return;
  const trip = await roundTrip(redisStore(send, { timeoutMs }));
  if (trip.isWhole) {
    report({ check: "redis.roundtrip", status: "ok", message: WHOLE, details: { ms: trip.ms } });
  } else if (trip.error !== undefined) {
    report({ status: "wrong", ...faultOf(trip.error, subject.names), check: "redis.roundtrip" });
  } else {
    report({
      check: "redis.roundtrip",
      status: "wrong",
      message: MEANINGS[trip.step],
      why: "what the library promises rests on it: changes may be lost, ended sessions may come back",
      mend: "check that nothing between here and Redis caches or rewrites answers",
    });
  }
  await checkMemory(send, report);
  await clock(send, report);
}

/** Pings, and reports how long it took, or why there was no answer. */
async function reach(subject: RedisSubject, report: Report): Promise<boolean> {
  const { send, name } = subject;
  const times: number[] = [];
  try {
    for (let ping = 0; ping < PINGS; ping++) {
      const startAt = performance.now();
      const reply = await send(["PING"]);
      if (reply !== "PONG") throw new Error("its answer has the wrong shape");
      times.push(performance.now() - startAt);
    }
  } catch (error) {
    report(refusal(error, subject));
    return false;
  }
  const p50Ms = Math.round(medianOf(times) * 10) / 10;
  const message = `${name} answers, p50 ${p50Ms} ms of ${PINGS} pings`;
  const base = { check: "redis.reach", message, details: { p50Ms, pings: PINGS } };
  if (p50Ms <= SLOW_MS) report({ ...base, status: "ok" });
  else {
    report({
      ...base,
      status: "warning",
      why: "every request that reads a session waits that long, a change twice as long",
      mend: "create the database in the region where your functions run; from your own machine this may be the way there",
    });
  }
  return true;
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((one, other) => one - other)[times.length >> 1] ?? 0;
}

/** Why there is no answer, or not the one that was asked for. */
export function refusal(
  error: unknown,
  { name, isPassword = false, names }: Pick<RedisSubject, "name" | "isPassword" | "names">,
): Finding {
  const fault = faultOf(error, names);
  const message = `${name}: ${fault.message}`;
  if (fault.check === "redis.token" && isPassword) {
    return {
      ...fault,
      status: "wrong",
      message: `${message}; it is the password of a redis:// address, which older databases do not take for a token`,
      mend: OLD_DATABASE,
    };
  }
  return { ...fault, status: "wrong", message };
}

/** A token that only reads answers every ping. */
async function mayWrite({ send, names }: RedisSubject, report: Report): Promise<boolean> {
  const key = `session:doctor-${randomUUID()}`;
  try {
    await send(["SET", key, "1", "PX", "1000"]);
    await send(["DEL", key]);
  } catch (error) {
    report({ ...faultOf(error, names), status: "wrong" });
    return false;
  }
  report({ check: "redis.token", status: "ok", message: "may read and write" });
  return true;
}

async function clock(send: Send, report: Report): Promise<void> {
  try {
    const moment = await momentOf(async () => {
      const reply = await send(["TIME"]);
      const [seconds, micros] = Array.isArray(reply) ? reply.map(Number) : [];
      const at = Number(seconds) * 1000 + Number(micros) / 1000;
      if (!Number.isFinite(at)) throw new Error("its answer has the wrong shape");
      return at;
    });
    report(clockFinding("redis.clock", "Redis's", moment));
  } catch {
    // Not every plan answers TIME, and nothing rests on it.
    const message = "Redis does not tell its time";
    report({ check: "redis.clock", status: "skipped", message });
  }
}
