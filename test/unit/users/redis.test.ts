import { createHash } from "node:crypto";
import { inspect } from "node:util";
import { StoreError, type UserEntry, type UserIndex } from "coatcheck";
import { redisUsers, type RedisUsersOptions, type Send, upstash } from "coatcheck/redis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { KEY_LOCKING } from "../../../src/stores/redis.ts";
import { USERS_SCRIPT } from "../../../src/users/redis.ts";
import { describeWithRedis } from "../../support/needs.ts";
import { type RedisProcess, startRedis } from "../../support/redis.ts";
import { type FaultKind, startUpstash, type UpstashBridge } from "../../support/upstash.ts";

const sha1 = (text: string) => createHash("sha1").update(text).digest("hex");
const SHA = sha1(USERS_SCRIPT);
const NOSCRIPT = "NOSCRIPT No matching script. Please use EVAL.";
const NOW = 1_700_000_000_000;
const USER = "user-that-nobody-may-see";
const ENTRY: UserEntry = {
  key: "key-that-nobody-may-see",
  handle: "handle-that-nobody-may-see",
  at: NOW - 5000,
  expiresAt: NOW + 60_000,
};
const SECRETS = [USER, ENTRY.key, ENTRY.handle, String(ENTRY.at), "evalsha", "EVALSHA"];

/** Every call of an index. */
const CALLS: Readonly<Record<string, (users: UserIndex, entry?: UserEntry) => Promise<unknown>>> = {
  add: (users, entry = ENTRY) => users.add(USER, entry),
  touch: (users, entry = ENTRY) => users.touch(USER, entry),
  list: (users, { handle } = ENTRY) => users.list(USER, { limit: 50, handle }),
  retire: (users, { handle } = ENTRY) => users.retire(USER, { except: handle }),
  remove: (users, { key } = ENTRY) => users.remove(USER, [key]),
};
const EACH = Object.entries(CALLS);

/** A `send` that notes each command and answers in turn; a function's answer may be a rejection. */
function sendThat(...answers: readonly (() => unknown)[]): { send: Send; commands: string[][] } {
  const commands: string[][] = [];
  const send = async (command: string[]) => {
    commands.push(command);
    return answers[Math.min(commands.length, answers.length) - 1]?.();
  };
  return { send, commands };
}

const answers = (value: unknown) => () => value;
const fails = (error: unknown) => () => {
  throw error;
};

