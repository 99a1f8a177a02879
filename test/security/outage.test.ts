// What is said, to whom, and what holds while the store does not answer.

import { inspect } from "node:util";
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { memoryStore, SessionError, type Store, StoreError } from "coatcheck";
import { fromUpstash, redisStore, upstash } from "coatcheck/redis";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Act, COOKIE, openShop, rejection, SECRET, type Shop } from "../behaviour/setup.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import { faultyStore, pausingStore } from "../support/stores.ts";

const change: Act = (session) => void session.data.n++;

async function begin(store: Store, options: Parameters<typeof openShop>[1] = {}) {
  const shop = openShop(store, options);
  const jar = cookieJar();
  await shop.visit(jar, change);
  return { shop, jar };
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("requests side by side", () => {
  test("R45 each sees its own session and nobody else's, however they interleave", async () => {
    const pausing = pausingStore(memoryStore());
    const shop = openShop(pausing.store);
    const jars = Array.from({ length: 6 }, () => cookieJar());
    for (const [at, jar] of jars.entries()) {
      await shop.visit(jar, (session) => void (session.data.userId = `user ${at}`));
    }
    const parked = jars.map(() => pausing.park("after read"));
    const seen: string[] = [];
    const visits = jars.map((jar, at) =>
      shop.visit(jar, async (session) => {
        await new Promise((resolve) => setTimeout(resolve, (at * 7) % 5));
        seen.push(`${at} is ${session.data.userId}`);
        session.data.note = `note of ${session.data.userId}`;
        return Response.json(session.data.userId);
      }),
    );
    for (const each of parked.toReversed()) each.resume();
    const answers = await Promise.all(visits);
    for (const [at, jar] of jars.entries()) {
      expect(await answers[at]?.json()).toBe(`user ${at}`);
      expect(seen).toContain(`${at} is user ${at}`);
      expect((await shop.open(jar)).data.note).toBe(`note of user ${at}`);
    }
  });

  test("R45 one request's sessions are one, and two handlers' are two", async () => {
    const { shop, jar } = await begin(memoryStore());
    shop.counts.reset();
    const handle = shop.sessions.handler(async (_request, getSession) => {
      const both = await Promise.all([getSession(), getSession()]);
      return Response.json(both[0] === both[1]);
    });
    expect(await (await handle(jar.request())).json()).toBe(true);
    expect(shop.counts.reads).toBe(1);
    expect(await shop.open(jar)).not.toBe(await shop.open(jar));
  });

  test("R45 instances with other secrets, names and stores know nothing of one another", async () => {
    const { shop, jar } = await begin(memoryStore());
    const other = openShop(memoryStore());
    expect((await other.open(jar)).isNew).toBe(true);
    const session = await shop.open(jar);
    expect(await rejection(other.sessions.save(session))).toMatchObject({
      code: "SESSION_FOREIGN",
    });
  });
});

describe("the end of a request", () => {
  test("R46 a change after the response has gone throws, and is not saved", async () => {
    const { shop, jar } = await begin(memoryStore());
    const session = await shop.sessions.load(jar.request());
    await shop.sessions.commit(session, new Response("ok"));
    for (const use of [
      () => session.update((data) => void data.n++),
      () => session.flash("a", 1),
      () => session.regenerate(),
      () => session.destroy(),
    ]) {
      expect(use).toThrow(SessionError);
    }
    expect(() => session.data.cart.push("late")).toThrow(TypeError);
    expect((await shop.open(jar)).data).toEqual({ cart: [], n: 1 });
  });

  const FAILURES: [string, () => Response][] = [
    [
      "throws",
      () => {
        throw new RangeError("mine");
      },
    ],
    ["answers 500", () => new Response("no", { status: 500 })],
    ["answers 599", () => new Response("no", { status: 599 })],
  ];

  test.each(FAILURES)(
    "R46 where the handler %s, changes and regenerate are dropped",
    async (_, fail) => {
      const { shop, jar } = await begin(memoryStore());
      const before = jar.header();
      shop.counts.reset();
      const visiting = shop.visit(jar, (session) => {
        session.data.n = 99;
        session.data.userId = "ann";
        session.flash("notice", "x");
        session.regenerate();
        return fail();
      });
      const answer = await visiting.catch((error: unknown) => error);
      if (answer instanceof Response) expect(answer.headers.getSetCookie()).toEqual([]);
      else expect(answer).toMatchObject({ message: "mine" });
      expect(shop.counts.writes).toBe(0);
      expect(jar.header()).toBe(before);
      expect((await shop.open(jar)).data).toEqual({ cart: [], n: 1 });
    },
  );

  test.each(FAILURES)("R46 where the handler %s, destroy holds all the same", async (_, fail) => {
    const { shop, jar } = await begin(memoryStore());
    const cookie = jar.header();
    await shop
      .visit(jar, (session) => {
        session.destroy();
        return fail();
      })
      .catch(() => undefined);
    expect((await shop.open(cookie)).isNew).toBe(true);
  });
});

/** Every form in which something of a session may come into a log. */
function printed(value: unknown): string {
  const parts = [
    inspect(value, { depth: Infinity, showHidden: true }),
    inspect(value),
    String(value),
    JSON.stringify(value),
  ];
  if (value instanceof Error) parts.push(value.message, value.stack ?? "", inspect(value.cause));
  return parts.join("\n");
}

/** What must not be read anywhere: id, token, key, secret and data of a browser's session. */
function secretsOf(jar: Jar): string[] {
  const token = jar.get(COOKIE) ?? "";
  const [id = "", mac = ""] = token.split(".");
  const key = createHash("sha256").update(Buffer.from(id, "base64url")).digest("base64url");
  return [token, id, mac, key, SECRET, "a-private-value", "a-private-key"];
}

describe("what is said", () => {
  const fill: Act = (session) => {
    session.data.note = "a-private-value";
    session.data.value = { "a-private-key": ["a-private-value"] };
    session.flash("notice", "a-private-value");
  };

  async function everything(): Promise<{ texts: string[]; jars: Jar[]; shop: Shop }> {
    const faulty = faultyStore(memoryStore());
    const { shop, jar } = await begin(faulty.store);
    const texts: string[] = [];
    const jars = [jar.copy()];
    const note = (value: unknown) => void texts.push(printed(value));
    await shop.visit(jar, fill);
    const session = await shop.open(jar);
    for (const each of [session, [session], { session }, shop.sessions]) note(each);
    void session.data.note;
    session.flash("notice");
    note(session);
    await shop.visit(jar, (each) => each.regenerate());
    jars.push(jar.copy());
    // A late writer, a forged cookie, two cookies, a failing store, data that cannot be kept.
    session.data.n++;
    note(await rejection(shop.sessions.save(session)));
    note(session);
    await shop.open(`${COOKIE}=${jar.get(COOKIE)?.slice(0, -1)}!`);
    await shop.open(`${jar.header()}; ${jar.header()}`);
    const unfit = await shop.open(jar);
    unfit.data.value = { x: Symbol("a-private-value"), y: "a-private-value" };
    note(await rejection(shop.sessions.save(unfit)));
    unfit.data.value = "a-private-value".repeat(10_000);
    note(await rejection(shop.sessions.save(unfit)));
    for (const fault of ["thrown", "silent", "refused", "garbage"] as const) {
      faulty.fail("write", fault, { times: 3 });
      const failing = await shop.open(jar);
      failing.data.n++;
      note(await shop.sessions.save(failing).catch((error: unknown) => error));
      faulty.heal();
      faulty.fail("read", fault, { times: 1 });
      note(await shop.open(jar).catch((error: unknown) => error));
      faulty.heal();
    }
    await shop.visit(jar, (each) => each.destroy()).catch(() => undefined);
    await shop.open(jars[0] ?? null);
    for (const event of shop.events) note(event);
    return { texts, jars, shop };
  }

  test("R48 F38 no event, error or printed session holds an id, a token, a key, a secret or data", async () => {
    const { texts, jars, shop } = await everything();
    expect(texts.length).toBeGreaterThan(15);
    expect(new Set(shop.types()).size).toBeGreaterThan(5);
    for (const jar of jars) {
      for (const secret of secretsOf(jar)) {
        expect(secret.length).toBeGreaterThan(10);
        for (const text of texts) expect(text).not.toContain(secret);
      }
    }
  });

  test("R48 nothing is written to the console", async () => {
    const methods = ["log", "info", "warn", "error", "debug", "trace"] as const;
    const spies = methods.map((method) => vi.spyOn(console, method).mockImplementation(() => {}));
    await everything();
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });

  test("R48 F38 the text of a Redis client's error, with its command, goes no further", async () => {
    const send = async (command: string[]) => {
      throw new Error(`ERR something, command was: ${JSON.stringify(command)}`);
    };
    const shop = openShop(redisStore(send));
    const session = await shop.open(null);
    await fill(session);
    const error = await rejection(shop.sessions.save(session));
    expect(error).toBeInstanceOf(StoreError);
    expect(printed([error, shop.events])).not.toMatch(/a-private|command was|EVALSHA|session:/);
  });

  test("R49 every step of a session's life is reported, by a piece of its key", async () => {
    const { shop, jar } = await begin(memoryStore(), { idleTimeout: 100 });
    const stale = jar.copy();
    await shop.visit(jar, (session) => session.regenerate());
    await shop.open(stale);
    const [first, second] = [await shop.open(jar), await shop.open(jar)];
    for (const session of [first, second]) {
      session.update((data) => void data.n++);
      await shop.sessions.save(session);
    }
    const ended = jar.copy();
    await shop.visit(jar, (session) => session.destroy());
    await shop.open(ended);
    await shop.open(`${COOKIE}=nonsense`);
    const [id = "", mac = ""] = (ended.get(COOKIE) ?? "").split(".");
    await shop.open(`${COOKIE}=${mac}.${id}`);
    await shop.open(`${COOKIE}=a; ${COOKIE}=b`);
    const browser = cookieJar();
    await shop.visit(browser, change);
    const now = Date.now();
    vi.spyOn(Date, "now").mockReturnValue(now + 200_000);
    await shop.open(`${COOKIE}=${browser.copy().get(COOKIE) ?? ""}`);
    expect(shop.types()).toEqual([
      "created",
      "regenerated",
      "gone",
      "conflict",
      "destroyed",
      "gone",
      "forged",
      "forged",
      "forged",
      "created",
      ...shop.types().slice(10),
    ]);
    for (const event of shop.events) {
      if ("ref" in event) expect(event.ref).toMatch(/^[\w-]{12}$/);
    }
  });

  test("R49 expired and missing sessions are told apart", async () => {
    const rows = new Map<string, string>();
    const store: Store = {
      read: async (key) => rows.get(key) ?? null,
      async write(key, value) {
        rows.set(key, value);
        return { swapped: true };
      },
    };
    const { shop, jar } = await begin(store, { idleTimeout: 100 });
    const cookie = jar.header();
    const now = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(now + 200_000);
    await shop.open(cookie);
    clock.mockRestore();
    rows.clear();
    await shop.open(cookie);
    expect(shop.events.slice(1)).toMatchObject([
      { type: "gone", found: "expired" },
      { type: "gone", found: "nothing" },
    ]);
  });

  test("R49 the store's failure is reported, and its return", async () => {
    const faulty = faultyStore(memoryStore());
    const { shop, jar } = await begin(faulty.store);
    shop.events.length = 0;
    faulty.fail("read", "refused");
    await rejection(shop.open(jar));
    await shop.open(jar);
    expect(shop.events).toMatchObject([
      { type: "store-failed", operation: "read", outcome: "none", code: "STORE_UNAVAILABLE" },
      { type: "store-recovered" },
    ]);
  });

  test("R49 nothing of a client's gets into an event: no line of a log can be forged", async () => {
    const shop = openShop(memoryStore());
    for (const value of ["\u2028forged", '","type":"created"', "\u001b[31mred", "a\tb"]) {
      await shop.open(`${COOKIE}=${value}`);
    }
    expect(shop.events).toEqual(
      Array.from({ length: 4 }, () => ({ type: "forged", reason: "malformed" })),
    );
  });

  test("R49 R46 an observer that throws fails no request", async () => {
    const shop = openShop(memoryStore(), {
      onEvent: () => {
        throw new Error("mine");
      },
    });
    const response = await shop.visit(cookieJar(), change);
    expect([response.status, response.headers.getSetCookie().length]).toEqual([200, 1]);
  });

  test("R50 a client learns nothing of why", async () => {
    const send = async () => {
      throw new Error("WRONGPASS invalid username-password pair for redis.internal:6379");
    };
    const shop = openShop(redisStore(send));
    const response = await shop.visit(cookieJar(), change);
    const text = `${await response.text()} ${JSON.stringify(Array.from(response.headers))}`;
    expect(response.status).toBe(503);
    expect(text).not.toMatch(/redis|wrongpass|the store|password|session|token/i);
  });
});

describe("an outage", () => {
  const FAULTS = ["refused", "silent", "thrown"] as const;

  test.each(FAULTS)(
    "R51 F43 F46 is not a logout (read %s): 503, the cookie neither set nor cleared, and the session is there afterwards",
    async (fault) => {
      const faulty = faultyStore(memoryStore());
      const { shop, jar } = await begin(faulty.store);
      const before = jar.header();
      faulty.fail("read", fault, { times: 5 });
      let ran = false;
      const response = await shop.visit(jar, () => void (ran = true));
      expect([response.status, response.headers.getSetCookie(), ran]).toEqual([503, [], false]);
      expect(response.headers.get("Clear-Site-Data")).toBeNull();
      expect(jar.header()).toBe(before);
      faulty.heal();
      expect((await shop.open(jar)).data.n).toBe(1);
    },
  );

  test.each(FAULTS)(
    "R51 F43 nor is a failing write (%s) a new session over a valid cookie",
    async (fault) => {
      const faulty = faultyStore(memoryStore());
      const { shop, jar } = await begin(faulty.store);
      const before = jar.header();
      faulty.fail("write", fault, { times: 5 });
      const response = await shop.visit(jar, change);
      expect([response.status, response.headers.getSetCookie()]).toEqual([503, []]);
      faulty.heal();
      expect(jar.header()).toBe(before);
      expect((await shop.open(jar)).isNew).toBe(false);
    },
  );

  test("R51 F46 by choice the visitor is served anonymously: marked so, nothing can be kept, the cookie stays", async () => {
    const faulty = faultyStore(memoryStore());
    const { shop, jar } = await begin(faulty.store, { whenUnavailable: "anonymous" });
    const before = jar.header();
    faulty.fail("read", "silent", { times: 5 });
    const response = await shop.visit(jar, (session) => {
      expect([session.unavailable, session.isNew, session.data.n]).toEqual([true, true, 0]);
      expect(() => session.data.cart.push("tea")).toThrow(TypeError);
      for (const use of [
        () => session.update((data) => void data.n++),
        () => session.flash("a", 1),
        () => session.regenerate(),
      ]) {
        expect(use).toThrow(StoreError);
      }
    });
    expect([response.status, response.headers.getSetCookie()]).toEqual([200, []]);
    faulty.heal();
    expect(jar.header()).toBe(before);
    expect((await shop.open(jar)).data.n).toBe(1);
  });

  test("R52 protected work fails closed: 503, Retry-After, no-store", async () => {
    const faulty = faultyStore(memoryStore());
    const { shop, jar } = await begin(faulty.store);
    faulty.fail("read", "silent");
    const response = await shop.visit(jar, () => new Response("the secret page"));
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.text()).not.toContain("secret page");
  });

  test("R52 a response that a 503 replaces does not go on working", async () => {
    const faulty = faultyStore(memoryStore());
    const { shop, jar } = await begin(faulty.store);
    const cancel = vi.fn<() => void>();
    faulty.fail("write", "refused");
    const response = await shop.visit(jar, (session) => {
      session.data.n++;
      return new Response(new ReadableStream({ cancel }));
    });
    expect(response.status).toBe(503);
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  test("R52 a logout that the store did not confirm is no success", async () => {
    const faulty = faultyStore(memoryStore());
    const { shop, jar } = await begin(faulty.store);
    faulty.fail("write", "refused", { times: 9 });
    const response = await shop.visit(jar, (session) => {
      session.destroy();
      return new Response("Signed out");
    });
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain("Signed out");
    faulty.heal();
    expect(shop.types()).not.toContain("destroyed");
  });

  test.each(FAULTS)(
    "R54 an end that was not confirmed (write %s) is a 503 whose cookie opens nothing, and the next request finishes it",
    async (fault) => {
      const faulty = faultyStore(memoryStore());
      const { shop, jar } = await begin(faulty.store);
      const stolen = jar.copy();
      faulty.fail("write", fault, { times: 9 });
      const response = await shop.visit(jar, (session) => session.destroy());
      expect([response.status, response.headers.getSetCookie().length]).toEqual([503, 1]);
      expect(shop.types()).toContain("unconfirmed");
      expect(shop.types()).not.toContain("destroyed");
      expect(jar.get(COOKIE)).not.toBe(stolen.get(COOKIE));
      expect(jar.get(COOKIE)?.slice(0, 43)).toBe(stolen.get(COOKIE)?.slice(0, 43));
      faulty.heal();
      const opened: boolean[] = [];
      await openShop(faulty.store).visit(jar, ({ isNew }) => void opened.push(isNew));
      expect(opened).toEqual([true]);
      expect(jar.header()).toBeNull();
      expect((await openShop(faulty.store).open(stolen)).isNew).toBe(true);
    },
  );

  test("R54 and without it the instance finishes it, when the store answers anybody", async () => {
    const faulty = faultyStore(memoryStore());
    const { shop, jar } = await begin(faulty.store);
    const stolen = jar.copy();
    faulty.fail("write", "refused", { times: 9 });
    await shop.visit(jar, (session) => session.destroy());
    faulty.heal();
    await shop.visit(cookieJar(), change);
    expect((await openShop(faulty.store).open(stolen)).isNew).toBe(true);
    expect(shop.types()).toContain("destroyed");
  });

  test("R48 R54 the token that ends is in no error, however it is printed", async () => {
    const faulty = faultyStore(memoryStore());
    const { shop, jar } = await begin(faulty.store);
    faulty.fail("write", "thrown", { times: 9 });
    const session = await shop.open(jar);
    session.destroy();
    const error = await rejection(shop.sessions.save(session));
    expect(error).toMatchObject({ cookie: { name: COOKIE } });
    const [id = "", mac = ""] = (error as StoreError).cookie?.value.split(".") ?? [];
    expect([id.length, mac.length]).toEqual([43, 43]);
    for (const text of [printed(error), printed(shop.events), printed(session)]) {
      expect(text).not.toContain(id);
      expect(text).not.toContain(mac);
    }
  });

  test("R53 every command has a deadline, whatever the client does", async () => {
    for (const send of [() => new Promise(() => undefined), () => new Promise<never>(() => {})]) {
      const store = redisStore(send, { timeoutMs: 30 });
      const before = performance.now();
      expect(await rejection(store.read("k"))).toMatchObject({ outcome: "unknown" });
      expect(await rejection(store.write("k", "v", Date.now() + 1000, null))).toMatchObject({
        outcome: "unknown",
      });
      expect(performance.now() - before).toBeLessThan(1_000);
    }
  });

  test("R53 F50 a request to a store that hangs is answered within a few deadlines, retries and all", async () => {
    const send = vi.fn<() => Promise<never>>(() => new Promise(() => undefined));
    const { shop, jar } = await begin(memoryStore());
    const hanging = openShop(redisStore(send, { timeoutMs: 50 }));
    const before = performance.now();
    expect((await hanging.visit(jar.copy(), change)).status).toBe(503);
    expect((await hanging.visit(cookieJar(), change)).status).toBe(503);
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(send.mock.calls.length).toBeLessThanOrEqual(4);
    expect((await shop.open(jar)).isNew).toBe(false);
  });

  test("R53 a fetch that hangs is cut off at the deadline, a retry included", async () => {
    const fetching = vi.fn<typeof fetch>(
      (_url, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error));
        }),
    );
    vi.stubGlobal("fetch", fetching);
    const store = redisStore(upstash({ url: "https://db.example", token: "t", timeoutMs: 50 }));
    const before = performance.now();
    expect(await rejection(store.read("k"))).toMatchObject({ outcome: "unknown" });
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(fetching.mock.calls.length).toBeLessThanOrEqual(2);
  });

  test("F48 a write whose answer was lost is reported as it is, and not sent again behind the back", async () => {
    const faulty = faultyStore(memoryStore());
    const { shop, jar } = await begin(faulty.store);
    const session = await shop.open(jar);
    session.update((data) => void data.n++);
    shop.counts.reset();
    faulty.fail("write", "applied");
    expect(await rejection(shop.sessions.save(session))).toMatchObject({ outcome: "unknown" });
    expect(shop.counts.writes).toBe(1);
    expect((await shop.open(jar)).data.n).toBe(2);
  });

  test("F48 a client that sends a write twice meets what it wrote itself: the change counts once", async () => {
    const inner = memoryStore();
    const shop = openShop({
      read: inner.read,
      async write(...row) {
        await inner.write(...row);
        return inner.write(...row);
      },
    });
    const jar = cookieJar();
    for (let visit = 0; visit < 3; visit++) {
      const response = await shop.visit(jar, (session) => session.update((data) => void data.n++));
      expect(response.status).toBe(200);
    }
    await shop.visit(jar, (session) => session.regenerate());
    expect((await shop.open(jar)).data.n).toBe(3);
    expect(shop.types()).toEqual(["created", "regenerated"]);
  });

  test("F48 a creation without an answer is tried once more, under another id, and one cookie goes out", async () => {
    const faulty = faultyStore(memoryStore());
    const shop = openShop(faulty.store);
    const jar = cookieJar();
    faulty.fail("write", "applied");
    const response = await shop.visit(jar, change);
    expect([response.status, response.headers.getSetCookie().length]).toEqual([200, 1]);
    expect(shop.counts.writes).toBe(2);
    expect((await shop.open(jar)).data.n).toBe(1);
  });

  test("F48 a sign-in whose last answer was lost is told by its mark, and succeeds once", async () => {
    const faulty = faultyStore(memoryStore());
    const { shop, jar } = await begin(faulty.store);
    const before = jar.copy();
    faulty.fail("write", "applied", { skip: 1 });
    const response = await shop.visit(jar, (session) => session.regenerate());
    expect([response.status, response.headers.getSetCookie().length]).toEqual([200, 1]);
    expect((await shop.open(jar)).isNew).toBe(false);
    expect((await shop.open(before)).isNew).toBe(true);
  });
});

