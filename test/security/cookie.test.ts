// The cookie: what is set, what is deleted, what is read, and what caches see.

import { type CookieOptions, memoryStore, type SessionEvent } from "coatcheck";
import { describe, expect, test } from "vitest";
import { COOKIE, openShop, sessionCookie } from "../behaviour/setup.ts";
import { cookieJar } from "../support/jar.ts";
import { pausingStore } from "../support/stores.ts";

const change = (session: { data: { n: number } }) => void session.data.n++;

function create(cookie: Record<string, unknown>): () => unknown {
  return () => openShop(memoryStore(), { cookie: cookie as CookieOptions });
}

async function stored(cookie: CookieOptions = {}) {
  const shop = openShop(memoryStore(), { cookie });
  const first = await shop.sessions.open(null);
  change(first);
  const set = await shop.sessions.save(first);
  if (set === null) throw new Error("no cookie was set");
  return { shop, set, pair: `${set.name}=${set.value}` };
}

describe("what is set", () => {
  test("R12 by default __Host-, Secure, HttpOnly, SameSite=Lax, Path=/ and no Domain", async () => {
    const { set } = await stored();
    expect(set.header.replace(/=[\w-]{43}\.[\w-]{43};/, "=TOKEN;")).toBe(
      "__Host-session=TOKEN; Path=/; Max-Age=86400; Secure; HttpOnly; SameSite=Lax",
    );
  });

  test("R12 with a domain or another path the prefix is __Secure-", async () => {
    expect((await stored({ domain: "shop.example" })).set.name).toBe("__Secure-session");
    expect((await stored({ path: "/app" })).set.name).toBe("__Secure-session");
  });

  test.each<[string, CookieOptions]>([
    ["__Host- without Secure", { name: "__Host-a", secure: false }],
    ["__Host- with a domain", { name: "__Host-a", domain: "shop.example" }],
    ["__Host- with a path", { name: "__Host-a", path: "/app" }],
    ["__host- with a domain", { name: "__host-a", domain: "shop.example" }],
    ["__SECURE- without Secure", { name: "__SECURE-a", secure: false }],
    ["SameSite=None without Secure", { sameSite: "none", secure: false }],
    ["Partitioned without Secure", { partitioned: true, secure: false }],
  ])("R12 %s is refused at construction", (_, cookie) => {
    expect(create({ ...cookie })).toThrow(TypeError);
  });

  test("R12 secure: false is reported", () => {
    const events: SessionEvent[] = [];
    openShop(memoryStore(), {
      cookie: { secure: false },
      onEvent: (event) => void events.push(event),
    });
    expect(events).toEqual([{ type: "insecure" }]);
  });

  test.each([
    ["__Http-a", { path: "/app", domain: "shop.example" }, true],
    ["__Host-Http-a", {}, true],
    ["__Http-a", { secure: false }, false],
    ["__Host-Http-a", { secure: false }, false],
    ["__host-http-a", { path: "/app" }, false],
    ["__Host-Http-a", { domain: "shop.example" }, false],
  ])("R13 %s with %o: %s", async (name, options, right) => {
    if (!right) {
      expect(create({ name, ...options })).toThrow(TypeError);
      return;
    }
    expect((await stored({ name, ...options })).set.header).toContain("; HttpOnly;");
  });

  test("R13 the server matches its name in its own case alone", async () => {
    const { shop, set } = await stored();
    for (const name of ["__host-session", "__HOST-SESSION", "__Host-Session"]) {
      expect((await shop.open(`${name}=${set.value}`)).isNew).toBe(true);
    }
  });

  const INJECTIONS = [
    "\r\nSet-Cookie: evil=1",
    "\n",
    "\r",
    ";",
    "; Domain=evil.example",
    ",",
    "\0",
    "\x7f",
    " x",
    "\u2028",
  ];
  test.each(
    ["name", "path", "domain", "sameSite"].flatMap((option) =>
      INJECTIONS.map((text) => [option, text] as const),
    ),
  )("R14 F19 cookie.%s with %j is refused", (option, text) => {
    const good = { name: "a", path: "/a", domain: "shop.example", sameSite: "lax" };
    expect(create({ ...good, [option]: good[option as keyof typeof good] + text })).toThrow(
      TypeError,
    );
  });

  test("R14 F19 there is no priority and no free attribute to smuggle into", () => {
    for (const option of ["priority", "maxAge", "expires", "httpOnly", "value", "attributes"]) {
      expect(create({ [option]: "x; Domain=evil.example" })).toThrow(option);
    }
  });

  test("R14 F19 nothing that the application stores gets into the cookie", async () => {
    const shop = openShop(memoryStore());
    const jar = cookieJar();
    const response = await shop.visit(jar, (session) => {
      session.data.note = "\r\nSet-Cookie: evil=1; Domain=evil.example";
      session.flash("\r\nevil", "; evil");
    });
    expect(response.headers.getSetCookie()).toHaveLength(1);
    expect(sessionCookie(response)).not.toMatch(/evil|[\r\n]/);
  });

  test("R15 F24 name and value never exceed 4096 bytes: a name without room is refused at construction", async () => {
    const { set } = await stored({ name: "a".repeat(4009) });
    expect(set.name.length + set.value.length).toBe(4096);
    expect(create({ name: "a".repeat(4010) })).toThrow(/name/);
  });

  test("R15 F24 the cookie does not grow with the data", async () => {
    const shop = openShop(memoryStore());
    const response = await shop.visit(cookieJar(), (session) => {
      session.data.note = "x".repeat(60_000);
    });
    expect(sessionCookie(response)?.length).toBeLessThan(300);
  });

  test("R15 attributes stay within 1024 bytes, and Max-Age within 400 days", async () => {
    expect(create({ path: `/${"a".repeat(1024)}` })).toThrow(/path/);
    const shop = openShop(memoryStore(), { idleTimeout: 34_560_000, lifetime: 34_560_000 });
    const response = await shop.visit(cookieJar(), change);
    expect(Number(/Max-Age=(\d+)/.exec(sessionCookie(response) ?? "")?.[1])).toBeLessThanOrEqual(
      34_560_000,
    );
  });
});

