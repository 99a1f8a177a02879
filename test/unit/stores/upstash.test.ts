import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { StoreError } from "coatcheck";
import { redisStore, upstash, type UpstashOptions } from "coatcheck/redis";
import { afterEach, describe, expect, test } from "vitest";

const TOKEN = "AXsecretASQgZTk5token==";
const KEY = "key-0123456789";
const UNKNOWN = { name: "StoreError", outcome: "unknown", code: "STORE_UNAVAILABLE" };
const NONE = { name: "StoreError", outcome: "none", code: "STORE_UNAVAILABLE" };
const SETUP = { name: "StoreError", outcome: "none", code: "STORE_MISCONFIGURED" };
/** Ends in the test's own time. What it is compared with is far longer than any machine stalls. */
const DEADLINE_MS = 300;
const SLACK_MS = 5000;

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (response: ServerResponse, request: IncomingMessage) => unknown;

interface Served {
  readonly url: string;
  readonly asked: Asked[];
}

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A server that answers its requests in turn, the last answer for ever. */
async function serve(...answers: readonly Answer[]): Promise<Served> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const { method, url, headers } = request;
      asked.push({ method, url, headers, body });
      answers[Math.min(asked.length, answers.length) - 1]?.(response, request);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  stops.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}`, asked };
}

function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return (response) =>
    response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(JSON.stringify(value));
}

function text(body: string, status = 200): Answer {
  return (response) => response.writeHead(status, { "content-type": "text/html" }).end(body);
}

const reset: Answer = (_, request) => request.socket.destroy();
const silence: Answer = () => undefined;
const half: Answer = (response, request) => {
  response.writeHead(200, { "content-length": 100 });
  response.write('{"result":"v1', () => request.socket.destroy());
};
const endless: Answer = (response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.write('{"result":"');
  const timer = setInterval(() => response.write("x"), 10);
  response.on("close", () => clearInterval(timer));
};

function storeAt(url: string, timeoutMs = 10_000): ReturnType<typeof redisStore> {
  return redisStore(upstash({ url, token: TOKEN, timeoutMs }));
}

function write(url: string, timeoutMs?: number): Promise<unknown> {
  return storeAt(url, timeoutMs).write(KEY, "value", Date.now() + 60_000, "old");
}

async function failureOf(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    (answer) => expect.fail(`it was answered: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  const { message, stack } = error as StoreError;
  for (const said of [message, stack, JSON.stringify(error), String(error)]) {
    for (const secret of [TOKEN, KEY, "127.0.0.1", "value", "<html"]) {
      expect(said).not.toContain(secret);
    }
  }
  return error as StoreError;
}

