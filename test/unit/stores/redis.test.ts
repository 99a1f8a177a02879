import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { Redis as UpstashRedis } from "@upstash/redis";
import { StoreError } from "coatcheck";
import {
  fromUpstash,
  redisStore,
  type RedisStoreOptions,
  type Send,
  upstash,
} from "coatcheck/redis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { describeWithRedis } from "../../support/needs.ts";
import { KEY_LOCKING, KEY_LOCKING_SHA, SHA, SWAP_SCRIPT } from "../../../src/stores/redis.ts";
import { freePort, type RedisProcess, startRedis } from "../../support/redis.ts";

const NOSCRIPT = "NOSCRIPT No matching script. Please use EVAL.";
const KEY = "key-0123456789";
const VALUE = "value-abcdefghij";
const OLD = "old-klmnopqrst";
const TOKEN = "token-uvwxyz";
const NOW = 1_700_000_000_000;

interface Noted {
  readonly send: Send;
  readonly commands: string[][];
}

/** A `send` that notes each command and answers in turn; a function's answer may be a rejection. */
function sendThat(...answers: readonly (() => unknown)[]): Noted {
  const commands: string[][] = [];
  const send = async (command: string[]) => {
    commands.push(command);
    return answers[Math.min(commands.length, answers.length) - 1]?.();
  };
  return { send, commands };
}

function answers(value: unknown): () => unknown {
  return () => value;
}

function fails(error: unknown): () => never {
  return () => {
    throw error;
  };
}

