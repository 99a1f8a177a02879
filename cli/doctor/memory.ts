// How full Redis is, and what it does when it is full: where it tells. Upstash may refuse INFO and refuses CONFIG.

import type { Send } from "coatcheck/redis";
import type { Report } from "./finding.ts";

/** A share of the space from which on it is worth a thought. */
const NEARLY_FULL = 0.8;
const CONSOLE = "see its page in the provider's console";

export async function checkMemory(send: Send, report: Report): Promise<void> {
  const info = await readInfo(send);
  const used = Number(info.get("used_memory"));
  const limit = Number(info.get("maxmemory"));
  const policy = info.get("maxmemory_policy");
  if (!info.has("used_memory") || !Number.isFinite(used) || !Number.isFinite(limit)) {
    const message = `Redis does not tell how full it is; ${CONSOLE}`;
    report({ check: "redis.memory", status: "skipped", message });
  } else if (limit > 0 && used / limit >= NEARLY_FULL) {
    report({
      check: "redis.memory",
      status: "warning",
      message: `${percent(used / limit)} of the space is used`,
      why:
        policy === "noeviction"
          ? "once it is full, no session can be created or changed"
          : "once it is full, sessions are evicted: users are signed out",
      mend: "free space or take a larger plan",
      details: { usedBytes: used, limitBytes: limit },
    });
  } else {
    const message = limit > 0 ? `${percent(used / limit)} of the space is used` : "no limit is set";
    report({
      check: "redis.memory",
      status: "ok",
      message,
      details: { usedBytes: used, limitBytes: limit },
    });
  }
  reportEviction(policy, report);
}

function reportEviction(policy: string | undefined, report: Report): void {
  const check = "redis.eviction";
  if (policy === undefined) {
    const message = `Redis does not tell its eviction policy; ${CONSOLE}`;
    report({ check, status: "skipped", message });
  } else if (policy === "noeviction") {
    report({
      check,
      status: "ok",
      message: "nothing is evicted (noeviction)",
      details: { policy },
    });
  } else {
    report({
      check,
      status: "warning",
      message: `rows are evicted when space runs out (${policy.replace(/[^\w-]/g, "")})`,
      why: "a session that is evicted is a user who is signed out, and rows that expire go first",
      mend: "turn eviction off for this database, and keep caches in another",
      details: { policy: policy.replace(/[^\w-]/g, "") },
    });
  }
}

/** `INFO memory` as a map; empty where it is refused. */
async function readInfo(send: Send): Promise<ReadonlyMap<string, string>> {
  try {
    const text = await send(["INFO", "memory"]);
    const lines = Array.from(String(text).matchAll(/^(\w+):(.*?)\r?$/gm));
    return new Map(lines.map(([, name = "", value = ""]) => [name, value]));
  } catch {
    // Refused: then it cannot be told, which is said.
    return new Map();
  }
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}
