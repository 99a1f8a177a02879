// The doctor and a real Redis behind Upstash's protocol: every fault is brought about, and nothing secret is printed.

import process from "node:process";
import { fromUpstash, type Send, upstash } from "coatcheck/redis";
import { Redis } from "@upstash/redis";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Finding } from "../../cli/doctor/finding.ts";
import { checkRedis } from "../../cli/doctor/redis.ts";
import { describeWithRedis } from "../support/needs.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import {
  type FaultPlan,
  refusedUrl,
  startUpstash,
  type UpstashBridge,
} from "../support/upstash.ts";
import { coatcheck, examine, expectFinding, found } from "./command.ts";

vi.setConfig({ testTimeout: 60_000 });

const SECRET = "NGTY2h1TbpLLFQw3qJ0oRxVdMZkEcS5u9aWi7XfBPQI";

let redis: RedisProcess;
let bridge: UpstashBridge;

beforeAll(async () => {
  redis = await startRedis();
  bridge = await startUpstash({ redisPort: redis.port });
});

afterAll(async () => {
  await bridge?.stop();
  await redis?.stop();
});

afterEach(async () => {
  bridge.clearFaults();
  // Whatever was wrong, nothing is left behind that does not go by itself within a minute.
  const keys = (await redis.command(["KEYS", "*"])) as string[];
  for (const key of keys) expect(Number(await redis.command(["PTTL", key]))).toBeGreaterThan(0);
  await redis.command(["FLUSHALL"]);
});

function variables(changes: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    UPSTASH_REDIS_REST_URL: bridge.url,
    UPSTASH_REDIS_REST_TOKEN: bridge.token,
    SESSION_SECRET: SECRET,
    ...changes,
  };
}

/** Runs the doctor in both forms; neither shows a secret. */
async function withBoth(args: readonly string[], env: Readonly<Record<string, string>>) {
  const [report, text] = await Promise.all([
    examine(args, { env }),
    coatcheck(["doctor", ...args], { env: { ...env, FORCE_COLOR: "1" } }),
  ]);
  expect(text.code).toBe(report.exitCode);
  const secrets = [SECRET, bridge.token, bridge.readOnlyToken, "wrong-token-0123456789"];
  for (const printed of [report.outcome.out, report.outcome.err, text.out, text.err]) {
    for (const secret of secrets) expect(printed).not.toContain(secret);
    expect(printed).not.toMatch(/\n\s+at .+:\d+/); // no stack
  }
  return { report, text };
}

describeWithRedis("with all as it should be", () => {
  test("everything is well, exit code 0, and no key stays behind", async () => {
    const { report, text } = await withBoth([], variables());
    expect(report.exitCode).toBe(0);
    expect(report.findings.filter(({ status }) => status === "wrong")).toEqual([]);
    for (const check of ["reach", "token", "roundtrip", "memory", "eviction", "clock"]) {
      expectFinding(report, `redis.${check}`, "ok");
    }
    expect(await redis.command(["KEYS", "*"])).toEqual([]);
    expect(text.out).toContain("All is well");
    expect(report.outcome.err).toBe("");
  });

  test("tells which variables were found, which is used, and what answered how fast", async () => {
    const env = variables({
      KV_REST_API_URL: "https://other.upstash.io",
      KV_REST_API_TOKEN: "wrong-token-0123456789",
    });
    const { report } = await withBoth([], env);
    const [passedOver, chosen] = found(report, "env.redis");
    expect(chosen).toMatchObject({ status: "ok", details: { host: "127.0.0.1", kind: "rest" } });
    expect(chosen?.message).toContain("UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN");
    expect(passedOver?.message).toContain("KV_REST_API_URL");
    const { p50Ms, pings } = expectFinding(report, "redis.reach", "ok").details ?? {};
    expect(p50Ms).toBeGreaterThan(0);
    expect(pings).toBe(5);
  });

  test("the round trip uses the real store, on one key, under the usual prefix", async () => {
    bridge.reset();
    await examine([], { env: variables() });
    const keys = bridge.log.flatMap(({ commands }) =>
      commands.flatMap(([name = "", ...rest]) => (name === "EVALSHA" ? [rest[2]] : [])),
    );
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^session:doctor-/);
    // A create, a twin, three that are alike, a swap, one that expires, another create, a removal.
    expect(keys).toHaveLength(9);
  });
});

