// `coatcheck doctor`: one check after the other, each reported as soon as it is known.

import { upstash } from "coatcheck/redis";
import { UsageError } from "../usage.ts";
import { isCluster, sendOf } from "./client.ts";
import type { Variables } from "./files.ts";
import type { Finding, Report } from "./finding.ts";
import { loadModule, pick } from "./load.ts";
import { checkPrisma } from "./prisma.ts";
import { checkRedis, refusal } from "./redis.ts";
import { secretFinding } from "./secret.ts";
import { checkSite } from "./site.ts";
import { checkVariables } from "./variables.ts";

/** As given on the command line. */
export interface DoctorOptions {
  readonly variables: Variables;
  readonly prisma?: string;
  readonly model: string;
  readonly redis?: string;
  readonly site?: URL;
  readonly cookie?: string;
  readonly timeoutMs: number;
}

/** Makes every check; one that ends before its time does not end the others. */
export async function examine(options: DoctorOptions, report: Report): Promise<void> {
  const { variables, prisma, redis, site, timeoutMs } = options;
  const found = checkVariables(variables, redis !== undefined, report);
  report(secretFinding(variables));

  await attempt("redis.reach", report, async () => {
    if (redis !== undefined) return checkClient(redis, timeoutMs, report);
    if (found.credentials === undefined || found.chosen === undefined) return undefined;
    const { host: name = "Redis", isPassword = false, names } = found.chosen;
    const send = upstash({ ...found.credentials(), timeoutMs });
    return checkRedis({ send, name, timeoutMs, isPassword, names }, report);
  });

  if (prisma !== undefined) {
    await attempt("prisma.module", report, () =>
      checkPrisma({ path: prisma, model: options.model, timeoutMs }, report),
    );
  } else {
    const message =
      "not checked; --prisma ./db.js names a module that exports the client as prisma";
    report({ check: "prisma.module", status: "skipped", message });
  }
  if (found.chosen === undefined && redis === undefined && prisma === undefined) {
    report(memoryAlone());
  }

  if (site !== undefined) {
    const cookie = options.cookie === undefined ? {} : { cookie: options.cookie };
    await attempt("site.reach", report, () =>
      checkSite({ url: site, timeoutMs, ...cookie }, report),
    );
  } else {
    const message = "not checked; --site https://example.com looks at the cookie there";
    report({ check: "site.scheme", status: "skipped", message });
  }
}

/** Nobody has thought of what is thrown here: that is one thing that could not be checked. */
async function attempt(
  check: string,
  report: Report,
  work: () => Promise<void> | undefined,
): Promise<void> {
  try {
    await work();
  } catch {
    report(endedEarly(check));
  }
}

/** What was thrown may quote anything. */
export function endedEarly(check: string): Finding {
  return {
    check,
    status: "unknown",
    message: "the check failed before its end",
    why: "what comes after it in this part was not looked at",
    mend: "try again; a module of your own that throws beside the checks, or ends the process, shows why when it is run by itself",
  };
}

/** Without Redis and Prisma there is only this. */
function memoryAlone(): Finding {
  return {
    check: "store.memory",
    status: "wrong",
    message: "sessions would be kept in memory alone",
    why: "each instance has its own, and a restart ends them all: users are signed out at random",
    mend: "set the two variables of a Redis, or check your database with --prisma",
  };
}

async function checkClient(path: string, timeoutMs: number, report: Report): Promise<void> {
  const loaded = await loadModule("redis.module", path, timeoutMs);
  if ("finding" in loaded) return report(loaded.finding);
  const client = pick(loaded.exports, ["redis", "kv", "client"]);
  if (isCluster(client)) return report(clusterFinding(path));
  try {
    const send = await sendOf(client, timeoutMs);
    if (send === undefined) return report(noClient(path));
    report({ check: "redis.module", status: "ok", message: `${path} has a client for Redis` });
    await checkRedis({ send, name: "Redis", timeoutMs }, report);
  } catch (error) {
    // It does not connect.
    report(refusal(error, { name: "Redis" }));
  }
}

function noClient(path: string): Finding {
  return {
    check: "redis.module",
    status: "wrong",
    message: `${path} exports no client for Redis`,
    why: "no session can be kept there",
    mend: "export one of node-redis, ioredis or @upstash/redis as redis",
  };
}

function clusterFinding(path: string): Finding {
  return {
    check: "redis.module",
    status: "wrong",
    message: `${path}: redis is a cluster of node-redis`,
    why: "a command needs the node that has its key, and storeFromEnv throws",
    mend: "give a function that sends one command to it",
  };
}

/** @throws UsageError for what is no address of a site */
export function siteOf(text: string): URL {
  if (/^(?!https?:)[a-z][a-z\d+.-]*:\/\//i.test(text))
    throw new UsageError("Cannot check site: its address begins with https:// or http://");
  const full = /^https?:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(full))
    throw new UsageError("Cannot check site: give its address, as in https://example.com");
  return new URL(full);
}