async function failureOf(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    (answer) => expect.fail(`it was answered: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

function write(send: Send, expected: string | null = null, ttl = 60_000): Promise<unknown> {
  return redisStore(send).write(KEY, VALUE, Date.now() + ttl, expected);
}

afterEach(() => {
  vi.useRealTimers();
});

describe("what is sent", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  });

  test("a read is one GET", async () => {
    const { send, commands } = sendThat(answers(VALUE));
    expect(await redisStore(send).read(KEY)).toBe(VALUE);
    expect(commands).toEqual([["GET", `session:${KEY}`]]);
  });

  test("a write that expects nothing is one EVALSHA without an expected value", async () => {
    const { send, commands } = sendThat(answers(1));
    expect(await write(send)).toEqual({ swapped: true });
    expect(commands).toEqual([["EVALSHA", SHA, "1", `session:${KEY}`, VALUE, "60000"]]);
  });

  test("a write that expects a value is one EVALSHA with it", async () => {
    const { send, commands } = sendThat(answers(1));
    await write(send, OLD);
    expect(commands).toEqual([["EVALSHA", SHA, "1", `session:${KEY}`, VALUE, "60000", OLD]]);
  });

  test("an empty expected value is sent: it is not the same as none", async () => {
    const { send, commands } = sendThat(answers(1));
    await write(send, "");
    expect(commands[0]?.slice(4)).toEqual([VALUE, "60000", ""]);
  });

  test("a refused write is one command too, and answers what stands there", async () => {
    const { send, commands } = sendThat(answers([OLD]));
    expect(await write(send)).toEqual({ swapped: false, current: OLD });
    expect(commands).toHaveLength(1);
    expect(await write(sendThat(answers([null])).send, OLD)).toEqual({
      swapped: false,
      current: null,
    });
  });

  test("the script follows in full where Redis has not seen it, and only then", async () => {
    const { send, commands } = sendThat(fails(new Error(NOSCRIPT)), answers(1));
    expect(await write(send, OLD)).toEqual({ swapped: true });
    expect(commands).toEqual([
      ["EVALSHA", SHA, "1", `session:${KEY}`, VALUE, "60000", OLD],
      ["EVAL", SWAP_SCRIPT, "1", `session:${KEY}`, VALUE, "60000", OLD],
    ]);
  });

  test("a script that is refused in full as well is not sent a third time", async () => {
    const { send, commands } = sendThat(fails(new Error(NOSCRIPT)));
    await failureOf(write(send));
    expect(commands.map(([name]) => name)).toEqual(["EVALSHA", "EVAL"]);
  });

  test.each([
    "ERR unknown command",
    "ERR NOSCRIPTS",
    "NOSCRIPTED",
    "WRONGTYPE NOSCRIPT",
    `ERR no such thing, command was: ["EVALSHA","x","1","k","NOSCRIPT"]`,
    `Unable to parse response body: NOSCRIPT No matching script`,
    "socket closed: NOSCRIPT",
    "",
  ])("no script follows the failure %j", async (text) => {
    const { send, commands } = sendThat(fails(new Error(text)));
    await failureOf(write(send));
    expect(commands).toHaveLength(1);
  });

  test.each([NOSCRIPT, `ERR ${NOSCRIPT}`, `${NOSCRIPT}, command was: ["EVALSHA","x","1","k"]`])(
    "the script follows %j",
    async (text) => {
      const { send, commands } = sendThat(fails(new Error(text)), answers(1));
      expect(await write(send)).toEqual({ swapped: true });
      expect(commands.map(([name]) => name)).toEqual(["EVALSHA", "EVAL"]);
    },
  );

  test("no script follows a NOSCRIPT that came after the deadline", async () => {
    const { send, commands } = sendThat(() => {
      vi.setSystemTime(NOW + 1000);
      throw new Error(NOSCRIPT);
    });
    await failureOf(write(send));
    expect(commands).toHaveLength(1);
  });

  test.each([
    [60_000, "60000"],
    [1, "1"],
    [0.2, "1"],
    [59_999.1, "60000"],
    [34_560_000_000, "34560000000"],
    [0, "0"],
    [-0.5, "0"],
    [-1, "0"],
    [-NOW, "0"],
    [Number.NEGATIVE_INFINITY, "0"],
  ])("a row that is to live for %s ms is sent as %s", async (ttl, text) => {
    const { send, commands } = sendThat(answers(1));
    await write(send, null, ttl);
    expect(commands[0]?.[5]).toBe(text);
    expect(text).toMatch(/^\d+$/);
  });

  test("the line that locks the key alone is sent to Upstash and to nobody else", async () => {
    const { send, commands } = sendThat(fails(new Error(NOSCRIPT)), answers(1));
    await write(Object.assign(send, { keyLocking: true }));
    expect(commands.map(([name, script]) => [name, script])).toEqual([
      ["EVALSHA", KEY_LOCKING_SHA],
      ["EVAL", KEY_LOCKING + SWAP_SCRIPT],
    ]);
  });
});

describe("the script", () => {
  const sha1 = (text: string) => createHash("sha1").update(text).digest("hex");

  test("its SHA is the SHA-1 of its text", () => {
    expect(SHA).toBe(sha1(SWAP_SCRIPT));
  });

  test("its SHA with the locking line is the SHA-1 of that text", () => {
    expect(KEY_LOCKING_SHA).toBe(sha1(KEY_LOCKING + SWAP_SCRIPT));
    expect(KEY_LOCKING).toBe("#!lua flags=allow-key-locking\n");
  });

  test("it names its key by KEYS alone, so that a cluster can route it", () => {
    expect(SWAP_SCRIPT.match(/redis\.call\("\w+", (KEYS\[1\])?/g)).toEqual(
      ["GET", "DEL", "SET"].map((name) => `redis.call("${name}", KEYS[1]`),
    );
  });
});

const WRONG_READS: readonly unknown[] = [
  undefined,
  0,
  1,
  true,
  false,
  1n,
  {},
  { a: 1 },
  [],
  ["value"],
  [null],
  new Map(),
  Buffer.from("value"),
  new Uint8Array(2),
  new Error("ERR"),
  Object("value"),
];
const WRONG_WRITES: readonly unknown[] = [
  undefined,
  null,
  0,
  2,
  -1,
  1.5,
  true,
  "1",
  "OK",
  "",
  1n,
  {},
  { 0: "value", length: 1 },
  [],
  [1],
  [undefined],
  [["value"]],
  [[null]],
  ["a", "b"],
  [null, null],
  [Buffer.from("value")],
  [{}],
  Buffer.from("1"),
  new Set(["value"]),
];

describe("answers of the wrong shape", () => {
  test.each(WRONG_READS.map((answer, at) => [at, answer]))(
    "read() takes no answer for a value or an absence that is neither (%i: %s)",
    async (_, answer) => {
      const error = await failureOf(redisStore(sendThat(answers(answer)).send).read(KEY));
      expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
      expect(error.message).not.toContain("value");
    },
  );

  test.each(WRONG_WRITES.map((answer, at) => [at, answer]))(
    "write() takes no answer for a swap or a refusal that is neither (%i: %s)",
    async (_, answer) => {
      const error = await failureOf(write(sendThat(answers(answer)).send, OLD));
      expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "unknown" });
      expect(error.message).not.toContain("value");
    },
  );

  test("read() takes texts that look like something else for what they are", async () => {
    for (const text of ["", "1", "null", "OK", "Aborted", "false"]) {
      expect(await redisStore(sendThat(answers(text)).send).read(KEY)).toBe(text);
    }
    expect(await redisStore(sendThat(answers(null)).send).read(KEY)).toBe(null);
  });
});

function withCode(message: string, code: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { code });
}

function happyEyeballs(): Error {
  const errors = ["::1", "127.0.0.1"].map((host) =>
    withCode(`connect ECONNREFUSED ${host}:9`, "ECONNREFUSED"),
  );
  const cause = Object.assign(new AggregateError(errors), { code: "ECONNREFUSED" });
  return new TypeError("fetch failed", { cause });
}

const SENT = `["EVALSHA","x","1","session:${KEY}","${VALUE}","60000","${OLD}"]`;
const DOCS = "See https://upstash.com/docs/redis/troubleshooting/x for details";
const NONE = { outcome: "none", code: "STORE_UNAVAILABLE" } as const;
const UNKNOWN = { outcome: "unknown", code: "STORE_UNAVAILABLE" } as const;
const SETUP = { outcome: "none", code: "STORE_MISCONFIGURED" } as const;

type Expected = typeof NONE | typeof UNKNOWN | typeof SETUP;

const TEXTS: readonly (readonly [text: string, expected: Expected])[] = [
  // The setup: waiting does not help.
  [`WRONGPASS invalid or missing auth token. ${DOCS}`, SETUP],
  ["WRONGPASS invalid username-password pair or user is disabled.", SETUP],
  ["NOPERM this user has no permissions to run the 'evalsha' command or its subcommand", SETUP],
  ["NOPERM this user has no permissions to access one of the keys used as arguments", SETUP],
  ["NOAUTH Authentication required.", SETUP],
  ["ERR invalid password", SETUP],
  ["Unauthorized", SETUP],
  ["WRONGTYPE Operation against a key holding the wrong kind of value", SETUP],
  // Refused: certainly not done.
  [`ERR max requests limit exceeded. Limit: 500000, Usage: 500000. ${DOCS}`, NONE],
  [`ERR max daily request limit exceeded. Limit: 10000, Usage: 10000. ${DOCS}`, NONE],
  [`ERR max request size exceeded. Limit: 10485760 bytes, Actual: 10485761 bytes. ${DOCS}`, NONE],
  ["ERR max single record size exceeded. Limit: 104857600 bytes", NONE],
  ["ERR max concurrent connections exceeded", NONE],
  ["ERR max number of clients reached", NONE],
  ["ERR DB capacity quota exceeded. Limit: 268435456 bytes", NONE],
  ["LOADING Redis is loading the dataset in memory", NONE],
  ["READONLY You can't write against a read only replica.", NONE],
  ["OOM command not allowed when used memory > 'maxmemory'.", NONE],
  ["CLUSTERDOWN Hash slot not served", NONE],
  ["CLUSTERDOWN The cluster is down", NONE],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", NONE],
  ["TRYAGAIN Multiple keys request during rehashing of slot", NONE],
  ["BUSY Redis is busy running a script.", NONE],
  ["MISCONF Redis is configured to save RDB snapshots, but is unable to persist on disk.", NONE],
  ["NOREPLICAS Not enough good replicas to write.", NONE],
  // Never sent.
  ["connect ECONNREFUSED 127.0.0.1:6379", NONE],
  ["getaddrinfo ENOTFOUND example.upstash.io", NONE],
  ["getaddrinfo EAI_AGAIN example.upstash.io", NONE],
  ["The client is closed", NONE],
  ["Stream isn't writeable and enableOfflineQueue options is false", NONE],
  ["Unable to connect. Is the computer able to access the url?", NONE],
  ["error sending request: tcp connect error: Connection refused (os error 111)", NONE],
  ["error sending request: dns error: failed to lookup address information", NONE],
  // May have been carried out.
  ["ERR syntax error", UNKNOWN],
  ["ERR Error running script", UNKNOWN],
  ["Socket closed unexpectedly", UNKNOWN],
  ["Connection is closed.", UNKNOWN],
  ["Connection timeout", UNKNOWN],
  ["Command timed out", UNKNOWN],
  ["Reached the max retries per request limit (which is 20).", UNKNOWN],
  ["read ECONNRESET", UNKNOWN],
  ["write EPIPE", UNKNOWN],
  ["other side closed", UNKNOWN],
  ["terminated", UNKNOWN],
  ["fetch failed", UNKNOWN],
  ["Exhausted all retries", UNKNOWN],
  ["Network connection lost.", UNKNOWN],
  ["The operation was aborted due to timeout", UNKNOWN],
  ["Unable to parse response body: <html>502</html>", UNKNOWN],
  ["undefined", UNKNOWN],
  ["", UNKNOWN],
];

const ERRORS: Readonly<Record<string, readonly [error: unknown, expected: Expected]>> = {
  "a code alone": [withCode("", "ECONNREFUSED"), NONE],
  "a code in the cause": [
    new TypeError("fetch failed", {
      cause: withCode("connect ECONNREFUSED 127.0.0.1:9", "ECONNREFUSED"),
    }),
    NONE,
  ],
  "a cause of a cause": [
    new Error("it failed", { cause: new TypeError("x", { cause: withCode("y", "ENOTFOUND") }) }),
    NONE,
  ],
  "all addresses of a host refused": [happyEyeballs(), NONE],
  "a reset in the cause": [
    new TypeError("fetch failed", { cause: withCode("read ECONNRESET", "ECONNRESET") }),
    UNKNOWN,
  ],
  "a timeout": [new DOMException("The operation timed out.", "TimeoutError"), UNKNOWN],
  "a socket that closed in the middle": [
    new TypeError("fetch failed", { cause: withCode("other side closed", "UND_ERR_SOCKET") }),
    UNKNOWN,
  ],
  "a code that is no text": [Object.assign(new Error("x"), { code: Symbol("code") }), UNKNOWN],
  "a message that is no text": [Object.assign(new Error("x"), { message: undefined }), UNKNOWN],
  "a cause that is no error": [new Error("x", { cause: "ECONNREFUSED" }), UNKNOWN],
  "a circle of causes": [circle(), UNKNOWN],
  "a text thrown": ["WRONGPASS", UNKNOWN],
  "undefined thrown": [undefined, UNKNOWN],
  "null thrown": [null, UNKNOWN],
  "a number thrown": [1, UNKNOWN],
  "an object thrown": [{ message: `WRONGPASS ${KEY}`, code: "ECONNREFUSED" }, UNKNOWN],
  "data that say NOSCRIPT": [
    new Error(`ERR something, command was: ["EVALSHA","x","NOSCRIPT No matching script"]`),
    UNKNOWN,
  ],
  "data that say WRONGPASS": [
    new Error(`ERR something, command was: ["GET","WRONGPASS"]\n\nWRONGPASS`),
    UNKNOWN,
  ],
  "data that say ECONNREFUSED": [
    new Error(`ERR something, command was: ["SET","k","connect ECONNREFUSED"]`),
    UNKNOWN,
  ],
  "data that say max daily request limit": [
    new Error(`undefined, command was: ["SET","k","ERR max daily request limit exceeded"]`),
    UNKNOWN,
  ],
  "an unreadable answer that says WRONGPASS": [
    new Error("Unable to parse response body: WRONGPASS", {
      cause: new SyntaxError(`Unexpected token 'W', "WRONGPASS ECONNREFUSED" is not valid JSON`),
    }),
    UNKNOWN,
  ],
};

function circle(): Error {
  const [one, two] = [new Error("one"), new Error("two")];
  return Object.assign(one, { cause: Object.assign(two, { cause: one }) });
}

describe("errors of clients", () => {
  const table: (readonly [name: string, error: unknown, expected: Expected])[] = [
    ...TEXTS.map(([text, expected]) => [text, new Error(text), expected] as const),
    ...TEXTS.map(
      ([text, expected]) =>
        [`${text} (@upstash/redis)`, new Error(`${text}, command was: ${SENT}`), expected] as const,
    ),
    ...Object.entries(ERRORS).map(([name, [error, expected]]) => [name, error, expected] as const),
  ];

  test.each(table)(
    "a client's failure is told by what is certain: %s",
    async (_, error, expected) => {
      const { send, commands } = sendThat(fails(error));
      for (const ask of [() => redisStore(send).read(KEY), () => write(send, OLD)]) {
        const failure = await failureOf(ask());
        expect(failure).toMatchObject(expected);
        for (const text of [failure.message, failure.stack, JSON.stringify(failure)]) {
          for (const secret of [KEY, VALUE, OLD, "127.0.0.1", "upstash.io", "evalsha"]) {
            expect(text).not.toContain(secret);
          }
        }
        expect(failure.cause).toBe(undefined);
      }
      expect(commands).toHaveLength(2);
    },
  );

  test("a misconfiguration names its mend", async () => {
    for (const text of ["WRONGPASS x", "NOPERM x", "NOAUTH x", "WRONGTYPE x"]) {
      const failure = await failureOf(redisStore(sendThat(fails(new Error(text))).send).read(KEY));
      expect(failure.message).toContain(text.slice(0, -2));
      expect(failure.message).toContain("check");
    }
  });

  test("a StoreError passes as it is", async () => {
    const error = new StoreError("none", "Cannot use Redis: it sleeps", "STORE_MISCONFIGURED");
    expect(await failureOf(redisStore(sendThat(fails(error)).send).read(KEY))).toBe(error);
  });

  test("a send that throws at once rejects as any other", async () => {
    const send = (() => {
      throw new Error(`no ${KEY}`);
    }) as Send;
    expect(await failureOf(redisStore(send).read(KEY))).toMatchObject(UNKNOWN);
    expect(await failureOf(write(send))).toMatchObject(UNKNOWN);
  });
});

describeWithRedis("errors of a real Redis", () => {
  let redis: RedisProcess;

  beforeAll(async () => {
    redis = await startRedis({ args: ["--maxmemory-policy", "noeviction"] });
  });

  afterAll(() => redis?.stop());

  const send: Send = (command) => redis.command(command);

  test("a key of another type is a misconfiguration, and stays as it is", async () => {
    await redis.command(["LPUSH", `session:${KEY}`, "item"]);
    expect(await failureOf(redisStore(send).read(KEY))).toMatchObject(SETUP);
    expect(await failureOf(write(send))).toMatchObject(SETUP);
    expect(await redis.command(["LRANGE", `session:${KEY}`, "0", "-1"])).toEqual(["item"]);
    await redis.command(["DEL", `session:${KEY}`]);
  });

  test("a Redis without memory refuses a write, and did nothing", async () => {
    await redis.command(["CONFIG", "SET", "maxmemory", "1"]);
    try {
      expect(await failureOf(write(send))).toMatchObject(NONE);
      expect(await redisStore(send).read(KEY)).toBe(null);
    } finally {
      await redis.command(["CONFIG", "SET", "maxmemory", "0"]);
    }
  });

  test("a replica refuses a write, and did nothing", async () => {
    await redis.command(["REPLICAOF", "127.0.0.1", String(await freePort())]);
    try {
      expect(await failureOf(write(send))).toMatchObject(NONE);
    } finally {
      await redis.command(["REPLICAOF", "NO", "ONE"]);
    }
    expect(await redisStore(send).read(KEY)).toBe(null);
  });

  test("a user without rights is a misconfiguration", async () => {
    await redis.command(["ACL", "SETUSER", "default", "-evalsha", "-eval", "-get"]);
    try {
      expect(await failureOf(redisStore(send).read(KEY))).toMatchObject(SETUP);
      expect(await failureOf(write(send))).toMatchObject(SETUP);
    } finally {
      await redis.command(["ACL", "SETUSER", "default", "+@all"]);
    }
  });

  test("a missing password is a misconfiguration", async () => {
    await redis.command(["CONFIG", "SET", "requirepass", "password"]);
    expect(await failureOf(redisStore(send).read(KEY))).toMatchObject(SETUP);
    expect(await failureOf(write(send))).toMatchObject(SETUP);
  });
});

describe("nothing listens", () => {
  test.each(["127.0.0.1", "localhost"])("on %s: certainly not done", async (host) => {
    const url = `http://${host}:${await freePort()}`;
    const official = new UpstashRedis({ url, token: TOKEN, retry: { retries: 0 } });
    for (const send of [upstash({ url, token: TOKEN }), fromUpstash(official)]) {
      for (const ask of [() => redisStore(send).read(KEY), () => write(send)]) {
        const failure = await failureOf(ask());
        expect(failure).toMatchObject(NONE);
        expect(failure.message).not.toContain(host);
        expect(failure.message).not.toContain(TOKEN);
      }
    }
  });

  test("under a name that does not exist: certainly not done", async () => {
    const send = upstash({ url: "http://nowhere.invalid", token: TOKEN, timeoutMs: 10_000 });
    const failure = await failureOf(write(send));
    expect(failure).toMatchObject(NONE);
    expect(failure.message).not.toContain("nowhere");
  });

  let server: Server | undefined;
  afterAll(() => server?.close());

  test("a connection that is cut before an answer may have been carried out", async () => {
    server = createServer((request) => request.socket.destroy()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const url = `http://127.0.0.1:${port}`;
    const official = new UpstashRedis({ url, token: TOKEN, retry: { retries: 0 } });
    for (const send of [upstash({ url, token: TOKEN }), fromUpstash(official)]) {
      expect(await failureOf(write(send))).toMatchObject(UNKNOWN);
    }
  });
});

