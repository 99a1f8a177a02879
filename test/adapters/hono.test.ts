// Every sentence that is said of the Hono adapter, on real Hono applications.

import { createSessions, memoryStore, perEnv, SessionError, StoreError } from "coatcheck";
import { getSession, session, type SessionEnv } from "coatcheck/hono";
import { type Context, Hono } from "hono";
import { setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { stream } from "hono/streaming";
import { describe, expect, test } from "vitest";
import { withClock } from "../support/clock.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import { faultyStore } from "../support/stores.ts";
import {
  COOKIE,
  DELETION,
  ENDING,
  SECRET,
  browser,
  hushed,
  openShop,
  sessionCookies,
  stored,
  visit,
  type Data,
  type Shop,
} from "./hono-setup.ts";

describe("a request that nobody asks for the session", () => {
  test("reads nothing, and gets the very response of the handler", async () => {
    const shop = openShop();
    const jar = await browser(shop);
    const own = new Response("public");
    shop.app.get("/", () => own);
    expect(await shop.app.fetch(jar.request())).toBe(own);
    expect([...own.headers.keys()]).toEqual(["content-type"]);
    expect(shop.counts.commands).toBe(0);
  });
});

describe("getSession()", () => {
  test("reads on the first call, and answers the same session ever after, in middleware too", async () => {
    const shop = openShop();
    const jar = await browser(shop);
    shop.app.use(async (c, next) => {
      const before = await getSession(c);
      await next();
      expect(await getSession(c)).toBe(before);
    });
    shop.app.get("/", async (c) => {
      expect(await getSession(c)).toBe(await getSession(c));
      expect(await c.var.session()).toBe(await getSession(c));
      return c.text(String((await getSession(c)).data.n));
    });
    const response = await visit(shop.app, jar);
    expect(await response.text()).toBe("1");
    expect(shop.counts.commands).toBe(1);
    expect(response.headers.get("vary")).toBe("Cookie");
    expect(response.headers.get("cache-control")).toBe("private");
  });

  test("without the middleware is a TypeError that says what to write, and where", async () => {
    const app = new Hono();
    const { errors } = hushed(app);
    app.get("/", async (c) => {
      await getSession(c as never);
      return c.text("never");
    });
    app.get("/cart", async (c) => {
      await getSession(c as unknown as Context<SessionEnv<Shop["sessions"], "cart">>, "cart");
      return c.text("never");
    });
    app.use(session(openShop().sessions));
    await app.request("/");
    await app.request("/cart");
    expect(errors.map((error) => error instanceof TypeError)).toEqual([true, true]);
    expect(errors[0]?.message).toBe(
      "Cannot get session: the middleware has not run; put app.use(session(sessions)) before the route",
    );
    expect(errors[1]?.message).toContain('app.use(session(sessions, "cart")) before the route');
  });

  test("beside a variable of the application's with that name is the same error", async () => {
    const app = new Hono<{ Variables: { session: string } }>();
    const { errors } = hushed(app);
    app.get("/", async (c) => {
      c.set("session", "mine");
      await getSession(c as never);
      return c.text("never");
    });
    await app.request("/");
    expect(errors[0]?.message).toContain("put app.use(session(sessions)) before the route");
  });
});

describe("the commit", () => {
  test("happens once, after every handler and middleware behind it", async () => {
    const shop = openShop();
    const jar = await browser(shop);
    let writesBefore = 0;
    shop.app.use(async (c, next) => {
      await next();
      writesBefore = shop.counts.writes;
      (await getSession(c)).update((data) => void data.n++);
    });
    shop.app.get("/", async (c) => {
      (await getSession(c)).update((data) => void data.n++);
      return c.text("ok");
    });
    await visit(shop.app, jar);
    expect([writesBefore, shop.counts.writes]).toEqual([0, 1]);
    expect(await stored(shop, jar)).toEqual({ n: 3 });
  });

  test("is seen by middleware that stands before", async () => {
    const { sessions } = openShop();
    let cookies: string[] = [];
    const app = new Hono()
      .use(async (c, next) => {
        await next();
        cookies = sessionCookies(c.res);
        c.res.headers.set("X-After", "yes");
      })
      .use(session(sessions))
      .get("/", async (c) => {
        (await getSession(c)).data.n++;
        return c.text("ok");
      });
    const response = await app.request("/");
    expect(cookies.length).toBe(1);
    expect(sessionCookies(response)).toEqual(cookies);
    expect(response.headers.get("x-after")).toBe("yes");
  });

  test("happens once where an application and a part of it both use the middleware", async () => {
    const { sessions, counts } = openShop();
    const part = new Hono().use(session(sessions)).get("/count", async (c) => {
      (await getSession(c)).data.n++;
      return c.text("ok");
    });
    const app = new Hono().use(session(sessions)).route("/part", part);
    app.use("/part/*", async (c, next) => {
      await getSession(c as never);
      await next();
    });
    const response = await app.request("/part/count");
    expect(sessionCookies(response).length).toBe(1);
    expect(counts.commands).toBe(1);
  });

  test("renews the cookie together with the row (better-auth#2115), and not on a prefetch", () =>
    withClock(async (clock) => {
      const shop = openShop(memoryStore(), { idleTimeout: 1000 });
      const jar = await browser(shop);
      shop.app.get("/", async (c) => c.text(String((await getSession(c)).data.n)));
      for (let turn = 0; turn < 20; turn++) {
        clock.advance(300);
        shop.counts.reset();
        const ahead = await visit(shop.app, jar, "/", { "Sec-Purpose": "prefetch" });
        expect(ahead.headers.getSetCookie()).toEqual([]);
        expect(shop.counts.writes).toBe(0);
        const response = await visit(shop.app, jar);
        expect(await response.text()).toBe("1");
        expect(sessionCookies(response)[0]).toContain("Max-Age=1000");
        expect(shop.counts.writes).toBe(1);
      }
    }));
});

describe("a stream", () => {
  test("that is the first to ask for the session can read it, and a change throws", async () => {
    const shop = openShop();
    const jar = await browser(shop);
    const errors: unknown[] = [];
    let start: () => void = () => undefined;
    const started = new Promise<void>((resolve) => (start = resolve));
    shop.app.get("/", (c) =>
      stream(c, async (out) => {
        await started;
        const opened = await getSession(c);
        await out.write(`n=${opened.data.n}`);
        for (const change of [
          () => opened.update((data) => void data.n++),
          () => opened.regenerate(),
          () => opened.destroy(),
          () => void opened.data.n++,
        ]) {
          try {
            change();
          } catch (error) {
            errors.push(error instanceof SessionError ? error.code : error);
          }
        }
      }),
    );
    const response = await visit(shop.app, jar);
    expect(shop.counts.commands).toBe(0);
    start();
    expect(await response.text()).toBe("n=1");
    const committed = "SESSION_COMMITTED";
    expect(errors).toEqual([committed, committed, committed, expect.any(TypeError)]);
    expect([shop.counts.reads, shop.counts.writes]).toEqual([1, 0]);
    expect(await stored(shop, jar)).toEqual({ n: 1 });
  });

  test("goes out piece by piece, and is not waited for", async () => {
    const shop = openShop();
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    shop.app.get("/", async (c) => {
      (await getSession(c)).data.n++;
      return stream(c, async (out) => {
        await out.write("first");
        await ended;
        await out.write("last");
      });
    });
    const response = await visit(shop.app, cookieJar());
    const reader = response.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("first");
    end();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("last");
  });
});

describe("cookies and headers of the application", () => {
  test("several Set-Cookie headers survive beside the session's (hoangvvo/next-session#319)", async () => {
    const shop = openShop();
    shop.app.use(async (c, next) => {
      setCookie(c, "before", "1");
      await next();
      setCookie(c, "after", "4");
    });
    shop.app.get("/", async (c) => {
      setCookie(c, "first", "2");
      (await getSession(c)).data.n++;
      const response = c.text("ok");
      response.headers.append("Set-Cookie", "second=3");
      return response;
    });
    const jar = cookieJar();
    const response = await visit(shop.app, jar);
    const names = response.headers.getSetCookie().map((line) => line.split("=")[0]);
    expect(names).toEqual(["before", "first", "second", "after", COOKIE]);
    expect(await stored(shop, jar)).toEqual({ n: 1 });
  });

  test("middleware that makes a response before the handler does, as cors() does, neither loses nor doubles a cookie", async () => {
    const { sessions } = openShop();
    const app = new Hono()
      .use(cors({ origin: "https://other.example", credentials: true }))
      .use(async (c, next) => {
        setCookie(c, "theirs", "1");
        await next();
        setCookie(c, "last", "3");
      })
      .use(session(sessions))
      .get("/", async (c) => {
        setCookie(c, "mine", "2");
        (await getSession(c)).data.n++;
        return c.redirect("/next");
      });
    const response = await app.request("/", { headers: { Origin: "https://other.example" } });
    const names = response.headers.getSetCookie().map((line) => line.split("=")[0]);
    expect(names.toSorted()).toEqual([COOKIE, "last", "mine", "theirs"]);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://other.example");
    expect(response.headers.get("vary")?.split(", ").toSorted()).toEqual(["Cookie", "Origin"]);
    expect([response.status, response.headers.get("location")]).toEqual([302, "/next"]);
  });

  test("a response that sets the session's cookie is not kept by any cache", async () => {
    const shop = openShop();
    shop.app.get("/", async (c) => {
      (await getSession(c)).data.n++;
      c.header("Cache-Control", "public, max-age=60");
      c.header("ETag", '"1"');
      return c.text("ok");
    });
    const jar = cookieJar();
    expect((await visit(shop.app, jar)).headers.get("cache-control")).toBe("no-store");
    const second = await visit(shop.app, jar);
    expect(second.headers.get("cache-control")).toBe("public, max-age=60");
    expect(second.headers.get("etag")).toBe('"1"');
  });
});

describe("a 101", () => {
  /** No constructor of Node's makes one. A real one is below. */
  function switching(): Response {
    return Object.defineProperty(new Response(null), "status", { value: 101 });
  }

  test("reads the session, saves a change, and is answered as it is", async () => {
    const shop = openShop();
    const jar = await browser(shop);
    const own = switching();
    shop.app.get("/", async (c) => {
      (await getSession(c)).data.n++;
      return own;
    });
    expect(await shop.app.fetch(jar.request())).toBe(own);
    expect([...own.headers.keys()]).toEqual([]);
    expect(await stored(shop, jar)).toEqual({ n: 2 });
  });

  test("that would need a cookie is an error for app.onError", async () => {
    const shop = openShop();
    const { errors } = hushed(shop.app);
    shop.app.get("/", async (c) => {
      (await getSession(c)).data.n++;
      return switching();
    });
    expect((await visit(shop.app, cookieJar())).status).toBe(500);
    expect(errors).toEqual([expect.objectContaining({ code: "SESSION_COOKIE_NEEDED" })]);
    expect(shop.counts.commands).toBe(0);
  });
});

describe("a handler that fails", () => {
  async function expectUnchanged(shop: Shop, jar: Jar): Promise<void> {
    expect(shop.counts.writes).toBe(0);
    const opened = await shop.sessions.open(jar.header());
    expect(opened.data).toEqual({ n: 1 });
    expect(opened.flash("notice")).toBe(undefined);
  }

  async function change(c: Parameters<typeof getSession<Data>>[0]): Promise<void> {
    const opened = await getSession(c);
    opened.data.n = 99;
    opened.flash("notice", "lost");
    opened.regenerate();
  }

  test.each([
    ["an Error", () => new Error("broken"), 500],
    ["an HTTPException, also one of 4xx", () => new HTTPException(422), 422],
  ])("with %s saves nothing", async (_name, make, status) => {
    const shop = openShop();
    const jar = await browser(shop);
    shop.app.onError((error, c) => {
      return error instanceof HTTPException ? error.getResponse() : c.text("broken", 500);
    });
    shop.app.get("/", async (c) => {
      await change(c);
      throw make();
    });
    const response = await visit(shop.app, jar);
    expect(response.status).toBe(status);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(response.headers.get("vary")).toBe("Cookie");
    await expectUnchanged(shop, jar);
  });

  test.each([500, 502, 503, 599])("with status %i saves nothing", async (status) => {
    const shop = openShop();
    const jar = await browser(shop);
    shop.app.get("/", async (c) => {
      await change(c);
      return new Response("broken", { status });
    });
    expect((await visit(shop.app, jar)).status).toBe(status);
    await expectUnchanged(shop, jar);
  });

  test("with something that is no Error saves nothing, and Hono rejects with it", async () => {
    const shop = openShop();
    const jar = await browser(shop);
    shop.app.get("/", async (c) => {
      await change(c);
      throw "no Error" as unknown;
    });
    await expect(visit(shop.app, jar)).rejects.toBe("no Error");
    await expectUnchanged(shop, jar);
  });

  test("by answering nothing saves nothing, and Hono says so", async () => {
    const shop = openShop();
    const jar = await browser(shop);
    const { errors } = hushed(shop.app);
    shop.app.get("/", (async (c: Parameters<typeof change>[0]) => change(c)) as never);
    expect((await visit(shop.app, jar)).status).toBe(500);
    expect(errors[0]?.message).toContain("Context is not finalized");
    await expectUnchanged(shop, jar);
  });

  test.each(["Error", "HTTPException", "no Error", "503"])(
    "after destroy() has ended the session all the same (%s)",
    async (kind) => {
      const shop = openShop();
      const jar = await browser(shop);
      const before = jar.copy();
      shop.app.onError((error, c) => {
        return error instanceof HTTPException ? c.redirect("/", 303) : c.text("broken", 500);
      });
      shop.app.get("/", async (c) => {
        (await getSession(c)).destroy();
        if (kind === "Error") throw new Error("broken");
        if (kind === "HTTPException") throw new HTTPException(401);
        if (kind === "no Error") throw kind as unknown;
        return c.text("broken", 503);
      });
      const response = await visit(shop.app, jar).catch(() => undefined);
      expect(await stored(shop, before)).toBe("nothing");
      if (kind === "no Error") return;
      expect(sessionCookies(response as Response)).toEqual([expect.stringMatching(DELETION)]);
      if (kind === "HTTPException") {
        expect([response?.status, response?.headers.get("location")]).toEqual([303, "/"]);
      }
    },
  );

  test("leaves app.onError a session as it is stored, and what is done to that is saved", async () => {
    const shop = openShop();
    const jar = await browser(shop);
    shop.app.get("/", async (c) => {
      await change(c);
      throw new Error("broken");
    });
    shop.app.onError(async (_error, c) => {
      const opened = await getSession<Data>(c);
      expect(await getSession(c)).toBe(opened);
      expect(opened.data).toEqual({ n: 1 });
      opened.flash("notice", "That did not work");
      return c.redirect("/form", 303);
    });
    const response = await visit(shop.app, jar);
    expect(response.status).toBe(303);
    expect(shop.counts.writes).toBe(1);
    const opened = await shop.sessions.open(jar.header());
    expect(opened.data).toEqual({ n: 1 });
    expect(opened.flash("notice")).toBe("That did not work");
  });

  test("under an onError that fails too saves nothing, but an end", async () => {
    const shop = openShop();
    const jar = await browser(shop);
    const before = jar.copy();
    shop.app.get("/", async (c) => {
      (await getSession(c)).destroy();
      throw new Error("first");
    });
    // Hono asks it again for what it has thrown itself, when the middleware is done.
    const codes: unknown[] = [];
    shop.app.onError(async (error, c) => {
      const opened = await getSession<Data>(c);
      try {
        opened.update((data) => void data.n++);
        codes.push("changed");
      } catch (refused) {
        codes.push((refused as SessionError).code);
      }
      throw error;
    });
    await expect(visit(shop.app, jar)).rejects.toThrow("first");
    expect(codes).toEqual(["changed", "SESSION_COMMITTED", "SESSION_COMMITTED"]);
    expect(await stored(shop, before)).toBe("nothing");
  });

  test("in a part of the application with an onError of its own is a failure as any other", async () => {
    const shop = openShop();
    const jar = await browser(shop);
    const part = new Hono<SessionEnv<typeof shop.sessions>>();
    part.onError((_error, c) => c.text("part is broken", 400));
    part.get("/", async (c) => {
      await change(c);
      throw new Error("broken");
    });
    shop.app.route("/part", part);
    const response = await visit(shop.app, jar, "/part");
    expect([response.status, await response.text()]).toEqual([400, "part is broken"]);
    await expectUnchanged(shop, jar);
  });
});

describe("what the commit refuses", () => {
  test("goes to app.onError, and nothing of the response that it replaces goes out", async () => {
    const shop = openShop();
    const { errors } = hushed(shop.app);
    let cancelled = false;
    shop.app.get("/", async (c) => {
      (await getSession(c)).data.user = Number.NaN as never;
      setCookie(c, "theirs", "1");
      c.header("Content-Encoding", "gzip");
      c.header("Cache-Control", "public");
      const body = new ReadableStream({ cancel: () => void (cancelled = true) });
      return c.body(body, 201, { "Content-Length": "1000", ETag: '"1"' });
    });
    const response = await visit(shop.app, cookieJar());
    expect([response.status, await response.text()]).toEqual([500, "broken"]);
    expect(errors).toEqual([expect.objectContaining({ code: "SESSION_DATA_INVALID" })]);
    expect([...response.headers.keys()]).toEqual(["content-type"]);
    expect(cancelled).toBe(true);
    expect(shop.counts.commands).toBe(0);
  });
});

describe("a store that cannot answer", () => {
  const outages = ["read", "write"] as const;

  async function openBroken(operation: (typeof outages)[number]) {
    const faulty = faultyStore(memoryStore());
    const shop = openShop(faulty.store);
    const jar = await browser(shop);
    faulty.fail(operation, "refused", { times: Number.POSITIVE_INFINITY });
    return { ...shop, shop, jar, faulty };
  }

  test.each(outages)(
    "on a %s is a 503 with Retry-After where nobody shapes it",
    async (operation) => {
      const { app, jar, faulty, shop } = await openBroken(operation);
      app.get("/", async (c) => {
        (await getSession(c)).data.n++;
        return c.json({ secret: true }, 200, { "X-Private": "yes" });
      });
      const response = await visit(app, jar);
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("5");
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(response.headers.get("x-private")).toBe(null);
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(await response.text()).toBe("Service unavailable\n");
      faulty.heal();
      expect(await stored(shop, jar)).toEqual({ n: 1 });
    },
  );

  test.each(outages)("on a %s can be shaped by app.onError", async (operation) => {
    const { app, jar } = await openBroken(operation);
    app.get("/", async (c) => {
      (await getSession(c)).data.n++;
      return c.text("never");
    });
    const heard: Error[] = [];
    app.onError((error, c) => {
      heard.push(error);
      if (!("getResponse" in error)) return c.text("broken", 500);
      expect(error).toBeInstanceOf(StoreError);
      const { status, headers } = error.getResponse();
      c.header("X-Shaped", "yes");
      return c.html("<h1>Back soon</h1>", status as 503, Object.fromEntries(headers));
    });
    const response = await visit(app, jar);
    expect(heard).toEqual([
      expect.objectContaining({ code: "STORE_UNAVAILABLE", outcome: "none" }),
    ]);
    expect(response.status).toBe(503);
    expect(await response.text()).toBe("<h1>Back soon</h1>");
    expect(response.headers.get("retry-after")).toBe("5");
    expect(response.headers.get("x-shaped")).toBe("yes");
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  test("can be answered more than once: getResponse() gives a response of its own each time", async () => {
    const { app, jar } = await openBroken("read");
    app.get("/", async (c) => c.json(await getSession(c)));
    app.onError(async (error, c) => {
      if (!("getResponse" in error)) throw error;
      expect(await error.getResponse().text()).toBe("Service unavailable\n");
      return c.newResponse(error.getResponse().body, 503);
    });
    expect(await (await visit(app, jar)).text()).toBe("Service unavailable\n");
  });

  test("R54 on the end of a session is a 503 with a cookie that ends it later: a logout never lies", async () => {
    const { app, jar, faulty, shop } = await openBroken("write");
    const before = jar.copy();
    app.get("/", async (c) => {
      (await getSession(c)).destroy();
      return c.redirect("/bye");
    });
    app.get("/page", async (c) => c.json((await getSession(c)).data));
    const response = await visit(app, jar);
    expect([response.status, response.headers.get("location")]).toEqual([503, null]);
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(ENDING)]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const during = await visit(app, jar, "/page");
    expect([during.status, during.headers.getSetCookie()]).toEqual([503, []]);
    faulty.heal();
    const after = await visit(app, jar, "/page");
    expect(await after.json()).toEqual({ n: 0 });
    expect(after.headers.getSetCookie()).toEqual([expect.stringMatching(DELETION)]);
    expect(jar.header()).toBe(null);
    expect(await stored(shop, before)).toBe("nothing");
  });

  test("R54 whoever asks for a session without an answer can sign out while nothing can be read", async () => {
    const { app, jar, faulty, shop } = await openBroken("read");
    const before = jar.copy();
    app.get("/", async (c) => {
      const visitor = await c.var.session({ whenUnavailable: "anonymous" });
      visitor.destroy();
      return c.redirect("/bye");
    });
    const response = await visit(app, jar);
    expect(response.status).toBe(503);
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(ENDING)]);
    faulty.heal();
    expect(await stored(shop, before)).toBe("nothing");
  });

  const SHAPES: [string, (c: Context, error: StoreError) => Response | Promise<Response>][] = [
    ["text", (c) => c.text("Back soon", 503)],
    ["a page that says ok", (c) => c.html("<h1>Back soon</h1>", 200)],
    ["a redirect", (c) => c.redirect("/closed")],
    ["a response of its own", () => new Response("Back soon", { status: 503 })],
    ["what the error answers", (_c, error) => error.getResponse()],
    [
      "the headers of what the error answers",
      (c, error) => c.body("Back soon", 503, Object.fromEntries(error.getResponse().headers)),
    ],
    [
      "a cookie of its own",
      (c) => {
        setCookie(c, "theme", "dark");
        return c.text("Back soon", 503);
      },
    ],
  ];

  test.each(SHAPES)(
    "R54 on the end of a session, answered by app.onError with %s: the cookie goes out, once, and to no cache",
    async (name, shape) => {
      const { app, jar, faulty, shop } = await openBroken("write");
      const before = jar.copy();
      app.get("/", async (c) => {
        (await getSession(c)).destroy();
        c.header("X-Private", "yes");
        setCookie(c, "private", "1");
        return c.text("signed out");
      });
      app.onError((error, c) =>
        error instanceof StoreError ? shape(c, error) : c.text("broken", 500),
      );
      const response = await visit(app, jar);
      const cookies = response.headers.getSetCookie();
      expect(sessionCookies(response)).toEqual([expect.stringMatching(ENDING)]);
      expect(cookies.filter((line) => !line.startsWith(COOKIE))).toEqual(
        name === "a cookie of its own" ? ["theme=dark; Path=/"] : [],
      );
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(response.headers.get("x-private")).toBe(null);
      expect(await response.text()).not.toContain("signed out");
      faulty.heal();
      await visit(app, jar, "/", {});
      expect(await stored(shop, before)).toBe("nothing");
    },
  );

  test("R54 a handler that saves the end itself and lets the error through sets one cookie too", async () => {
    for (const times of [1, Number.POSITIVE_INFINITY]) {
      const faulty = faultyStore(memoryStore());
      const shop = openShop(faulty.store);
      const jar = await browser(shop);
      faulty.fail("write", "silent", { times });
      shop.app.get("/", async (c) => {
        const opened = await getSession(c);
        opened.destroy();
        await shop.sessions.save(opened);
        return c.text("signed out");
      });
      const response = await visit(shop.app, jar);
      expect(response.status).toBe(503);
      // The middleware tries again, which may have been enough.
      const expected = times === 1 ? DELETION : ENDING;
      expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(expected)]);
    }
  });

  test("R54 a handler that fails after it has asked for the end: the cookie goes out with the 503", async () => {
    const { app, jar } = await openBroken("write");
    app.get("/", async (c) => {
      (await getSession(c)).destroy();
      throw new Error("the page is broken");
    });
    const { errors } = hushed(app);
    const response = await visit(app, jar);
    expect(errors.map(({ name }) => name)).toEqual(["Error", "StoreError"]);
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(ENDING)]);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("R54 in a part of the application with middleware and an onError of its own, it goes out too", async () => {
    const { sessions, jar } = await openBroken("write");
    const part = new Hono().use(session(sessions));
    part.get("/out", async (c) => {
      (await getSession(c)).destroy();
      return c.text("signed out");
    });
    part.onError((_error, c) => c.text("Back soon", 503));
    const app = new Hono().use(session(sessions)).route("/part", part);
    const response = await visit(app, jar, "/part/out");
    expect(response.status).toBe(503);
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(ENDING)]);
  });

  test("leaves a page of another origin able to read the 503", async () => {
    const { sessions, jar } = await openBroken("write");
    const app = new Hono()
      .use(cors({ origin: "https://other.example", credentials: true }))
      .use(session(sessions))
      .get("/", async (c) => {
        (await getSession(c)).data.n++;
        return c.text("never");
      });
    const response = await visit(app, jar, "/", { Origin: "https://other.example" });
    expect(response.status).toBe(503);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://other.example");
    expect(response.headers.get("access-control-allow-credentials")).toBe("true");
  });

  test("and a handler that asks but does not wait: no rejection is left unhandled", async () => {
    const { app, jar } = await openBroken("read");
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    app.get("/", (c) => {
      void getSession(c);
      return c.text("ok");
    });
    expect((await visit(app, jar)).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  test("and a handler that deals with it itself is heard", async () => {
    const { app, jar } = await openBroken("read");
    app.get("/", async (c) => {
      const opened = await getSession(c).catch(() => undefined);
      return c.text(opened ? "open" : "we are closed");
    });
    const response = await visit(app, jar);
    expect([response.status, await response.text()]).toEqual([200, "we are closed"]);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(response.headers.get("vary")).toBe("Cookie");
    expect(response.headers.get("cache-control")).toBe("private");
  });

  test('and `whenUnavailable: "anonymous"`: a change is a 503 that app.onError can shape', async () => {
    const faulty = faultyStore(memoryStore());
    const shop = openShop(faulty.store, { whenUnavailable: "anonymous" });
    const jar = await browser(shop);
    const kept = jar.header();
    faulty.fail("read", "refused", { times: Number.POSITIVE_INFINITY });
    shop.app.get("/", async (c) => c.text(String((await getSession(c)).unavailable)));
    shop.app.get("/change", async (c) => {
      (await getSession(c)).update((data) => void data.n++);
      return c.text("never");
    });
    shop.app.onError((error, c) => {
      return "getResponse" in error ? error.getResponse() : c.text("broken", 500);
    });
    expect(await (await visit(shop.app, jar)).text()).toBe("true");
    const response = await visit(shop.app, jar, "/change");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(jar.header()).toBe(kept);
  });
});

describe("two sessions with different cookies in one application", () => {
  const carts = createSessions({
    secrets: [SECRET],
    store: memoryStore(),
    initial: () => ({ items: [] as string[] }),
    cookie: { name: "__Host-cart" },
  });

  test("are opened apart and both committed", async () => {
    const shop = openShop();
    const app = new Hono().use(session(shop.sessions)).use(session(carts, "cart"));
    app.get("/", async (c) => {
      (await getSession(c)).data.n++;
      (await getSession(c, "cart")).data.items.push("tea");
      return c.text("ok");
    });
    app.get("/cart", async (c) => c.json((await getSession(c, "cart")).data.items));
    const jar = cookieJar();
    const response = await visit(app, jar);
    expect(sessionCookies(response).length).toBe(1);
    expect(sessionCookies(response, "__Host-cart").length).toBe(1);
    expect(response.headers.get("vary")).toBe("Cookie");
    expect(await stored(shop, jar)).toEqual({ n: 1 });
    shop.counts.reset();
    expect(await (await visit(app, jar, "/cart")).json()).toEqual(["tea"]);
    expect(shop.counts.commands).toBe(0);
  });

  test("R54 are ended together, and neither end is confirmed: both cookies go out", async () => {
    const faulty = faultyStore(memoryStore());
    const shop = openShop(faulty.store);
    const others = createSessions({
      secrets: [SECRET],
      store: faulty.store,
      cookie: { name: "__Host-cart" },
    });
    const app = new Hono().use(session(others, "cart")).use(session(shop.sessions));
    app.get("/", async (c) => {
      (await getSession(c, "cart")).data["items"] = 1;
      (await getSession(c)).data.n++;
      return c.text("ok");
    });
    app.get("/out", async (c) => {
      (await getSession(c, "cart")).destroy();
      (await getSession(c)).destroy();
      return c.text("signed out");
    });
    app.onError((_error, c) => c.text("Back soon", 503));
    const jar = cookieJar();
    await visit(app, jar);
    const before = jar.copy();
    faulty.fail("write", "refused", { times: Number.POSITIVE_INFINITY });
    const response = await visit(app, jar, "/out");
    expect(response.headers.getSetCookie()).toHaveLength(2);
    expect(sessionCookies(response)).toEqual([expect.stringMatching(ENDING)]);
    expect(sessionCookies(response, "__Host-cart")).toHaveLength(1);
    expect(response.headers.get("cache-control")).toBe("no-store");
    faulty.heal();
    const after = await visit(app, jar);
    expect(after.headers.getSetCookie()).toHaveLength(2);
    expect(await stored(shop, before)).toBe("nothing");
    expect((await others.open(before.header())).isNew).toBe(true);
    expect(await stored(shop, jar)).toEqual({ n: 1 });
  });

  test("fail together: what one could not save is a 503, whatever the other did", async () => {
    const faulty = faultyStore(memoryStore());
    const shop = openShop(faulty.store);
    const app = new Hono().use(session(carts, "cart")).use(session(shop.sessions));
    app.get("/", async (c) => {
      (await getSession(c, "cart")).data.items.push("tea");
      (await getSession(c)).data.n++;
      return c.text("ok");
    });
    faulty.fail("write", "refused", { times: 2 });
    const response = await visit(app, cookieJar());
    expect(response.status).toBe(503);
    expect(response.headers.getSetCookie()).toEqual([]);
  });
});

describe("sessions whose configuration comes with the request", () => {
  test("are made once for each env", async () => {
    let made = 0;
    const sessionsOf = perEnv((env: { SECRET: string }) => {
      made++;
      const secrets = [env.SECRET];
      return createSessions({ secrets, store: memoryStore(), initial: () => ({ n: 0 }) });
    });
    const app = new Hono<{ Bindings: { SECRET: string } }>()
      .use(session((c) => sessionsOf(c.env)))
      .get("/", async (c) => {
        const opened = await getSession(c);
        return c.text(String(++opened.data.n));
      });
    const env = { SECRET };
    const jar = cookieJar();
    for (const expected of ["1", "2", "3"]) {
      const response = await app.fetch(jar.request(), env);
      jar.take(response);
      expect(await response.text()).toBe(expected);
    }
    expect(made).toBe(1);
    expect(await (await app.fetch(jar.request(), { SECRET })).text()).toBe("1");
    expect(made).toBe(2);
  });
});