/** A fault of the bridge, what is found then, and some of the words. */
const FAULTS: readonly (readonly [name: string, plan: FaultPlan, check: string, says: RegExp])[] = [
  ["a token that is refused", { kind: "401" }, "redis.token", /token is refused/],
  ["a quota that is used up", { kind: "quota" }, "redis.quota", /quota is used up/],
  ["a replica", { kind: "readonly", when: "SET" }, "redis.token", /read and not write|replica/],
  ["garbage", { kind: "garbage" }, "redis.reach", /does not speak Upstash's REST/],
  ["another shape", { kind: "wrong-shape" }, "redis.reach", /does not speak Upstash's REST/],
  ["half an answer", { kind: "half" }, "redis.reach", /nobody can say why/],
  ["half the JSON", { kind: "half-json" }, "redis.reach", /does not speak Upstash's REST/],
  ["a redirect", { kind: "redirect" }, "redis.reach", /does not speak Upstash's REST/],
  ["a gateway's 500", { kind: "500" }, "redis.reach", /gateway/],
  ["a gateway's page", { kind: "502-html" }, "redis.reach", /gateway/],
  ["silence", { kind: "hang" }, "redis.reach", /no answer came in time/],
  ["a connection that ends", { kind: "refuse" }, "redis.reach", /nobody can say why/],
  ["a write that is lost", { kind: "lost", when: "EVALSHA" }, "redis.roundtrip", /nobody can say/],
  ["a quota within the trip", { kind: "quota", when: "EVALSHA" }, "redis.roundtrip", /quota/],
];

describeWithRedis("a fault", () => {
  test.each(FAULTS)("R48 %s is found, with its mend, and nothing secret", async (...row) => {
    const [, plan, check, says] = row;
    bridge.fault({ ...plan, times: Infinity });
    const { report, text } = await withBoth(["--timeout", "700"], variables());
    expect(report.exitCode).toBe(1);
    expect(expectFinding(report, check, "wrong").message).toMatch(says);
    expect(text.out).toContain("Something is wrong");
    expect(text.out).toMatch(/why:/);
    expect(text.out).toMatch(/mend:/);
  });

  test("R48 a wrong token is found where it is checked", async () => {
    const env = variables({ UPSTASH_REDIS_REST_TOKEN: "wrong-token-0123456789" });
    const { report } = await withBoth([], env);
    expect(report.exitCode).toBe(1);
    const { message, mend } = expectFinding(report, "redis.token", "wrong");
    expect(message).toContain("the token is refused");
    expect(mend).toContain("UPSTASH_REDIS_REST_TOKEN");
    expect(found(report, "redis.roundtrip")).toEqual([]);
  });

  test("R48 a token that only reads is found, though it answers every ping", async () => {
    const env = variables({ UPSTASH_REDIS_REST_TOKEN: bridge.readOnlyToken });
    const { report } = await withBoth([], env);
    expect(report.exitCode).toBe(1);
    expectFinding(report, "redis.reach", "ok");
    expect(expectFinding(report, "redis.token", "wrong").message).toContain("read and not write");
  });

  test("a port that nobody listens on is told from a host that does not exist", async () => {
    const refused = await withBoth([], variables({ UPSTASH_REDIS_REST_URL: await refusedUrl() }));
    expect(expectFinding(refused.report, "redis.reach", "wrong").message).toContain("refused");
    const none = await withBoth(
      ["--timeout", "10000"],
      variables({ UPSTASH_REDIS_REST_URL: "https://no-such-database.invalid" }),
    );
    expect(expectFinding(none.report, "redis.reach", "wrong").message).toContain("no such host");
  });

  test("what could not be checked is exit code 2 where nothing is wrong", async () => {
    const site = (await refusedUrl()).replace("http:", "https:").replace("127.0.0.1", "localhost");
    const { report, text } = await withBoth(["--site", site], variables());
    expect(report.exitCode).toBe(2);
    expectFinding(report, "site.reach", "unknown");
    expect(text.out).toContain("Not everything could be checked");
  });

  test("slow answers are a warning, and exit code 0", async () => {
    bridge.fault({ kind: "slow", when: "PING", ms: 200, times: Infinity });
    const { report } = await withBoth([], variables());
    expect(report.exitCode).toBe(0);
    expect(expectFinding(report, "redis.reach", "warning").why).toContain("every request");
  });

  test("an address and a token that are exchanged are told by name, and not shown", async () => {
    const env = variables({
      UPSTASH_REDIS_REST_URL: bridge.token,
      UPSTASH_REDIS_REST_TOKEN: bridge.url,
    });
    const { report } = await withBoth([], env);
    expect(report.exitCode).toBe(1);
    expect(expectFinding(report, "env.redis", "wrong").message).toContain("exchanged");
  });

  test("a Redis over TCP is told to need a client, and without any the rest is memory", async () => {
    const env = { REDIS_URL: "redis://default:hunter2-hunter2@redis.example.com:6379" };
    const { report, text } = await withBoth([], env);
    expect(expectFinding(report, "env.redis", "wrong").mend).toContain("node-redis or ioredis");
    expectFinding(report, "store.memory", "wrong");
    expect(report.outcome.out + text.out).not.toContain("hunter2");
  });
});

describeWithRedis("space and eviction", () => {
  afterEach(async () => {
    await redis.command(["CONFIG", "SET", "maxmemory", "0"]);
    await redis.command(["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
  });

  test("a policy that evicts is a warning that names it", async () => {
    await redis.command(["CONFIG", "SET", "maxmemory", "100mb"]);
    await redis.command(["CONFIG", "SET", "maxmemory-policy", "volatile-lru"]);
    const report = await examine([], { env: variables() });
    expect(report.exitCode).toBe(0);
    const eviction = expectFinding(report, "redis.eviction", "warning");
    expect(eviction.message).toContain("volatile-lru");
    expect(eviction.why).toContain("signed out");
    expect(expectFinding(report, "redis.memory", "ok").message).toMatch(/^\d+% of the space/);
  });

  test("little space left is a warning, none at all is wrong", async () => {
    const info = String(await redis.command(["INFO", "memory"]));
    const used = Number(/used_memory:(\d+)/.exec(info)?.[1]);
    await redis.command(["CONFIG", "SET", "maxmemory", String(Math.round(used * 1.15))]);
    const nearly = await examine([], { env: variables() });
    expectFinding(nearly, "redis.memory", "warning");
    await redis.command(["CONFIG", "SET", "maxmemory", "1"]);
    const full = await examine([], { env: variables() });
    expect(full.exitCode).toBe(1);
    expect(expectFinding(full, "redis.memory", "wrong").message).toContain("full");
  });

  test("where INFO is refused it is said that it cannot be told, and all is well", async () => {
    const text = "ERR Command is not available: 'INFO'";
    bridge.fault({ kind: "quota", when: "INFO", text, times: Infinity });
    const report = await examine([], { env: variables() });
    expect(report.exitCode).toBe(0);
    expectFinding(report, "redis.memory", "skipped");
    expectFinding(report, "redis.eviction", "skipped");
  });
});

describeWithRedis("the clock", () => {
  test.each([
    [-90_000, "90 s behind"],
    [90_000, "90 s ahead of"],
  ])("of a machine that is %i ms off is told from Redis's", async (shift, says) => {
    const code = `const now = Date.now; Date.now = () => now() + ${shift};`;
    const env = variables({ NODE_OPTIONS: `--import data:text/javascript,${encodeURI(code)}` });
    const report = await examine([], { env });
    const { message, why, details } = expectFinding(report, "redis.clock", "warning");
    expect(message).toContain(says);
    expect(why).toContain("cachedStore");
    expect(Math.abs(Number(details?.["skewMs"]))).toBeGreaterThan(80_000);
  });
});

/** What `checkRedis` reports of a `send`. */
async function reported(send: Send, isPassword = false): Promise<Finding[]> {
  const findings: Finding[] = [];
  const subject = { send, name: "Redis", timeoutMs: 5000, isPassword };
  await checkRedis(subject, (finding) => findings.push(finding));
  return findings;
}

describeWithRedis("by hand", () => {
  test("an old database, whose token is not its password, is told with the way out", async () => {
    const send = upstash({ url: bridge.url, token: "the-password-0123456789" });
    const [finding] = await reported(send, true);
    expect(finding).toMatchObject({ check: "redis.token", status: "wrong" });
    expect(finding?.message).toContain("older databases");
    expect(finding?.mend).toContain("ACL RESTTOKEN");
  });

  test("the official client does as well", async () => {
    const client = new Redis({ url: bridge.url, token: bridge.token, enableTelemetry: false });
    const statuses = (await reported(fromUpstash(client))).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set(["ok"]));
  });

  test("something between that rewrites answers fails the round trip", async () => {
    const send = upstash({ url: bridge.url, token: bridge.token });
    const caching: Send = async (command) =>
      command[0] === "GET" ? "something else" : send(command);
    const finding = (await reported(caching)).find(({ check }) => check === "redis.roundtrip");
    expect(finding).toMatchObject({ status: "wrong" });
    expect(finding?.message).toContain("does not come back");
  });
});

test("the process has no Redis variables of its own here, or the tests would ask that one", () => {
  expect(Object.keys(process.env).filter((name) => /UPSTASH|KV_REST/.test(name))).toEqual([]);
});