describe("the deadline", () => {
  const never: Send = () => new Promise(() => undefined);

  test.each([
    ["what the option says", never, { timeoutMs: 50 }, 50],
    ["what send keeps", Object.assign(never.bind(null), { timeoutMs: 60 }), {}, 60],
    [
      "the option before what send keeps",
      Object.assign(never.bind(null), { timeoutMs: 9000 }),
      { timeoutMs: 70 },
      70,
    ],
    ["a second otherwise", never, {}, 1000],
  ] as const)("is %s", async (_, send, options, ms) => {
    vi.useFakeTimers();
    const store = redisStore(send, options);
    for (const ask of [() => store.read(KEY), () => store.write(KEY, VALUE, NOW, null)]) {
      let failure: unknown;
      const asking = failureOf(ask()).then((error) => (failure = error));
      await vi.advanceTimersByTimeAsync(ms - 1);
      expect(failure).toBe(undefined);
      await vi.advanceTimersByTimeAsync(1);
      await asking;
      expect(failure).toMatchObject({ ...UNKNOWN, message: expect.stringContaining(`${ms} ms`) });
    }
  });

  test("covers EVALSHA and EVAL together", async () => {
    vi.useFakeTimers();
    const { send, commands } = sendThat(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 900));
        throw new Error(NOSCRIPT);
      },
      () => new Promise(() => undefined),
    );
    let failure: unknown;
    const asking = failureOf(write(send)).then((error) => (failure = error));
    await vi.advanceTimersByTimeAsync(999);
    expect(commands).toHaveLength(2);
    expect(failure).toBe(undefined);
    await vi.advanceTimersByTimeAsync(1);
    await asking;
    expect(failure).toMatchObject(UNKNOWN);
  });

  test("leaves no timer behind, whatever came", async () => {
    vi.useFakeTimers();
    for (const answer of [answers(VALUE), answers({}), fails(new Error("ERR"))]) {
      const { send } = sendThat(answer);
      await redisStore(send)
        .read(KEY)
        .catch(() => undefined);
      await write(send).catch(() => undefined);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  test("a rejection that comes after it is nobody's, and harms nobody", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      const { send } = sendThat(async () => {
        await new Promise((resolve) => setTimeout(resolve, 60));
        throw new Error("too late");
      });
      const store = redisStore(send, { timeoutMs: 10 });
      await failureOf(store.read(KEY));
      await failureOf(store.write(KEY, VALUE, Date.now() + 1000, null));
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });
});