describe("what is deleted", () => {
  const KINDS: CookieOptions[] = [
    {},
    { secure: false },
    { domain: "shop.example", path: "/app" },
    { sameSite: "none", partitioned: true },
    { name: "__Host-Http-a", sameSite: "strict" },
  ];

  test.each(KINDS)("R16 F22 the deletion of %o repeats every attribute", async (cookie) => {
    const { shop, set, pair } = await stored(cookie);
    const session = await shop.open(pair);
    session.destroy();
    const deletion = await shop.sessions.save(session);
    const rest = (header = "") =>
      header
        .split("; ")
        .slice(1)
        .filter((part) => !/^(Max-Age|Expires)/.test(part));
    expect(rest(deletion?.header)).toEqual(rest(set.header));
    expect(deletion).toMatchObject({ name: set.name, value: "" });
    expect(deletion?.header).toMatch(/Max-Age=0; Expires=Thu, 01 Jan 1970/);
  });

  test("R16 F22 a browser takes the deletion, and sends the cookie no more", async () => {
    const shop = openShop(memoryStore());
    const jar = cookieJar();
    await shop.visit(jar, change);
    await shop.visit(jar, (session) => session.destroy());
    expect([jar.get(COOKIE), jar.refused]).toEqual([undefined, []]);
  });
});

test("R34 cookies and storage of the site are cleared with a logout alone, and only where it is asked for", async () => {
  for (const clearSiteData of [true, false]) {
    const shop = openShop(memoryStore(), { clearSiteData });
    const jar = cookieJar();
    const [signIn, signOut] = [
      await shop.visit(jar, change),
      await shop.visit(jar, (session) => session.destroy()),
    ];
    expect(signIn.headers.get("Clear-Site-Data")).toBeNull();
    expect(signOut.headers.get("Clear-Site-Data")).toBe(
      clearSiteData ? '"cookies", "storage"' : null,
    );
  }
});