describe("a request", () => {
  test("is a POST of the command as JSON, with the token", async () => {
    const { url, asked } = await serve(json({ result: "value" }));
    expect(await storeAt(url).read(KEY)).toBe("value");
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      method: "POST",
      url: "/",
      body: JSON.stringify(["GET", `session:${KEY}`]),
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    });
    expect(asked[0]?.headers).not.toHaveProperty("upstash-sync-token");
    expect(asked[0]?.headers).not.toHaveProperty("cookie");
  });

  test("carries a write as one command of texts", async () => {
    const { url, asked } = await serve(json({ result: 1 }));
    expect(await write(url)).toEqual({ swapped: true });
    expect(asked).toHaveLength(1);
    const command: unknown = JSON.parse(asked[0]?.body ?? "");
    expect(command).toEqual([
      "EVALSHA",
      expect.stringMatching(/^[0-9a-f]{40}$/),
      "1",
      `session:${KEY}`,
      "value",
      expect.stringMatching(/^\d+$/),
      "old",
    ]);
  });

  test("keeps quotes, newlines and every script of the world in the body", async () => {
    const { url, asked } = await serve(json({ result: 1 }));
    const value = '"\\\n\r\u2028é🙂\0';
    await storeAt(url).write(KEY, value, Date.now() + 60_000, null);
    const command = JSON.parse(asked[0]?.body ?? "") as string[];
    expect(command[4]).toBe(value);
  });

  test("goes to the path of the url", async () => {
    const { url, asked } = await serve(json({ result: null }));
    await storeAt(`${url}/redis/`).read(KEY);
    expect(asked[0]?.url).toBe("/redis/");
  });

  test("sends the sync token of the last answer back, and the newest only", async () => {
    const { url, asked } = await serve(
      json({ result: null }, 200, { "upstash-sync-token": "one" }),
      json({ result: 1 }, 200, { "Upstash-Sync-Token": "two" }),
      json({ result: null }),
      json({ error: "ERR no" }, 400, { "upstash-sync-token": "three" }),
      json({ result: null }),
    );
    const store = storeAt(url);
    await store.read(KEY);
    await store.write(KEY, "value", Date.now() + 60_000, null);
    await store.read(KEY);
    await failureOf(store.read(KEY));
    await store.read(KEY);
    const sent = asked.map(({ headers }) => headers["upstash-sync-token"]);
    expect(sent).toEqual([undefined, "one", "two", "two", "three"]);
  });

  test("does not share its sync token with another client", async () => {
    const answer = json({ result: null }, 200, { "upstash-sync-token": "one" });
    const { url, asked } = await serve(answer);
    await storeAt(url).read(KEY);
    await storeAt(url).read(KEY);
    expect(asked.map(({ headers }) => headers["upstash-sync-token"])).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("sends the script in full where Upstash has forgotten it", async () => {
    const { url, asked } = await serve(
      json({ error: "NOSCRIPT No matching script. Please use EVAL." }, 400),
      json({ result: 1 }),
    );
    expect(await write(url)).toEqual({ swapped: true });
    const names = asked.map(({ body }) => (JSON.parse(body) as string[])[0]);
    expect(names).toEqual(["EVALSHA", "EVAL"]);
  });
});

/** What leaves it open whether the command was carried out. */
const UNCLEAR: Readonly<Record<string, Answer>> = {
  "a connection that was cut": reset,
  "half an answer": half,
  "an answer cut in the middle of its JSON": text('{"result":"v1 01234'),
  "an answer without a result": json({}),
  "an empty answer": text(""),
  "an answer that is null": json(null),
  "an answer that is a list": json([{ result: "value" }]),
  "an answer that is a text": json("value"),
  "an error that is no text": json({ error: { code: 1 } }),
  "text that is no JSON": text("upstream connect error"),
  "a page of a gateway": text("<html>502</html>", 502),
  "a 500": text("<html>500</html>", 500),
  "a 503 with JSON": json({ error: "WRONGPASS" }, 503),
  "a 504": text("", 504),
};

/** What says that the command was not carried out. */
const CLEAR: Readonly<Record<string, readonly [Answer, object]>> = {
  "the quota of the month": [
    json({ error: "ERR max requests limit exceeded. Limit: 500000" }, 400),
    NONE,
  ],
  "the quota of the day": [json({ error: "ERR max daily request limit exceeded." }, 400), NONE],
  "a full database": [json({ error: "ERR DB capacity quota exceeded" }, 400), NONE],
  "a request that is too large": [json({ error: "ERR max request size exceeded" }, 400), NONE],
  "a loading database": [json({ error: "LOADING Redis is loading" }, 400), NONE],
  "a refusal inside a 200": [json({ error: "ERR max daily request limit exceeded" }), NONE],
  "a wrong token": [json({ error: "WRONGPASS invalid or missing auth token" }, 401), SETUP],
  "a wrong token, in other words": [json({ error: "Unauthorized" }, 401), SETUP],
  "a 401 that is no JSON": [text("<html>401</html>", 401), SETUP],
  "a token that may only read": [
    json({ error: "NOPERM this user has no permissions to run the 'evalsha' command" }, 400),
    SETUP,
  ],
  "a 404 in HTML": [text("<html>404</html>", 404), SETUP],
  "a 403 in HTML": [text("<html>403</html>", 403), SETUP],
  "a 405 without a body": [text("", 405), SETUP],
  "a 400 in HTML": [text("<html>400</html>", 400), SETUP],
};