describe("options", () => {
  const send: Send = async () => null;

  test("the prefix is what every key begins with", async () => {
    const { send: noted, commands } = sendThat(answers(null));
    await redisStore(noted, { prefix: "shop:prod:" }).read(KEY);
    expect(commands).toEqual([["GET", `shop:prod:${KEY}`]]);
  });

  test.each(["", null, 1, {}, ["a"]])("the prefix %j is a TypeError or a RangeError", (prefix) => {
    const options = { prefix } as unknown as RedisStoreOptions;
    expect(() => redisStore(send, options)).toThrow(/prefix must be/);
  });

  test.each([0, -1, 1.5, 60_001, Number.NaN, Number.POSITIVE_INFINITY])(
    "timeoutMs %s is a RangeError",
    (timeoutMs) => {
      expect(() => redisStore(send, { timeoutMs })).toThrow(RangeError);
      expect(() => redisStore(send, { timeoutMs })).toThrow(/timeoutMs must be a whole number/);
      expect(() => redisStore(Object.assign(async () => null, { timeoutMs }))).toThrow(RangeError);
    },
  );

  test("an unknown option is a TypeError that names it", () => {
    const options = { ttl: 60 } as RedisStoreOptions;
    expect(() => redisStore(send, options)).toThrow(TypeError);
    expect(() => redisStore(send, options)).toThrow(/ttl/);
  });

  test.each([undefined, null, {}, "redis://localhost"])(
    "send that is %j is a TypeError",
    (value) => {
      expect(() => redisStore(value as unknown as Send)).toThrow(TypeError);
      expect(() => redisStore(value as unknown as Send)).toThrow(/send must be a function/);
    },
  );

  test("a store that was made has sent nothing", () => {
    const { send: noted, commands } = sendThat(answers(null));
    redisStore(noted);
    expect(commands).toEqual([]);
  });
});