describe("what goes with a response", () => {
  test("R17 F25 F40 the application's own cookies stay, each on its line", async () => {
    const shop = openShop(memoryStore());
    const own = ["a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT", "b=2; Path=/b", "a=3"];
    const headers = new Headers(own.map((line) => ["Set-Cookie", line]));
    const before = Array.from(headers);
    const response = await shop.visit(cookieJar(), (session) => {
      change(session);
      return new Response("ok", { headers });
    });
    expect(response.headers.getSetCookie().slice(0, 3)).toEqual(own);
    expect(response.headers.getSetCookie()).toHaveLength(4);
    expect(Array.from(headers)).toEqual(before);
  });

  test("R17 redirects and other responses that cannot be changed get the cookie all the same", async () => {
    const shop = openShop(memoryStore());
    const fetched = await fetch("data:text/plain,hello");
    for (const given of [Response.redirect("https://shop.example/"), Response.json(1), fetched]) {
      const response = await shop.visit(cookieJar(), (session) => {
        change(session);
        return given;
      });
      expect(sessionCookie(response)).toBeDefined();
      expect(response.status).toBe(given.status);
    }
  });

  test("R17 F40 one response that serves every visitor does not carry one's cookie to another", async () => {
    const shop = openShop(memoryStore());
    const constant = new Response(null, { status: 204 });
    const tokens: (string | undefined)[] = [];
    for (let visitor = 0; visitor < 3; visitor++) {
      const response = await shop.visit(cookieJar(), (session) => {
        change(session);
        return constant;
      });
      expect(response.headers.getSetCookie()).toHaveLength(1);
      tokens.push(sessionCookie(response));
    }
    expect(new Set(tokens).size).toBe(3);
    expect(constant.headers.getSetCookie()).toEqual([]);
  });

  test.each([
    ["a page", () => new Response("ok", { headers: { "Cache-Control": "public, s-maxage=60" } })],
    ["a redirect", () => Response.redirect("https://shop.example/", 302)],
    ["a 304", () => new Response(null, { status: 304, headers: { "Cache-Control": "public" } })],
    ["a 404", () => new Response("no", { status: 404 })],
  ])("R21 F23 %s that sets the cookie is no-store, and varies by Cookie", async (_, make) => {
    const shop = openShop(memoryStore());
    const response = await shop.visit(cookieJar(), (session) => {
      change(session);
      return make();
    });
    expect(sessionCookie(response)).toBeDefined();
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(response.headers.get("Vary")).toBe("Cookie");
  });

  test("R21 F23 a renewal that nobody asked for is no-store too", async () => {
    const real = Date.now;
    try {
      const shop = openShop(memoryStore());
      const jar = cookieJar();
      await shop.visit(jar, change);
      const later = real() + 10_000_000;
      Date.now = () => later;
      const response = await shop.visit(jar, () => {
        return new Response("ok", { headers: { "Cache-Control": "public, max-age=60" } });
      });
      expect(sessionCookie(response)).toBeDefined();
      expect(response.headers.get("Cache-Control")).toBe("no-store");
    } finally {
      Date.now = real;
    }
  });

  test("R21 F23 a deletion is no-store too", async () => {
    const shop = openShop(memoryStore());
    const jar = cookieJar();
    await shop.visit(jar, change);
    const response = await shop.visit(jar, (session) => session.destroy());
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  });

  test("R21 a handler that asked for the session varies by Cookie, found or not, whatever it used of it", async () => {
    const shop = openShop(memoryStore());
    const jar = cookieJar();
    await shop.visit(jar, change);
    for (const browser of [cookieJar(), jar]) {
      for (const use of [
        () => undefined,
        (session: { isNew: boolean }) => void session.isNew,
        (session: { flash(key: string): unknown }) => void session.flash("a"),
      ]) {
        const { headers } = await shop.visit(browser, use);
        expect(headers.get("Vary")).toBe("Cookie");
        expect(headers.get("Cache-Control")).toBe("private");
      }
    }
  });

  test("R21 a handler that asked in the middle of a slow read still varies by Cookie", async () => {
    const pausing = pausingStore(memoryStore());
    const shop = openShop(pausing.store);
    const jar = cookieJar();
    await shop.visit(jar, change);
    const parked = pausing.park("after read");
    const handle = shop.sessions.handler((_request, getSession) => {
      // Asked for, and not waited for.
      void getSession();
      return new Response("ok");
    });
    const answering = handle(jar.request());
    await parked.reached;
    parked.resume();
    expect((await answering).headers.get("Vary")).toBe("Cookie");
  });

  test("R21 a handler that did not ask is left alone, and costs nothing", async () => {
    const shop = openShop(memoryStore());
    const jar = cookieJar();
    await shop.visit(jar, change);
    shop.counts.reset();
    const given = new Response("ok", { headers: { "Cache-Control": "public" } });
    const response = await shop.sessions.handler(() => given)(jar.request());
    expect([response, shop.counts.commands]).toEqual([given, 0]);
  });
});

