import { once } from "node:events";
import { createServer } from "node:http";
import { Redis } from "@upstash/redis";
import type { SessionEvent } from "coatcheck";
import { fromUpstash, redisStore, type UpstashClient } from "coatcheck/redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWithRedis } from "../../support/needs.ts";
import { type RedisProcess, startRedis } from "../../support/redis.ts";
import { startUpstash, type UpstashBridge } from "../../support/upstash.ts";

const unavailable = {
  name: "StoreError",
  code: "STORE_UNAVAILABLE",
  outcome: "unknown",
};

/** A client whose `exec` notes the command and answers what it is told. */
function clientThat(answer: (command: readonly string[]) => unknown): {
  client: UpstashClient;
  commands: (readonly string[])[];
} {
  const commands: (readonly string[])[] = [];
  return {
    commands,
    client: {
      async exec(command) {
        commands.push(command);
        return answer(command);
      },
    },
  };
}

describe("what is sent", () => {
  test("a read is an MGET of one key, which cannot be mistaken for an aborted GET", async () => {
    const { client, commands } = clientThat(() => ["value"]);
    expect(await redisStore(fromUpstash(client)).read("key")).toBe("value");
    expect(commands).toEqual([["MGET", "session:key"]]);
  });

  test("a list of one nil is an absence", async () => {
    const { client } = clientThat(() => [null]);
    expect(await redisStore(fromUpstash(client)).read("key")).toBe(null);
  });

  test("a write is sent as it is, once", async () => {
    const { client, commands } = clientThat(() => 1);
    await redisStore(fromUpstash(client)).write("key", "value", Date.now() + 60_000, "old");
    expect(commands).toHaveLength(1);
    expect(commands[0]?.slice(0, 1)).toEqual(["EVALSHA"]);
    expect(commands[0]?.slice(2, 5)).toEqual(["1", "session:key", "value"]);
    expect(commands[0]?.slice(6)).toEqual(["old"]);
  });

  test("the script locks its key alone, since Redis is Upstash's", async () => {
    const { client, commands } = clientThat(([name]) => {
      if (name === "EVALSHA") throw new Error("NOSCRIPT No matching script. Please use EVAL.");
      return 1;
    });
    await redisStore(fromUpstash(client)).write("key", "value", Date.now() + 60_000, null);
    expect(commands.map(([name]) => name)).toEqual(["EVALSHA", "EVAL"]);
    expect(commands[1]?.[1]).toMatch(/^#!lua flags=allow-key-locking\n/);
  });
});

describe("what is answered", () => {
  test.each([
    null,
    undefined,
    "value",
    "Aborted",
    "",
    0,
    1,
    true,
    {},
    { 0: "value", length: 1 },
    [],
    ["one", "two"],
    [["value"]],
    [1],
    [{ a: 1 }],
    [undefined],
    [true],
  ])("%j to a read is neither a value nor an absence", async (answer) => {
    const { client } = clientThat(() => answer);
    await expect(redisStore(fromUpstash(client)).read("key")).rejects.toMatchObject(unavailable);
  });

  test.each([null, undefined, "1", "Aborted", 0, 2, true, {}, [], ["a", "b"], [1], [["a"]]])(
    "%j to a write is neither success nor a refusal",
    async (answer) => {
      const { client } = clientThat(() => answer);
      const store = redisStore(fromUpstash(client));
      const writing = store.write("key", "value", Date.now() + 60_000, null);
      await expect(writing).rejects.toMatchObject(unavailable);
    },
  );

  test("a client that throws at once rejects as any other", async () => {
    const client: UpstashClient = {
      exec() {
        throw new TypeError("session:key is not iterable");
      },
    };
    const error: unknown = await redisStore(fromUpstash(client))
      .read("key")
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject(unavailable);
    expect(String(error)).not.toContain("key");
  });
});

describeWithRedis("an aborted signal of the official client (R58)", () => {
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

  const REASONS: Readonly<Record<string, unknown>> = {
    "the default": undefined,
    "a text": "Aborted",
    "the text OK": "OK",
    "a list of one text": ["x"],
    "a list of one nil": [null],
    "a list of two": ["x", "y"],
    "an empty list": [],
    "the number 1": 1,
    nil: null,
    "an object": { result: "x" },
  };

  describe.each(Object.entries(REASONS))("with %s as its reason", (_, reason) => {
    const settings = [
      { automaticDeserialization: false },
      { automaticDeserialization: true },
      { automaticDeserialization: false, enableAutoPipelining: false },
      { automaticDeserialization: false, responseEncoding: false as const },
    ];

    test.each(settings)(
      "is an outage to a read, never a value or an absence: %j",
      async (setting) => {
        const { url, token } = bridge;
        const live = redisStore(fromUpstash(new Redis({ url, token })));
        await live.write("aborted", "v1 value", Date.now() + 60_000, null);
        const signal = AbortSignal.abort(reason);
        const store = redisStore(fromUpstash(new Redis({ url, token, ...setting, signal })));
        await expect(store.read("aborted")).rejects.toMatchObject(unavailable);
      },
    );

    test.each(settings)("is an outage to a write, never an answer: %j", async (setting) => {
      const { url, token } = bridge;
      const signal = AbortSignal.abort(reason);
      const store = redisStore(fromUpstash(new Redis({ url, token, ...setting, signal })));
      const writing = store.write("absent", "v1 value", Date.now() + 60_000, null);
      await expect(writing).rejects.toMatchObject(unavailable);
    });
  });

  test("is an outage when it is aborted while the request is under way", async () => {
    const { url, token } = bridge;
    bridge.fault("hang");
    const controller = new AbortController();
    const { signal } = controller;
    const store = redisStore(fromUpstash(new Redis({ url, token, signal })), { timeoutMs: 10_000 });
    const reading = store.read("hanging");
    setTimeout(() => controller.abort("v1 0123456789abcdef {}\n{}"), 50);
    await expect(reading).rejects.toMatchObject(unavailable);
  });

  test("made anew for each request is an outage too, and the next request is answered", async () => {
    const { url, token } = bridge;
    bridge.fault("hang");
    const signal = () => AbortSignal.timeout(200);
    const client = new Redis({ url, token, signal, retry: { retries: 0 } });
    const store = redisStore(fromUpstash(client), { timeoutMs: 10_000 });
    await expect(store.read("hanging")).rejects.toMatchObject(unavailable);
    expect(await store.read("hanging")).toBe(null);
  });
});

describe("a client that tries again by itself", () => {
  test("leaves it open whether a write was done, where only the last try was refused", async () => {
    // The first try is carried out and its answer lost, as when Redis goes down just then.
    let done = 0;
    const server = createServer((request) => {
      done++;
      server.close();
      server.closeAllConnections();
      request.socket.destroy();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const url = `http://127.0.0.1:${port}`;
    const client = new Redis({ url, token: "token", retry: { retries: 1, backoff: () => 50 } });
    const store = redisStore(fromUpstash(client), { timeoutMs: 10_000 });
    const writing = store.write("key", "value", Date.now() + 60_000, null);
    await expect(writing).rejects.toMatchObject(unavailable);
    expect(done).toBe(1);
  });
});

describe("what is taken", () => {
  test.each([null, undefined, {}, { exec: 1 }, "https://example.upstash.io"])(
    "%j is no client, and a TypeError says so",
    (value) => {
      const client = value as unknown as UpstashClient;
      expect(() => fromUpstash(client)).toThrow(TypeError);
      expect(() => fromUpstash(client)).toThrow(/client.*1\.38\.4 or later/);
    },
  );

  test("a client that caches is reported, and one that does not is not", () => {
    const events: SessionEvent[] = [];
    const onEvent = (event: SessionEvent) => events.push(event);
    const exec = async () => null;
    const withCache = (cache?: string) => ({ exec, client: { options: { cache } } });
    for (const quiet of [{ exec }, withCache(), withCache("no-store")]) {
      fromUpstash(quiet, { onEvent });
    }
    expect(events).toEqual([]);
    for (const cache of ["default", "force-cache", "reload"]) {
      fromUpstash(withCache(cache), { onEvent });
    }
    expect(events).toEqual(Array.from({ length: 3 }, () => ({ type: "cached-client" })));
    expect(() => fromUpstash(withCache("default"))).not.toThrow();
  });
});
