import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import process from "node:process";
import { Redis, type RedisConfigNodejs, errors } from "@upstash/redis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { describeWithRedis } from "./needs.ts";
import { type RedisProcess, findRedis, startRedis } from "./redis.ts";
import { type FaultKind, type UpstashBridge, refusedUrl, startUpstash } from "./upstash.ts";

const FLAGGED = "#!lua flags=allow-key-locking\nreturn redis.call('INCR', KEYS[1])";
const EMOJI = 'naïve 日本語 🧥🔑 \u0000 \u001f \u2028 \\ " \r\n';

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

beforeEach(async () => {
  await redis.command(["FLUSHALL"]);
  await redis.command(["SCRIPT", "FLUSH"]);
  bridge.reset();
});

afterEach(() => bridge.clearFaults());

function client(options: Partial<RedisConfigNodejs> = {}): Redis {
  return new Redis({
    url: bridge.url,
    token: bridge.token,
    enableTelemetry: false,
    enableAutoPipelining: false,
    retry: { retries: 0 },
    ...options,
  });
}

interface Raw {
  status: number;
  text: string;
  headers: Headers;
}

async function raw(
  path: string,
  init: { method?: string; body?: BodyInit; headers?: Record<string, string> } = {},
): Promise<Raw> {
  const headers = { authorization: `Bearer ${bridge.token}`, ...init.headers };
  const response = await fetch(bridge.url + path, {
    method: "POST",
    redirect: "manual",
    ...init,
    headers,
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

function post(command: unknown, path = "/", headers: Record<string, string> = {}): Promise<Raw> {
  return raw(path, { body: JSON.stringify(command), headers });
}

const sha1 = (text: string) => createHash("sha1").update(text).digest("hex");

describeWithRedis("the official client", () => {
  test("sets, gets and deletes, with PX, NX and XX", async () => {
    const kv = client();
    expect(await kv.set("k", "v", { px: 60_000 })).toBe("OK");
    expect(await kv.get("k")).toBe("v");
    expect(await kv.pttl("k")).toBeGreaterThan(50_000);
    expect(await kv.set("k", "other", { nx: true })).toBeNull();
    expect(await kv.set("absent", "v", { xx: true })).toBeNull();
    expect(await kv.set("k", "newer", { xx: true, keepTtl: true })).toBe("OK");
    expect(await kv.expire("k", 5)).toBe(1);
    expect(await kv.del("k", "absent")).toBe(1);
    expect(await kv.get("k")).toBeNull();
    expect(await kv.pttl("k")).toBe(-2);
  });

  test("counts, hashes, sorted sets, lists and many keys at once", async () => {
    const kv = client();
    expect(await kv.incr("n")).toBe(1);
    expect(await kv.incrby("n", 41)).toBe(42);
    expect(await kv.hset("h", { a: "1", b: "zwei" })).toBe(2);
    expect(await kv.hgetall("h")).toEqual({ a: 1, b: "zwei" });
    expect(await kv.zadd("z", { score: 2, member: "b" }, { score: 1, member: "a" })).toBe(2);
    expect(await kv.zrange("z", 0, -1, { withScores: true })).toEqual(["a", 1, "b", 2]);
    expect(await kv.rpush("l", "x", "y")).toBe(2);
    expect(await kv.lrange("l", 0, -1)).toEqual(["x", "y"]);
    expect(await kv.mset({ m1: "one", m2: "two" })).toBe("OK");
    expect(await kv.mget("m1", "absent", "m2")).toEqual(["one", null, "two"]);
    expect(await kv.scan(0, { match: "m*", count: 1000 })).toEqual([
      "0",
      expect.arrayContaining(["m1", "m2"]),
    ]);
  });

  test.each([
    ["base64", "base64" as const],
    ["plain", undefined],
  ])("gets every string back as it was, answers in %s", async (_, encoding) => {
    const kv = client({
      responseEncoding: encoding ?? false,
      automaticDeserialization: false,
    });
    for (const value of [EMOJI, "", "OK", "null", '{"a":[1]}', "T0s=", "x".repeat(300_000)]) {
      await kv.set(EMOJI, value);
      expect(await kv.get(EMOJI)).toBe(value);
      expect(await kv.eval("return {ARGV[1], {KEYS[1]}, 7}", [EMOJI], [value])).toEqual([
        value,
        [EMOJI],
        7,
      ]);
    }
    expect(bridge.log[0]?.encoding).toBe(encoding ?? null);
  });

  test("gets the other answers of a pipeline when one of its commands fails", async () => {
    const kv = client();
    const results = await kv
      .pipeline()
      .set("k", "text")
      .incr("k")
      .get("k")
      .exec({ keepErrors: true });
    expect(results.map(({ result }) => result)).toEqual(["OK", undefined, "text"]);
    expect(results.map(({ error }) => error)).toEqual([
      undefined,
      "ERR value is not an integer or out of range",
      undefined,
    ]);
    expect(bridge.log).toHaveLength(1);
    expect(bridge.log[0]?.path).toBe("/pipeline");
    expect(bridge.commandCount).toBe(3);
  });

  test("runs a transaction whole, also past a command that fails", async () => {
    const kv = client();
    expect(await kv.multi().set("k", "1").incr("k").get("k").exec()).toEqual(["OK", 2, 2]);
    await kv.set("word", "text");
    await expect(kv.multi().incr("word").set("after", "set").exec()).rejects.toThrow(
      "Command 1 [ incr ] failed: ERR value is not an integer or out of range",
    );
    expect(await kv.get("after")).toBe("set");
  });

  test("discards a transaction with a command that does not exist", async () => {
    const kv = client();
    const answer = await post(
      [
        ["SET", "k", "v"],
        ["GET", "k", "one too many"],
      ],
      "/multi-exec",
    );
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toEqual({
      error: "ERR wrong number of arguments for 'get' command",
    });
    expect(await kv.get("k")).toBeNull();
  });

  test("puts commands of one tick into one pipeline by itself", async () => {
    const kv = client({ enableAutoPipelining: true });
    await kv.set("k", "v");
    bridge.reset();
    expect(await Promise.all([kv.get("k"), kv.exists("k"), kv.get("none")])).toEqual([
      "v",
      1,
      null,
    ]);
    expect(bridge.log.map(({ path, commands }) => [path, commands.length])).toEqual([
      ["/pipeline", 3],
    ]);
    await expect(kv.hget("k", "f")).rejects.toThrow("Command failed: WRONGTYPE");
  });

  test("sends the sync token of the last answer, which moves with each write", async () => {
    const kv = client();
    await kv.set("a", "1");
    const first = kv.readYourWritesSyncToken;
    await kv.get("a");
    expect(kv.readYourWritesSyncToken).toBe(first);
    await kv.set("b", "2");
    expect(kv.readYourWritesSyncToken).not.toBe(first);
    expect(bridge.log.map(({ syncToken }) => syncToken)).toEqual(["", first, first]);
  });

  test("sends any command with exec()", async () => {
    const kv = client({ automaticDeserialization: false });
    expect(await kv.exec(["SET", "k", "123", "PX", 5000])).toBe("OK");
    expect(await kv.exec(["GET", "k"])).toBe("123");
    await expect(kv.exec(["GETT", "k"])).rejects.toThrow("ERR Command is not available: 'GETT'");
  });

  test("is refused with a wrong token, and allowed only reads with the read-only one", async () => {
    await expect(client({ token: "wrong" }).get("k")).rejects.toThrow(
      /^WRONGPASS invalid or missing auth token.*, command was: \["get","k"\]$/,
    );
    await client().set("k", "v");
    const reader = client({ token: bridge.readOnlyToken });
    expect(await reader.get("k")).toBe("v");
    expect(await reader.ping()).toBe("PONG");
    await expect(reader.set("k", "w")).rejects.toThrow(
      "NOPERM this user has no permissions to run the 'set' command",
    );
    await expect(reader.eval("return 1", [], [])).rejects.toThrow("NOPERM");
    await expect(reader.getex("k", { ex: 1 })).rejects.toThrow("NOPERM");
    await expect(reader.keys("*")).rejects.toThrow("NOPERM");
    expect(await redis.command(["GET", "k"])).toBe("v");
  });
});

describeWithRedis("scripts", () => {
  test("run with Upstash's locking flag, which a plain Redis refuses", async () => {
    await expect(redis.command(["EVAL", FLAGGED, "1", "k"])).rejects.toThrow(/allow-key-locking/);
    expect(await client().eval(FLAGGED, ["k"], [])).toBe(1);
    const readOnly = "#!lua flags=no-writes,allow-key-locking\nreturn redis.call('INCR', KEYS[1])";
    await expect(client().eval(readOnly, ["k"], [])).rejects.toThrow("Write commands");
  });

  test("are known by the sha of what was sent, once they were sent", async () => {
    const kv = client();
    const sha = sha1(FLAGGED);
    await expect(kv.evalsha(sha, ["k"], [])).rejects.toThrow(
      "NOSCRIPT No matching script. Please use EVAL., command was: ",
    );
    await kv.eval(FLAGGED, ["k"], []);
    expect(await kv.evalsha(sha, ["k"], [])).toBe(2);
    expect(await kv.evalsha(sha.toUpperCase(), ["k"], [])).toBe(3);
    expect(await kv.scriptExists(sha, sha1("other"))).toEqual([1, 0]);
    await redis.command(["SCRIPT", "FLUSH"]);
    await expect(kv.evalsha(sha, ["k"], [])).rejects.toThrow("NOSCRIPT");
    expect(await kv.scriptExists(sha)).toEqual([0]);
    expect(await kv.get("k")).toBe(3);
  });

  test("are loaded under that sha as well, with and without the flag", async () => {
    const kv = client();
    expect(await kv.scriptLoad(FLAGGED)).toBe(sha1(FLAGGED));
    expect(await kv.scriptLoad("return 'plain'")).toBe(sha1("return 'plain'"));
    expect(await kv.evalsha(sha1(FLAGGED), ["k"], [])).toBe(1);
    expect(await kv.evalsha(sha1("return 'plain'"), [], [])).toBe("plain");
    expect(await kv.multi().evalsha(sha1(FLAGGED), ["k"], []).exec()).toEqual([2]);
    expect(await kv.createScript(FLAGGED).exec(["k"], [])).toBe(3);
  });

  test("name the line of an error as it was sent", async () => {
    const failing = "#!lua flags=allow-key-locking\n\nerror('no')";
    await expect(client().eval(failing, [], [])).rejects.toThrow("user_script:3: no");
  });
});

describeWithRedis("the protocol", () => {
  test("takes commands from the path, the body and the query", async () => {
    expect((await raw("/set/k/v%2F%20%F0%9F%94%91/PX/9000", { method: "GET" })).text).toBe(
      '{"result":"OK"}',
    );
    expect((await raw("/get/k", { method: "GET" })).text).toBe('{"result":"v/ 🔑"}');
    expect((await raw("/set/k?EX=100&XX", { body: '{"a":1}' })).text).toBe('{"result":"OK"}');
    expect(await redis.command(["GET", "k"])).toBe('{"a":1}');
    expect(await redis.command(["TTL", "k"])).toBe(100);
    expect((await raw("/set/k", { method: "PUT", body: "put" })).status).toBe(200);
  });

  test("answers bytes that are not UTF-8 with U+FFFD, or whole in base64", async () => {
    const bytes = Uint8Array.of(0x61, 0xff, 0xfe, 0x00, 0x62);
    expect((await raw("/set/k", { body: bytes })).status).toBe(200);
    expect(JSON.parse((await raw("/get/k")).text)).toEqual({ result: "a\ufffd\ufffd\u0000b" });
    const base64 = { "upstash-encoding": "base64" };
    const { text } = await post(["GET", "k"], "/", base64);
    expect(JSON.parse(text)).toEqual({ result: Buffer.from(bytes).toString("base64") });
    expect((await post(["SET", "k", "v"], "/", base64)).text).toBe('{"result":"OK"}');
    expect((await post(["PING"], "/", base64)).text).toBe('{"result":"UE9ORw=="}');
    expect((await raw("/get/%ff%00")).text).toBe('{"result":null}');
  });

  test("takes the token from the query, and tells a missing one like a wrong one", async () => {
    const query = `?_token=${bridge.token}`;
    expect((await raw(`/ping${query}`, { headers: { authorization: "" } })).status).toBe(200);
    for (const authorization of ["", "Bearer wrong", "Bearer "]) {
      const { status, text } = await post(["PING"], "/", { authorization });
      expect(status).toBe(401);
      expect(JSON.parse(text)).toEqual({
        error: expect.stringMatching(/^WRONGPASS invalid or missing auth token/),
      });
    }
    expect(bridge.log).toHaveLength(1);
  });

  test("refuses other methods with 405 and no body", async () => {
    for (const method of ["DELETE", "PATCH"]) {
      expect(await raw("/get/k", { method })).toMatchObject({ status: 405, text: "" });
    }
    expect(await raw("/get/k", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
  });

  test("refuses with 400 what is not a command", async () => {
    const cases: [string, string, string][] = [
      ["/", "", "EOF"],
      ["/", "{", "ERR failed to parse command"],
      ["/", '{"a":1}', "expected JSON array"],
      ["/", "[]", "ERR empty command"],
      ["/", '["GET",null]', "ERR null args are not supported"],
      ["/", '["SET","k",{}]', 'ERR unsupported arg type: "{": json.Delim'],
      ["/", '["GET"]', "ERR wrong number of arguments for 'get' command"],
      ["/", '["SET","k","v","PX","0"]', "ERR invalid expire time in 'set' command"],
      ["/pipeline", '["GET","k"]', "ERR failed to parse pipeline command"],
      ["/pipeline", "[]", "ERR empty pipeline request"],
      ["/multi-exec", "x", "ERR failed to parse multi-exec request"],
      ["/multi-exec", '[["GET",null]]', "ERR null args are not supported"],
    ];
    for (const [path, body, error] of cases) {
      const answer = await raw(path, { body });
      expect([path, body, answer.status, JSON.parse(answer.text)]).toEqual([
        path,
        body,
        400,
        { error },
      ]);
    }
  });

  test("takes numbers and booleans, and answers an error inside a pipeline's 200", async () => {
    const { status, text } = await post(
      [
        ["SET", "k", 12.5],
        ["GET", null],
        ["BLPOP", "l", 0],
        ["GET", "k"],
        ["ECHO", true],
      ],
      "/pipeline",
    );
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual([
      { result: "OK" },
      { error: "ERR null args are not supported" },
      { error: expect.stringMatching(/^ERR Command is not available: 'BLPOP'/) },
      { result: "12.5" },
      { result: "true" },
    ]);
  });

  test("refuses commands that wait, subscribe or change the connection", async () => {
    for (const command of [
      ["SUBSCRIBE", "c"],
      ["BRPOP", "l", "0"],
      ["BZPOPMIN", "z", "0"],
      ["XREAD", "BLOCK", "0", "STREAMS", "s", "$"],
      ["WATCH", "k"],
      ["MULTI"],
      ["SELECT", "1"],
      ["AUTH", "x"],
      ["CONFIG", "GET", "*"],
      ["MONITOR"],
      ["SHUTDOWN"],
    ]) {
      const { status, text } = await post(command);
      expect([status, text]).toEqual([
        400,
        expect.stringContaining("ERR Command is not available"),
      ]);
    }
    expect(await post(["XREAD", "STREAMS", "s", "0"])).toMatchObject({
      status: 200,
      text: '{"result":null}',
    });
  });

  test("refuses a command of more than 10 MB, and that one only", async () => {
    const value = "x".repeat(10 * 1024 * 1024);
    const { status, text } = await post(["SET", "k", value]);
    expect(status).toBe(400);
    expect(text).toMatch(/ERR max request size exceeded\. Limit: 10485760 bytes, Actual: 10485764/);
    const pipeline = await post([["SET", "k", value], ["PING"]], "/pipeline");
    expect(pipeline.status).toBe(200);
    expect(JSON.parse(pipeline.text)).toEqual([
      { error: expect.stringContaining("max request size exceeded") },
      { result: "PONG" },
    ]);
    const fits = value.slice(0, -4);
    expect((await post(["SET", "k", fits])).status).toBe(200);
    expect(JSON.parse((await post(["GET", "k"])).text)).toEqual({ result: fits });
  });

  test("gives a sync token with every answer, errors too", async () => {
    const tokens = [];
    for (const command of [["GET", "k"], ["GET"], ["SET", "k", "v"], ["GET", "k"]]) {
      tokens.push((await post(command)).headers.get("upstash-sync-token"));
    }
    expect(tokens).not.toContain(null);
    expect(tokens[1]).toBe(tokens[0]);
    expect(tokens[2]).not.toBe(tokens[1]);
    expect(tokens[3]).toBe(tokens[2]);
  });

  test("keeps transactions of many clients apart", async () => {
    const increments = Array.from({ length: 20 }, () => ["INCR", "n"]);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post(increments, "/multi-exec")),
    );
    for (const { text } of answers) {
      const results = (JSON.parse(text) as { result: number }[]).map(({ result }) => result);
      const [first = 0] = results;
      expect(results).toEqual(increments.map((_, index) => first + index));
    }
  });

  test("records what it was asked", async () => {
    await post(["set", "k", 1], "/", { "upstash-sync-token": "abc" });
    await raw("/get/k?_token=x", { headers: { "upstash-encoding": "base64" } });
    await raw("/get/k");
    expect(bridge.log).toEqual([
      { path: "/", commands: [["set", "k", "1"]], syncToken: "abc", encoding: null, fault: null },
      { path: "/get/k", commands: [["get", "k"]], syncToken: null, encoding: null, fault: null },
    ]);
    expect(bridge.commandCount).toBe(2);
    bridge.reset();
    expect(bridge.commandCount).toBe(0);
  });
});

describeWithRedis("a fault", () => {
  /** What fetch makes of it: a status and a text, or why it failed. */
  async function attempt(command: string[], path = "/"): Promise<string> {
    try {
      const { status, text } = await post(path === "/" ? command : [command], path);
      return `${status} ${text}`;
    } catch (error) {
      return `rejected: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  const value = () => redis.command(["GET", "k"]);

  test.each<[FaultKind, RegExp]>([
    ["refuse", /^rejected: fetch failed/],
    ["500", /^500 <html>/],
    ["502-html", /^502 <html>/],
    ["401", /^401 \{"error":"WRONGPASS/],
    ["quota", /^400 \{"error":"ERR max daily request limit exceeded\. Limit: 10000, Usage: 10000/],
    ["readonly", /^400 \{"error":"NOPERM this user has no permissions to run the 'set' command/],
    ["garbage", /^200 upstream/],
    ["wrong-shape", /^200 \{"result":\{"a":1\}\}$/],
    ["redirect", /^302 <html>/],
  ])("%s keeps the command from the Redis, once", async (kind, expected) => {
    bridge.fault(kind);
    expect(await attempt(["SET", "k", "v"])).toMatch(expected);
    expect(await value()).toBeNull();
    expect(await attempt(["SET", "k", "v"])).toBe('200 {"result":"OK"}');
    expect(bridge.log.map(({ fault }) => fault)).toEqual([kind, null]);
  });

  test.each<[FaultKind, RegExp]>([
    ["lost", /^rejected: fetch failed/],
    ["lost-500", /^500 <html>/],
    ["half", /^rejected: terminated/],
    ["half-json", /^200 \{"resul$/],
  ])("%s comes when the command was executed already", async (kind, expected) => {
    bridge.fault(kind);
    expect(await attempt(["SET", "k", "v"])).toMatch(expected);
    expect(await value()).toBe("v");
  });

  test("quota and readonly refuse each command of a pipeline inside its 200", async () => {
    bridge.fault("quota");
    bridge.fault({ kind: "readonly", text: "NOPERM other words" });
    expect(await attempt(["SET", "k", "v"], "/pipeline")).toMatch(
      /^200 \[\{"error":"ERR max daily/,
    );
    expect(await attempt(["SET", "k", "v"], "/pipeline")).toBe(
      '200 [{"error":"NOPERM other words"}]',
    );
    bridge.fault("quota");
    expect(await attempt(["SET", "k", "v"], "/multi-exec")).toMatch(
      /^400 \{"error":"ERR max daily/,
    );
    expect(await value()).toBeNull();
  });

  test("hang never answers, and ends with the bridge", async () => {
    const other = await startUpstash({ redisPort: redis.port });
    other.fault("hang");
    const answer = fetch(`${other.url}/ping?_token=${other.token}`).then(
      () => "answered",
      () => "failed",
    );
    const later = new Promise((resolve) => setTimeout(resolve, 100, "nothing"));
    expect(await Promise.race([answer, later])).toBe("nothing");
    await other.stop();
    await other.stop();
    expect(await answer).toBe("failed");
  });

  test("slow executes late, also for a client that has gone", async () => {
    bridge.fault({ kind: "slow", ms: 150, times: 2 });
    const start = performance.now();
    expect(await attempt(["SET", "k", "v"])).toBe('200 {"result":"OK"}');
    expect(performance.now() - start).toBeGreaterThan(140);

    const kv = client({ signal: () => AbortSignal.timeout(50) });
    await expect(kv.set("k", "late")).rejects.toThrow(/timeout/);
    expect(await value()).toBe("v");
    await expect.poll(value).toBe("late");
  });

  test("strikes the n-th matching request, as often as planned", async () => {
    bridge.fault({ kind: "500", when: "set", after: 1, times: 2 });
    bridge.fault({ kind: "401", when: ([, key]) => key === "secret" });
    const statuses = [];
    for (const command of [
      ["SET", "k", "1"],
      ["GET", "k"],
      ["SET", "k", "2"],
      ["GET", "secret"],
      ["set", "k", "3"],
      ["SET", "k", "4"],
      ["GET", "secret"],
    ]) {
      statuses.push((await post(command)).status);
    }
    expect(statuses).toEqual([200, 200, 500, 401, 500, 200, 200]);
  });

  test("goes on until cleared, and one comes after the other", async () => {
    bridge.fault("500");
    bridge.fault({ kind: "502-html", times: Infinity });
    const statuses = [];
    for (let index = 0; index < 4; index++) statuses.push((await post(["PING"])).status);
    bridge.clearFaults();
    statuses.push((await post(["PING"])).status);
    expect(statuses).toEqual([500, 502, 502, 502, 200]);
  });

  test("redirect names its target", async () => {
    bridge.fault({ kind: "redirect", location: "http://127.0.0.1:9/x" });
    expect((await post(["PING"])).headers.get("location")).toBe("http://127.0.0.1:9/x");
  });

  test("makes the official client reject", async () => {
    const kv = client();
    for (const kind of ["500", "garbage", "half-json"] as const) {
      bridge.fault(kind);
      await expect(kv.get("k")).rejects.toThrow(errors.UpstashJSONParseError);
    }
    bridge.fault("quota");
    await expect(kv.get("k")).rejects.toThrow(errors.UpstashError);
    bridge.fault("half");
    await expect(kv.get("k")).rejects.toThrow("terminated");
    await expect(client({ url: await refusedUrl() }).get("k")).rejects.toThrow("fetch failed");
  });

  test("lost makes a client that retries write twice", async () => {
    bridge.fault("lost");
    const kv = client({ retry: { retries: 1, backoff: () => 0 } });
    expect(await kv.incr("n")).toBe(2);
  });
});

describeWithRedis("the Redis", () => {
  test("is found and answers", async () => {
    expect(findRedis()).toMatch(/redis-server$/);
    expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`);
    expect(await redis.command(["ECHO", EMOJI])).toBe(EMOJI);
    await expect(redis.command(["NOPE"])).rejects.toThrow("unknown command");
  });

  test("freezes and goes on where it was", async () => {
    redis.pause();
    const answer = post(["SET", "k", "v"]);
    const later = new Promise((resolve) => setTimeout(resolve, 100, "nothing"));
    expect(await Promise.race([answer, later])).toBe("nothing");
    redis.resume();
    expect(await answer).toMatchObject({ status: 200 });
  });

  test("stops also when frozen, and then the bridge answers as a failing gateway", async () => {
    const other = await startRedis({ args: ["--maxmemory", "64mb"] });
    const front = await startUpstash({ redisPort: other.port, token: "t" });
    other.pause();
    await other.stop();
    await other.stop();
    expect(() => process.kill(other.pid, 0)).toThrow("ESRCH");
    const response = await fetch(`${front.url}/ping?_token=t`);
    expect([response.status, await response.text()]).toEqual([
      502,
      expect.stringContaining("<html>"),
    ]);
    const again = await startRedis({ port: other.port });
    expect(await (await fetch(`${front.url}/ping?_token=t`)).json()).toEqual({ result: "PONG" });
    await again.stop();
    await front.stop();
  });

  test("does not take a port that another server holds", async () => {
    await expect(startRedis({ port: redis.port })).rejects.toThrow(/Address already in use/);
    const both = await Promise.all([startRedis(), startRedis()]);
    expect(both[0].port).not.toBe(both[1].port);
    await Promise.all(both.map((one) => one.stop()));
  });
});