describe("an answer that is unclear", () => {
  const cases = Object.entries(UNCLEAR);

  test.each(cases)("%s: a write is sent once, and may have been done", async (_, answer) => {
    const { url, asked } = await serve(answer, json({ result: 1 }));
    expect(await failureOf(write(url))).toMatchObject(UNKNOWN);
    expect(asked).toHaveLength(1);
  });

  test.each(cases)("%s: a read is sent once more", async (_, answer) => {
    const { url, asked } = await serve(answer, json({ result: "value" }));
    expect(await storeAt(url).read(KEY)).toBe("value");
    expect(asked).toHaveLength(2);
    expect(asked[1]?.body).toBe(asked[0]?.body);
  });

  test.each(cases)("%s: a read is sent no third time, and is no absence", async (_, answer) => {
    const { url, asked } = await serve(answer);
    expect(await failureOf(storeAt(url).read(KEY))).toMatchObject(UNKNOWN);
    expect(asked).toHaveLength(2);
  });
});

describe("an answer that is clear", () => {
  const cases = Object.entries(CLEAR).map(([name, [answer, expected]]) => [name, answer, expected]);

  test.each(cases as [string, Answer, object][])(
    "%s: neither a read nor a write is sent again",
    async (_, answer, expected) => {
      for (const ask of [write, (url: string) => storeAt(url).read(KEY)]) {
        const { url, asked } = await serve(answer, json({ result: 1 }));
        expect(await failureOf(ask(url))).toMatchObject(expected);
        expect(asked).toHaveLength(1);
      }
    },
  );

  test("too many requests is an outage, and no misconfiguration", async () => {
    const { url, asked } = await serve(text("<html>429</html>", 429));
    expect(await failureOf(write(url))).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(asked).toHaveLength(1);
    const reading = failureOf(storeAt(url).read(KEY));
    expect(await reading).toMatchObject({ code: "STORE_UNAVAILABLE" });
  });

  test("a redirect is not followed: nobody else is shown the token and the data", async () => {
    const elsewhere = await serve(json({ result: "value" }));
    for (const status of [301, 302, 303, 307, 308]) {
      const { url, asked } = await serve((response) => {
        response.writeHead(status, { location: elsewhere.url }).end();
      });
      expect(await failureOf(storeAt(url).read(KEY))).toMatchObject(SETUP);
      expect(await failureOf(write(url))).toMatchObject(SETUP);
      expect(asked).toHaveLength(2);
    }
    expect(elsewhere.asked).toEqual([]);
  });

  test.each([{ a: 1 }, ["value"], 1, 0, true, false])(
    "the result %j to a read is no value",
    async (result) => {
      const { url } = await serve(json({ result }));
      expect(await failureOf(storeAt(url).read(KEY))).toMatchObject(UNKNOWN);
    },
  );

  test("a result of null is an absence, and is asked for once", async () => {
    const { url, asked } = await serve(json({ result: null }));
    expect(await storeAt(url).read(KEY)).toBe(null);
    expect(asked).toHaveLength(1);
  });
});

