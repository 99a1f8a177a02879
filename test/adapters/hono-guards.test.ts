// Guards in Hono: who may pass, and what everybody else is answered.

import { memoryStore, StoreError } from "coatcheck";
import {
  getSession,
  refuseCrossSite,
  requireFresh,
  requireUser,
  session,
  type SessionEnv,
} from "coatcheck/hono";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withClock } from "../support/clock.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import { faultyStore } from "../support/stores.ts";
import {
  DELETION,
  browser,
  hushed,
  openShop,
  served,
  sessionCookies,
  stored,
  visit,
  visitOver,
  type Served,
  type Shop,
} from "./hono-setup.ts";

const HTML = { Accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const NOT_FRESH = { error: "insufficient_user_authentication", max_age: 300 };

/** A browser in which Ada is signed in. */
async function signedIn(shop: Pick<Shop, "sessions" | "counts">): Promise<Jar> {
  const jar = cookieJar();
  const opened = await shop.sessions.open(null);
  opened.signIn("Ada");
  jar.put((await shop.sessions.save(opened))?.header ?? "");
  shop.counts.reset();
  return jar;
}

/** A shop with a page for every guard; all of them say who is there. */
function openGuarded(...given: Parameters<typeof openShop>) {
  const shop = openShop(...given);
  let entered = 0;
  shop.app
    .get("/user", requireUser(), async (c) => {
      entered++;
      return c.text((await getSession(c)).userId);
    })
    .get("/user-page", requireUser({ redirect: "/sign-in?for=user" }), async (c) => {
      entered++;
      return c.text((await getSession(c)).userId);
    })
    .get("/fresh", requireFresh(300), async (c) => {
      entered++;
      return c.text((await getSession(c)).userId);
    })
    .all("/fresh-page", requireFresh(300, { redirect: "/confirm" }), async (c) => {
      entered++;
      return c.text((await getSession(c)).userId);
    })
    .post("/elevate", requireUser(), async (c) => {
      (await getSession(c)).elevate();
      return c.text("done");
    });
  return { ...shop, entries: () => entered };
}

describe("requireUser()", () => {
  test.each(["/user", "/user-page", "/fresh", "/fresh-page"])(
    "lets pass who has just signed in, with one read: %s",
    async (path) => {
      const shop = openGuarded();
      const jar = await signedIn(shop);
      const response = await visit(shop.app, jar, path);
      expect([response.status, await response.text()]).toEqual([200, "Ada"]);
      expect(response.headers.get("cache-control")).toBe("private");
      expect(response.headers.get("vary")).toBe("Cookie");
      expect([shop.counts.reads, shop.counts.writes]).toEqual([1, 0]);
    },
  );

  test.each(["no cookie", "a session without a user", "a forged cookie"])(
    "R50 answers 401 to %s, says nothing more, and lets no cache keep it",
    async (who) => {
      const shop = openGuarded();
      const jar = who === "a session without a user" ? await browser(shop) : cookieJar();
      if (who === "a forged cookie") jar.put("__Host-session=forged; Path=/; Secure");
      for (const path of ["/user", "/fresh"]) {
        const response = await visit(shop.app, jar, path, HTML);
        expect([response.status, await response.text()]).toEqual([401, "Unauthorized\n"]);
        expect(Object.fromEntries(response.headers)).toEqual({
          "cache-control": "no-store",
          "content-type": "text/plain;charset=UTF-8",
          vary: "Cookie",
          "www-authenticate": "Cookie",
        });
      }
      expect(shop.entries()).toBe(0);
      expect(shop.counts.writes).toBe(0);
    },
  );

  test.each(["/user-page", "/fresh-page"])(
    "sends who asks for a page elsewhere, and refuses scripts and programs all the same: %s",
    async (path) => {
      const shop = openGuarded();
      const response = await visit(shop.app, cookieJar(), path, HTML);
      expect(response.status).toBe(303);
      expect(response.headers.get("location")).toMatch(/^\/(sign-in\?for=user|confirm)$/);
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(response.headers.get("vary")).toBe("Cookie");
      expect(await response.text()).toBe("");
      for (const headers of [{}, { Accept: "*/*" }, { Accept: "application/json" }]) {
        const refused = await visit(shop.app, cookieJar(), path, headers);
        expect(refused.status).toBe(401);
        expect(refused.headers.get("location")).toBe(null);
      }
      expect(shop.entries()).toBe(0);
    },
  );

  test("lets nobody pass who has signed out, whose session has run out, or was ended elsewhere", () =>
    withClock(async (clock) => {
      const shop = openGuarded(memoryStore(), { idleTimeout: 1000 });
      const first = await signedIn(shop);
      const thief = first.copy();
      const leaving = await shop.sessions.open(first.header());
      leaving.signOut();
      first.put((await shop.sessions.save(leaving))?.header ?? "");
      expect((await visit(shop.app, first, "/user")).status).toBe(401);
      expect((await visit(shop.app, thief, "/user")).status).toBe(401);
      const second = await signedIn(shop);
      clock.advance(999);
      expect((await visit(shop.app, second.copy(), "/user")).status).toBe(200);
      clock.advance(1001);
      expect((await visit(shop.app, second, "/user")).status).toBe(401);
    }));

  test("lets nobody pass whom middleware before it has signed out", async () => {
    const shop = openShop();
    const jar = await signedIn(shop);
    shop.app.use(async (c, next) => {
      (await getSession(c)).signOut();
      await next();
    });
    shop.app.get("/", requireUser(), (c) => c.text("never"));
    const response = await visit(shop.app, jar);
    expect(response.status).toBe(401);
    expect(sessionCookies(response)[0]).toMatch(DELETION);
  });

  test("guards a whole part of an application, beside what is for all", async () => {
    const { sessions, counts } = openShop();
    const account = new Hono<SessionEnv<typeof sessions>>()
      .use(requireUser({ redirect: "/sign-in" }))
      .get("/", async (c) => c.text((await getSession(c)).userId));
    const app = new Hono()
      .use(session(sessions))
      .get("/sign-in", (c) => c.text("Who is there?"))
      .route("/account", account);
    const jar = await signedIn({ sessions, counts });
    expect(await (await visit(app, jar, "/account")).text()).toBe("Ada");
    expect((await visit(app, cookieJar(), "/account", HTML)).status).toBe(303);
    expect((await visit(app, cookieJar(), "/sign-in", HTML)).status).toBe(200);
  });

  test("asks the session of its name, and no other", async () => {
    const { sessions, counts } = openShop();
    const staff = openShop(memoryStore(), { cookie: { name: "__Host-staff" } });
    const app = new Hono()
      .use(session(sessions))
      .use(session(staff.sessions, "staff"))
      .get("/staff", requireUser({ name: "staff" }), async (c) =>
        c.text((await getSession(c, "staff")).userId),
      );
    const customer = await signedIn({ sessions, counts });
    expect((await visit(app, customer, "/staff")).status).toBe(401);
    expect(await (await visit(app, await signedIn(staff), "/staff")).text()).toBe("Ada");
  });

  test("without the middleware before it is a TypeError that says what to write, and where", async () => {
    const app = new Hono();
    const { errors } = hushed(app);
    app.get("/", requireUser(), (c) => c.text("never"));
    expect((await app.request("/")).status).toBe(500);
    expect(errors[0]).toBeInstanceOf(TypeError);
    expect(errors[0]?.message).toContain("put app.use(session(sessions)) before the route");
  });
});

describe("requireFresh()", () => {
  test("answers 403 to a proof that is too old, with what a client can act on, until there is a new one", () =>
    withClock(async (clock) => {
      const shop = openGuarded();
      const jar = await signedIn(shop);
      clock.advance(300);
      expect((await visit(shop.app, jar, "/fresh")).status).toBe(200);
      clock.advance(0.001);
      const refused = await visit(shop.app, jar, "/fresh", HTML);
      expect(refused.status).toBe(403);
      expect(refused.headers.get("www-authenticate")).toBe(
        'Cookie error="insufficient_user_authentication", max_age=300',
      );
      expect(refused.headers.get("content-type")).toBe("application/json");
      expect(await refused.json()).toEqual(NOT_FRESH);
      expect(refused.headers.get("cache-control")).toBe("no-store");
      expect(refused.headers.get("vary")).toBe("Cookie");
      expect(shop.entries()).toBe(1);
      expect((await visit(shop.app, jar, "/user")).status).toBe(200);

      const request = jar.request("/elevate");
      jar.take(await shop.app.fetch(new Request(request, { method: "POST" })));
      expect((await visit(shop.app, jar, "/fresh")).status).toBe(200);
    }));

  test("sends who asks for a page elsewhere, a form's POST by GET, and refuses scripts by 403", () =>
    withClock(async (clock) => {
      const shop = openGuarded();
      const jar = await signedIn(shop);
      clock.advance(300.001);
      for (const method of ["GET", "POST"]) {
        const request = new Request(jar.request("/fresh-page", HTML), { method });
        const response = await shop.app.fetch(request);
        expect([response.status, response.headers.get("location")]).toEqual([303, "/confirm"]);
        const script = new Request(jar.request("/fresh-page"), { method });
        expect((await shop.app.fetch(script)).status).toBe(403);
      }
      expect(shop.entries()).toBe(0);
    }));

  test.each([0, 1.5, -1, Number.NaN, Infinity, "300", undefined, null])(
    "with a number of seconds that is none (%s) lets nobody pass",
    async (seconds) => {
      const shop = openShop();
      const { errors } = hushed(shop.app);
      shop.app.get("/", requireFresh(seconds as number), (c) => c.text("never"));
      for (const jar of [cookieJar(), await signedIn(shop)]) {
        expect((await visit(shop.app, jar)).status).toBe(500);
      }
      expect(errors.map(({ message }) => message)).toEqual(
        Array(2).fill(
          "Cannot tell age: seconds must be a whole number of seconds from 1 to 34560000",
        ),
      );
    },
  );
});

describe("while the store does not answer", () => {
  test.each(["reject", "anonymous"] as const)(
    "R51 R52 nobody is sent to sign in, and nobody passes: a 503, and the cookie stays (%s)",
    async (whenUnavailable) => {
      const faulty = faultyStore(memoryStore());
      const shop = openGuarded(faulty.store, { whenUnavailable });
      const jar = await signedIn(shop);
      faulty.fail("read", "refused", { times: Infinity });
      for (const path of ["/user", "/user-page", "/fresh", "/fresh-page"]) {
        const response = await visit(shop.app, jar, path, HTML);
        expect([response.status, await response.text()]).toEqual([503, "Service unavailable\n"]);
        expect(response.headers.get("retry-after")).toMatch(/^\d+$/);
        expect(response.headers.get("cache-control")).toBe("no-store");
        expect(response.headers.getSetCookie()).toEqual([]);
      }
      expect(shop.entries()).toBe(0);
    },
  );

  test("the error is the application's to answer", async () => {
    const faulty = faultyStore(memoryStore());
    const shop = openGuarded(faulty.store, { whenUnavailable: "anonymous" });
    const { errors } = hushed(shop.app);
    const jar = await signedIn(shop);
    faulty.fail("read", "refused", { times: Infinity });
    await visit(shop.app, jar, "/user");
    expect(errors[0]).toBeInstanceOf(StoreError);
    expect(errors[0]?.message).toBe("Cannot tell who is signed in: no store answered");
  });
});

describe("refuseCrossSite(), over HTTP", () => {
  let server: Served;
  let shop: Shop;
  let jar: Jar;

  beforeAll(async () => {
    shop = openShop();
    const app = new Hono()
      .use(refuseCrossSite({ trustedOrigins: ["https://admin.example.com"] }))
      .use(session(shop.sessions))
      .all("/", async (c) => {
        (await getSession(c)).update((data) => void data.n++);
        return c.text("done");
      });
    server = await served(app.fetch);
    jar = await browser(shop);
  });

  afterAll(() => server.close());

  function send(headers: Record<string, string>, method = "POST"): Promise<Response> {
    shop.counts.reset();
    return visitOver(server, jar, "/", { method, headers, body: method === "GET" ? null : "n=1" });
  }

  test.each([
    ["a page of another site", { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" }],
    ["a neighbour", { "Sec-Fetch-Site": "same-site", Origin: "https://blog.shop.example" }],
    ["an older browser", { Origin: "https://evil.example" }],
    ["who hides their origin", { Origin: "null" }],
    ["nobody knows whom", {}],
    [
      "who names the host as a proxy would",
      { Origin: "https://e.example", "X-Forwarded-Host": "e.example" },
    ],
  ])(
    "R43 F41 R50 refuses what %s sends, whatever its type, before the store is asked",
    async (_who, headers) => {
      const before = await stored(shop, jar);
      for (const type of ["application/x-www-form-urlencoded", "text/plain", "application/json"]) {
        const response = await send({ ...headers, "Content-Type": type });
        expect([response.status, await response.text()]).toEqual([403, "Forbidden\n"]);
        expect(response.headers.get("cache-control")).toBe("no-store");
        expect(response.headers.getSetCookie()).toEqual([]);
        expect(shop.counts.commands).toBe(0);
      }
      expect(await stored(shop, jar)).toEqual(before);
    },
  );

  test.each([
    ["a page of its own", { "Sec-Fetch-Site": "same-origin" }],
    ["a trusted page", { "Sec-Fetch-Site": "cross-site", Origin: "https://admin.example.com" }],
  ])("R43 lets pass what %s sends", async (_who, headers) => {
    const response = await send(headers);
    expect([response.status, await response.text()]).toEqual([200, "done"]);
    expect(shop.counts.writes).toBe(1);
  });

  test("R43 R47 knows the host that an older browser asked for, and a visit from elsewhere is a visit", async () => {
    expect((await send({ Origin: server.url })).status).toBe(200);
    expect((await send({ Origin: server.url.replace("127.0.0.1", "localhost") })).status).toBe(403);
    expect((await send({ "Sec-Fetch-Site": "cross-site" }, "GET")).status).toBe(200);
  });

  test("R47 behind a proxy takes the host from the header that is named", async () => {
    const app = new Hono()
      .use(refuseCrossSite({ proxyHost: "x-forwarded-host" }))
      .post("/", (c) => c.text("done"));
    const behind = await served(app.fetch);
    try {
      const ask = (headers: Record<string, string>) =>
        fetch(behind.url, {
          method: "POST",
          headers: { Origin: "https://shop.example", ...headers },
        });
      expect((await ask({ "X-Forwarded-Host": "shop.example" })).status).toBe(200);
      expect((await ask({ "X-Forwarded-Host": "shop.example, evil.example" })).status).toBe(403);
      expect((await ask({})).status).toBe(403);
    } finally {
      await behind.close();
    }
  });

  test("a wrong option throws where the application is made", () => {
    expect(() => refuseCrossSite({ trustedOrigins: ["https://a.example/"] })).toThrow(TypeError);
  });
});