async function failureOf(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    (answer) => expect.fail(`it was answered: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  const printed = inspect(error, { depth: Infinity, showHidden: true });
  // The stack names functions of this file.
  const { message, cause } = error as StoreError;
  for (const secret of SECRETS) expect(`${message} ${String(cause)}`).not.toContain(secret);
  for (const secret of [USER, ENTRY.key, ENTRY.handle]) expect(printed).not.toContain(secret);
  return error as StoreError;
}

afterEach(() => {
  vi.useRealTimers();
});

describe("the script of users", () => {
  test("its SHA is the SHA-1 of its text, with the locking line and without", async () => {
    const { send, commands } = sendThat(fails(new Error(NOSCRIPT)), answers(1));
    await redisUsers(send).add(USER, ENTRY);
    expect(commands.map(([name, script]) => [name, script])).toEqual([
      ["EVALSHA", SHA],
      ["EVAL", USERS_SCRIPT],
    ]);
    const locking = sendThat(fails(new Error(NOSCRIPT)), answers(1));
    await redisUsers(Object.assign(locking.send, { keyLocking: true })).add(USER, ENTRY);
    expect(locking.commands.map(([name, script]) => [name, script])).toEqual([
      ["EVALSHA", sha1(KEY_LOCKING + USERS_SCRIPT)],
      ["EVAL", KEY_LOCKING + USERS_SCRIPT],
    ]);
  });

  test("it names its key by KEYS alone, so that a cluster can route it", () => {
    const calls = USERS_SCRIPT.match(/redis\.call\([^,]*, \w+/g) ?? [];
    expect(calls.length).toBeGreaterThan(8);
    expect(calls.filter((call) => !call.endsWith(", set"))).toEqual([]);
    expect(USERS_SCRIPT).toMatch(/^local set, op, now, expired = KEYS\[1\],/);
    expect(USERS_SCRIPT.match(/KEYS/g)).toHaveLength(1);
  });

  test("the script follows in full where Redis has not seen it, for every call", async () => {
    for (const [name, call] of EACH) {
      const reply = name === "list" ? [] : 1;
      const { send, commands } = sendThat(fails(new Error(NOSCRIPT)), answers(reply));
      await call(redisUsers(send));
      expect(commands.map(([first]) => first)).toEqual(["EVALSHA", "EVAL"]);
      expect(commands[1]?.slice(2)).toEqual(commands[0]?.slice(2));
    }
  });

  test("a script that is refused in full as well is not sent a third time", async () => {
    const { send, commands } = sendThat(fails(new Error(NOSCRIPT)));
    await failureOf(redisUsers(send).add(USER, ENTRY));
    expect(commands).toHaveLength(2);
  });
});

describe("what is sent", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  });

  const sentBy = async (act: (users: UserIndex) => Promise<unknown>, reply: unknown = 1) => {
    const { send, commands } = sendThat(answers(reply));
    await act(redisUsers(send));
    expect(commands).toHaveLength(1);
    expect(commands[0]?.slice(0, 4)).toEqual(["EVALSHA", SHA, "1", `session-users:${USER}`]);
    return commands[0]?.slice(4);
  };
  const { key, handle, at } = ENTRY;
  const place = `${handle}.${key}.`;
  const now = String(NOW);

  test("an add and a touch are one command with the entry", async () => {
    const entry = [String(at), place, `00${NOW + 60_000}`];
    expect(await sentBy((users) => users.add(USER, ENTRY))).toEqual(["add", now, ...entry]);
    expect(await sentBy((users) => users.touch(USER, ENTRY))).toEqual(["touch", now, ...entry]);
  });

  test.each([
    [NOW + 0.2, `00${NOW + 1}`],
    [0, "000000000000000"],
    [-1, "000000000000000"],
    [Infinity, "999999999999999"],
  ])("an expiresAt of %s is sent as %s", async (expiresAt, text) => {
    const sent = await sentBy((users) => users.add(USER, { ...ENTRY, expiresAt }));
    expect(sent?.at(-1)).toBe(text);
  });

  test("a list is one command with what is asked for", async () => {
    const ask = (query: object) => sentBy((users) => users.list(USER, { limit: 50, ...query }), []);
    expect(await ask({})).toEqual(["list", now, "50", "+inf", "", "", ""]);
    expect(await ask({ after: ENTRY, handle, retired: true })).toEqual([
      "list",
      now,
      "50",
      String(at),
      `${handle}.`,
      `${handle}.`,
      "1",
    ]);
  });

  test("a retire and a remove are one command, of however many keys", async () => {
    expect(await sentBy((users) => users.retire(USER, {}))).toEqual(["retire", now, "", ""]);
    const one = await sentBy((users) => users.retire(USER, { handle }));
    expect(one).toEqual(["retire", now, `${handle}.`, ""]);
    const others = await sentBy((users) => users.retire(USER, { except: handle }));
    expect(others).toEqual(["retire", now, "", `${handle}.`]);
    const keys = Array.from({ length: 1000 }, (_, index) => `key${index}`);
    expect(await sentBy((users) => users.remove(USER, keys))).toEqual(["remove", now, ...keys]);
  });

  test("every key begins with the prefix", async () => {
    const { send, commands } = sendThat(answers(1));
    await redisUsers(send, { prefix: "other:" }).add(USER, ENTRY);
    expect(commands[0]?.[3]).toBe(`other:${USER}`);
  });
});

describe("what is answered", () => {
  const member = (text: string) => `handle.key.${text}`;
  const listing = (reply: unknown) =>
    redisUsers(sendThat(answers(reply)).send).list(USER, { limit: 9 });

  test("a list is read from pairs, of which a client may have made numbers", async () => {
    const entry = {
      key: "key",
      handle: "handle",
      at: 1_700_000_000_000,
      expiresAt: 1_800_000_000_000,
    };
    const reply = [member("+001800000000000"), "1.7e+12", member("-001800000000000"), entry.at];
    expect(await listing(reply)).toEqual([
      { ...entry, retired: false },
      { ...entry, retired: true },
    ]);
  });

  const good = member("+001800000000000");
  test.each(
    [
      undefined,
      null,
      1,
      0,
      "",
      "OK",
      {},
      { length: 0 },
      new Map(),
      [1],
      [good],
      [good, null],
      [good, ""],
      [good, "x"],
      [good, Number.NaN],
      [good, {}],
      [null, "1"],
      ["", "1"],
      ["handle.key", "1"],
      [`${good}0`, "1"],
      [good, "1", good],
      [[good, "1"]],
      [member("*001800000000000"), "1"],
      ["handle.+001800000000000", "1"],
      ["a b.key.+001800000000000", "1"],
    ].map((reply) => [inspect(reply), reply] as const),
  )("%s is no list", async (_, reply) => {
    const error = await failureOf(listing(reply));
    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
    expect(error.message).toBe("Cannot use Redis: its answer has the wrong shape");
  });

  test.each([undefined, null, 0, 2, "1", "OK", true, [], [1], {}])(
    "%j is no answer to a change",
    async (reply) => {
      for (const [name, call] of EACH) {
        if (name === "list" || (name === "touch" && reply === 0)) continue;
        const error = await failureOf(call(redisUsers(sendThat(answers(reply)).send)));
        expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
      }
    },
  );
});

describe("an index that cannot be made", () => {
  const send: Send = async () => 1;

  test.each([
    [undefined, {}, TypeError, "send must be a function, such as upstash({ url, token })"],
    [{}, {}, TypeError, "send must be a function, such as upstash({ url, token })"],
    [send, { prefix: "" }, TypeError, "prefix must be text"],
    [send, { prefix: 1 }, RangeError, "prefix must be text"],
    [
      send,
      { timeoutMs: 0 },
      RangeError,
      "timeoutMs must be a whole number of milliseconds from 1 to 60000",
    ],
    [
      send,
      { timeoutMs: "1s" },
      TypeError,
      "timeoutMs must be a whole number of milliseconds from 1 to 60000",
    ],
    [send, { ttl: 5 }, TypeError, "ttl must be left out: it is unknown"],
  ])("%o with %j names the option and the mend", (given, options, Kind, says) => {
    const make = () => redisUsers(given as Send, options as RedisUsersOptions);
    expect(make).toThrow(Kind);
    expect(make).toThrow(`Cannot create Redis index: ${says}`);
  });
});

describe("errors of clients", () => {
  const sent = `["EVALSHA","${SHA}","1","session-users:${USER}","${ENTRY.handle}.${ENTRY.key}"]`;

  test.each([
    [`WRONGPASS invalid token, command was: ${sent}`, "none", "STORE_MISCONFIGURED"],
    [`WRONGTYPE Operation against a key, command was: ${sent}`, "none", "STORE_MISCONFIGURED"],
    [`ERR max daily request limit exceeded, command was: ${sent}`, "none", "STORE_UNAVAILABLE"],
    [`connect ECONNREFUSED 127.0.0.1:6379`, "none", "STORE_UNAVAILABLE"],
    [`ERR Error running script: ${sent}`, "unknown", "STORE_UNAVAILABLE"],
    [`fetch failed`, "unknown", "STORE_UNAVAILABLE"],
  ])("%s", async (text, outcome, code) => {
    for (const [, call] of EACH) {
      const { send, commands } = sendThat(fails(new Error(text)));
      expect(await failureOf(call(redisUsers(send)))).toMatchObject({ outcome, code });
      expect(commands).toHaveLength(1);
    }
  });

  test("R53 a client that does not answer is an outage at the deadline", async () => {
    for (const [, call] of EACH) {
      const send: Send = () => new Promise(() => undefined);
      expect(await failureOf(call(redisUsers(send, { timeoutMs: 20 })))).toMatchObject({
        outcome: "unknown",
        message: "Cannot use Redis: no answer within 20 ms",
      });
    }
  });

  test("the deadline is that which send keeps, unless another is given", async () => {
    const send = Object.assign(() => new Promise(() => undefined), { timeoutMs: 30 });
    const { message } = await failureOf(redisUsers(send).add(USER, ENTRY));
    expect(message).toContain("within 30 ms");
  });

  test("no script follows a NOSCRIPT that came after the deadline", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: NOW });
    const { send, commands } = sendThat(() => {
      vi.setSystemTime(NOW + 1000);
      throw new Error(NOSCRIPT);
    });
    await failureOf(redisUsers(send).add(USER, ENTRY));
    expect(commands).toHaveLength(1);
  });
});

describeWithRedis("a set of entries in a real Redis", () => {
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
    bridge.clearFaults();
    await redis.command(["FLUSHDB"]);
  });

  const NAME = `session-users:${USER}`;
  const open = (timeoutMs = 10_000) => {
    const { url, token } = bridge;
    return redisUsers(upstash({ url, token, timeoutMs }));
  };
  const entry = (name: string, life: number): UserEntry => {
    const now = Date.now();
    return { key: `key-${name}`, handle: `handle-${name}`, at: now, expiresAt: now + life };
  };
  const lifeOf = async () => Number(await redis.command(["PTTL", NAME]));
  const membersOf = async () => Number(await redis.command(["ZCARD", NAME]));

  test("expires with its last entry", async () => {
    const users = open();
    const first = entry("a", 60_000);
    await users.add(USER, first);
    expect(await lifeOf()).toBeGreaterThan(50_000);
    expect(await lifeOf()).toBeLessThanOrEqual(60_000);
    await users.add(USER, entry("b", 90_000));
    expect(await lifeOf()).toBeGreaterThan(80_000);
    expect(await lifeOf()).toBeLessThanOrEqual(90_000);
    await users.add(USER, entry("c", 1000));
    expect(await lifeOf()).toBeGreaterThan(80_000);
    await users.touch(USER, { ...first, expiresAt: Date.now() + 120_000 });
    expect(await lifeOf()).toBeGreaterThan(110_000);
    await users.retire(USER, {});
    expect(await lifeOf()).toBeGreaterThan(110_000);
  });

  test("is gone by itself once all of its entries have expired", async () => {
    const users = open();
    await users.add(USER, entry("a", 150));
    await users.add(USER, entry("b", 200));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await redis.command(["EXISTS", NAME])).toBe(0);
  });

  test("is gone after the last removal", async () => {
    const users = open();
    for (const name of ["a", "b"]) await users.add(USER, entry(name, 60_000));
    await users.remove(USER, ["key-a"]);
    expect(await redis.command(["EXISTS", NAME])).toBe(1);
    await users.remove(USER, ["key-b"]);
    expect(await redis.command(["EXISTS", NAME])).toBe(0);
  });

  test("is not made by what adds nothing, nor by an entry that has expired", async () => {
    const users = open();
    await users.retire(USER, {});
    await users.remove(USER, ["absent"]);
    await users.list(USER, { limit: 1 });
    await users.add(USER, entry("old", -1));
    await users.touch(USER, entry("old", 0));
    expect(await redis.command(["EXISTS", NAME])).toBe(0);
  });

  test("an entry that has expired takes no other with it", async () => {
    const users = open();
    await users.add(USER, entry("a", 60_000));
    await users.add(USER, entry("old", -1));
    expect((await users.list(USER, { limit: 9 })).map(({ key }) => key)).toEqual(["key-a"]);
    expect(await lifeOf()).toBeGreaterThan(50_000);
  });

  test("what has expired goes where a list, a retire or a remove meets it", async () => {
    const users = open();
    const walks = [
      () => users.list(USER, { limit: 9 }),
      () => users.list(USER, { limit: 9, handle: "handle-a" }),
      () => users.retire(USER, {}),
      () => users.remove(USER, ["absent"]),
    ];
    await users.add(USER, entry("a", 60_000));
    for (const walk of walks) {
      for (const name of ["b", "c"]) await users.add(USER, entry(name, 30));
      expect(await membersOf()).toBe(3);
      await new Promise((resolve) => setTimeout(resolve, 60));
      await walk();
      expect(await membersOf()).toBe(1);
    }
  });

  test("every call is one command, and two where the script is not there yet", async () => {
    const users = open();
    await redis.command(["SCRIPT", "FLUSH"]);
    bridge.reset();
    await users.add(USER, ENTRY);
    expect(bridge.commandCount).toBe(2);
    for (const [, call] of EACH) {
      bridge.reset();
      await call(users);
      expect(bridge.log.map(({ commands }) => commands.map(([name]) => name))).toEqual([
        ["EVALSHA"],
      ]);
    }
  });

  test("a script that Redis has forgotten fails no call", async () => {
    const users = open();
    for (const [, call] of EACH) {
      await redis.command(["SCRIPT", "FLUSH"]);
      await call(users);
    }
  });

  test("a key of another type is a misconfiguration, and stays as it is", async () => {
    await redis.command(["SET", NAME, "text"]);
    for (const [, call] of EACH) {
      expect(await failureOf(call(open()))).toMatchObject({
        outcome: "none",
        code: "STORE_MISCONFIGURED",
      });
    }
    expect(await redis.command(["GET", NAME])).toBe("text");
  });

  const OUTCOMES: Readonly<Partial<Record<FaultKind, readonly [outcome: string, code?: string]>>> =
    {
      refuse: ["unknown"],
      hang: ["unknown"],
      "500": ["unknown"],
      "502-html": ["unknown"],
      "401": ["none", "STORE_MISCONFIGURED"],
      quota: ["none"],
      readonly: ["none", "STORE_MISCONFIGURED"],
      garbage: ["unknown"],
      half: ["unknown"],
      "half-json": ["unknown"],
      lost: ["unknown"],
      "lost-500": ["unknown"],
      "wrong-shape": ["unknown"],
      redirect: ["none", "STORE_MISCONFIGURED"],
    };

  test.each(Object.entries(OUTCOMES))(
    "R51 the fault %s is no answer, to any call",
    async (kind, [outcome, code = "STORE_UNAVAILABLE"]) => {
      await open().add(USER, { ...ENTRY, expiresAt: Date.now() + 60_000 });
      for (const [, call] of EACH) {
        bridge.reset();
        bridge.fault(kind as FaultKind);
        const users = open(kind === "hang" ? 200 : 10_000);
        expect(await failureOf(call(users))).toMatchObject({ outcome, code });
        // Never sent a second time: it may have been carried out.
        expect(bridge.commandCount).toBe(1);
      }
      expect(await open().list(USER, { limit: 9 })).toBeInstanceOf(Array);
    },
  );
});