describe("the deadline", () => {
  test.each([
    ["nothing is answered", silence],
    [
      "the headers come and no body",
      (response: ServerResponse) => response.writeHead(200).flushHeaders(),
    ],
    ["the body never ends", endless],
  ] as [string, Answer][])("ends a call when %s, without another try", async (_, answer) => {
    const { url, asked } = await serve(answer);
    for (const ask of [() => storeAt(url, DEADLINE_MS).read(KEY), () => write(url, DEADLINE_MS)]) {
      asked.length = 0;
      const startedAt = Date.now();
      const failure = await failureOf(ask());
      expect(Date.now() - startedAt).toBeLessThan(SLACK_MS);
      expect(failure).toMatchObject(UNKNOWN);
      expect(failure.message).toContain(`${DEADLINE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(asked).toHaveLength(1);
    }
  });

  test("ends a call without another try, however often it strikes", async () => {
    const { url, asked } = await serve(silence);
    const send = upstash({ url, token: TOKEN, timeoutMs: 20 });
    const times = 100;
    for (let time = 0; time < times; time++) await failureOf(send(["GET", KEY]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked.length).toBeLessThanOrEqual(times);
  });

  test("covers the second try of a read", async () => {
    const { url, asked } = await serve((response) => {
      setTimeout(() => response.writeHead(500).end(), 1500);
    }, silence);
    // Asked without a store around it, whose own deadline would hide what this one does.
    const send = upstash({ url, token: TOKEN, timeoutMs: 3000 });
    const startedAt = Date.now();
    expect(await failureOf(send(["GET", KEY]))).toMatchObject(UNKNOWN);
    expect(asked).toHaveLength(2);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(2900);
    expect(Date.now() - startedAt).toBeLessThan(4400);
  });

  test("is a second unless it is set, and the store takes it over", async () => {
    expect(upstash({ url: "https://example.upstash.io", token: TOKEN }).timeoutMs).toBe(1000);
    const { url } = await serve(silence);
    const failure = await failureOf(redisStore(upstash({ url, token: TOKEN })).read(KEY));
    expect(failure.message).toContain("1000 ms");
  });

  test("of the store may be shorter", async () => {
    const { url } = await serve(silence);
    const send = upstash({ url, token: TOKEN, timeoutMs: 60_000 });
    const failure = await failureOf(redisStore(send, { timeoutMs: 100 }).read(KEY));
    expect(failure.message).toContain("100 ms");
  });

  test("does not strike an answer that came in time", async () => {
    const { url } = await serve((response) => {
      setTimeout(() => response.end('{"result":"value"}'), 300);
    });
    expect(await storeAt(url).read(KEY)).toBe("value");
  });
});

describe("options", () => {
  const right: UpstashOptions = { url: "https://example.upstash.io", token: TOKEN };

  function refusalOf(options: unknown): Error {
    try {
      upstash(options as UpstashOptions);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      for (const said of [String(error), String((error as Error).stack)]) {
        expect(said).not.toContain("secret");
        expect(said).not.toContain("example.upstash.io/private");
      }
      return error as Error;
    }
    return expect.fail("it was taken");
  }

  test.each([
    undefined,
    null,
    "",
    1,
    {},
    "example.upstash.io",
    "redis://default:secret@example.upstash.io:6379",
    "rediss://default:secret@example.upstash.io:6379",
    "https://user:secret@example.upstash.io",
    "https://secret@example.upstash.io",
    "ftp://example.upstash.io/private",
    "https://",
    "//example.upstash.io/private",
    "file:///secret",
    "javascript:secret",
  ])("the url %j is a TypeError that does not quote it", (url) => {
    const error = refusalOf({ ...right, url });
    expect(error.message).toMatch(/url must be/);
    if (typeof url !== "number") expect(error).toBeInstanceOf(TypeError);
  });

  test.each([
    undefined,
    null,
    "",
    " ",
    "secret with space",
    "secret\n",
    "secret\r\nX-Other: 1",
    "\tsecret",
    "secret\0",
    "secrét",
    "secret🙂",
    "“secret”",
    "secret\u00a0",
  ])("the token %j is a TypeError that does not quote it", (token) => {
    const error = refusalOf({ ...right, token });
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(/token must be/);
  });

  test.each([0, -1, 1.5, 60_001, Number.NaN, Number.POSITIVE_INFINITY])(
    "timeoutMs %s is a RangeError",
    (timeoutMs) => {
      expect(refusalOf({ ...right, timeoutMs })).toBeInstanceOf(RangeError);
    },
  );

  test("an unknown option is a TypeError that names it", () => {
    const error = refusalOf({ ...right, readOnlyToken: "secret" });
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain("readOnlyToken");
  });

  test.each([undefined, null, "secret", 1])("%j in place of the options is an error", (options) => {
    expect(refusalOf(options)).toBeInstanceOf(TypeError);
  });

  test("a client that was made has sent nothing", async () => {
    const { url, asked } = await serve(json({ result: null }));
    upstash({ url, token: TOKEN });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toEqual([]);
  });
});