describe("half an answer", () => {
  const BODIES: [string, string][] = [
    ["nothing", ""],
    ["half of the JSON", '{"result":"v1 00'],
    ["no result", "{}"],
    ["null", "null"],
    ["a list", "[]"],
    ["a page of a proxy", "<html>Bad gateway</html>"],
    ["a result of another shape", '{"result":{"a":1}}'],
    ["a number", '{"result":5}'],
  ];

  test.each(BODIES)(
    "R58 %s from Upstash is never a value and never an absence",
    async (_, body) => {
      vi.stubGlobal("fetch", async () => new Response(body));
      const store = redisStore(upstash({ url: "https://db.example", token: "t", timeoutMs: 500 }));
      expect(await rejection(store.read("k"))).toBeInstanceOf(StoreError);
      expect(await rejection(store.write("k", "v", Date.now() + 1000, null))).toBeInstanceOf(
        StoreError,
      );
    },
  );

  test("R58 an aborted fetch that resolves all the same, with a value or an absence, counts for nothing", async () => {
    for (const body of ['{"result":null}', '{"result":"v1"}', '{"result":1}']) {
      vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
        await new Promise((resolve) => init.signal?.addEventListener("abort", resolve));
        return new Response(body);
      });
      const store = redisStore(upstash({ url: "https://db.example", token: "t", timeoutMs: 20 }));
      expect(await rejection(store.read("k"))).toMatchObject({ outcome: "unknown" });
      expect(await rejection(store.write("k", "v", Date.now() + 1000, null))).toMatchObject({
        outcome: "unknown",
      });
    }
  });

  test("R58 F46 an official client that turns an abort into an absence signs nobody out", async () => {
    for (const reply of [null, undefined, "Aborted", "", [], {}]) {
      const store = redisStore(fromUpstash({ exec: async () => reply }));
      expect(await rejection(store.read("k"))).toBeInstanceOf(StoreError);
      const { jar } = await begin(memoryStore());
      const shop = openShop(store);
      const response = await shop.visit(jar);
      expect([response.status, response.headers.getSetCookie()]).toEqual([503, []]);
    }
  });
});