describe("what is read", () => {
  test.each<[string, (token: string) => string]>([
    ["a no-break space before the name", (token) => `a=1;\u00a0${COOKIE}=${token}`],
    ["an en quad before the name", (token) => `\u2000${COOKIE}=${token}`],
    ["a byte order mark before the name", (token) => `\ufeff${COOKIE}=${token}`],
    ["a vertical tab before the name", (token) => `a=1;\v${COOKIE}=${token}`],
    ["a percent sign in the name", (token) => `%5F_Host-session=${token}`],
    ["an encoded equals sign", (token) => `${COOKIE}%3D${token}`],
    ["no name", (token) => `=${COOKIE}=${token}`],
    ["a blank before the equals sign", (token) => `${COOKIE} =${token}`],
    ["quotes around the value", (token) => `${COOKIE}="${token}"`],
    ["another cookie's value around it", (token) => `a=${COOKIE}=${token}`],
    ["a comma before it", (token) => `a=1, ${COOKIE}=${token}`],
    ["another case of the name", (token) => `${COOKIE.toUpperCase()}=${token}`],
    ["percent signs in the value", (token) => `${COOKIE}=${token.replace(".", "%2E")}`],
  ])("R18 F20 F21 %s: not the session's cookie", async (_, write) => {
    const { shop, set } = await stored();
    shop.counts.reset();
    expect((await shop.open(write(set.value))).isNew).toBe(true);
    expect(shop.counts.commands).toBe(0);
  });

  test("R18 F20 a quoted string does not swallow what stands behind a semicolon", async () => {
    const { shop, pair } = await stored();
    for (const header of [`a="1; ${pair}; b=2"`, `$Version=1; a="\\"; ${pair}`, `a; ${pair}; b`]) {
      expect((await shop.open(header)).isNew).toBe(false);
    }
  });

  test("R18 F37 cookies called __proto__ or constructor are cookies like any other", async () => {
    const { shop, pair } = await stored();
    expect((await shop.open(`__proto__=1; constructor=2; ${pair}`)).isNew).toBe(false);
    expect(({} as Record<string, unknown>)["n"]).toBeUndefined();
  });

  test("R18 F26 a header of 16 MB is read at once, whatever is in it", async () => {
    const { shop } = await stored();
    for (const pattern of [
      ";",
      " ",
      "=",
      `${COOKIE} `,
      `;${" ".repeat(1000)}${COOKIE}`,
      '"',
      "\t;",
    ]) {
      const header = pattern.repeat(Math.ceil(16_000_000 / pattern.length));
      const before = performance.now();
      await shop.open(header);
      // Linear work takes milliseconds, quadratic work hours: the bound need not be close (the count is in unit/).
      expect(performance.now() - before).toBeLessThan(5_000);
    }
  });

  test("R19 two cookies of the name are no session, and reported; neither is looked up", async () => {
    const { shop, pair } = await stored();
    shop.counts.reset();
    shop.events.length = 0;
    for (const header of [`${pair}; ${pair}`, `${COOKIE}=x; ${pair}`, `${pair}; a=1; ${COOKIE}=`]) {
      expect((await shop.open(header)).isNew).toBe(true);
    }
    expect(shop.counts.commands).toBe(0);
    expect(shop.events).toEqual(
      Array.from({ length: 3 }, () => ({ type: "forged", reason: "duplicate" })),
    );
  });

  test("R19 two cookies of the name read and change nobody's session", async () => {
    const { shop, pair } = await stored();
    shop.counts.reset();
    const session = await shop.open(`${pair}; ${pair}`);
    await shop.sessions.save(session);
    expect(shop.counts.commands).toBe(0);
    expect((await shop.open(pair)).isNew).toBe(false);
  });

  test("R11 R19 a destroy on two cookies of the name ends nothing that a forged one names", async () => {
    const { shop, pair } = await stored();
    shop.counts.reset();
    const forged = `${pair.slice(0, -1)}${pair.endsWith("A") ? "E" : "A"}`;
    const session = await shop.open(`${forged}; ${forged}`);
    session.destroy();
    await shop.sessions.save(session);
    expect(shop.counts.commands).toBe(0);
    expect((await shop.open(pair)).isNew).toBe(false);
  });

  test("R20 several Cookie header lines are one header", async () => {
    const { shop, pair } = await stored();
    const headers = new Headers();
    for (const line of ["a=1", pair, "b=2"]) headers.append("Cookie", line);
    expect((await shop.sessions.load(headers)).isNew).toBe(false);
  });
});
