// What Next's users stumble over, in an application that is built and served: test/adapters/next.

import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Browser, BrowserContext, Page } from "../browser/driver.ts";
import { lacksParts, launchBrowser } from "../examples/browser.ts";
import { finish, installed, type Running, startServer } from "../examples/example.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import { freePort, type RedisProcess, startRedis } from "../support/redis.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";

const COOKIE = "__Host-session";
const ENV = { NEXT_TELEMETRY_DISABLED: "1", CI: "1" };
const BUILD_MS = 240_000;
/** A renewal is due after a tenth of the application's 30 s. */
const DUE_MS = 3_100;

const project = installed("test/adapters/next");

type Variables = Readonly<Record<string, string>>;

function next(command: string, ...args: string[]): { command: string; args: string[] } {
  return { command: join(project.folder, "node_modules/.bin/next"), args: [command, ...args] };
}

async function build(variables: Variables, ...args: string[]): Promise<void> {
  const { command, args: all } = next("build", ...args);
  await finish(project.folder, command, all, { ...ENV, HOME: project.folder, ...variables });
}

async function serve(
  kind: "start" | "dev",
  variables: Variables,
  ...args: string[]
): Promise<Running> {
  const { folder } = project;
  const port = await freePort();
  return startServer({
    ...next(kind, ...args, "--port", String(port)),
    folder,
    port,
    env: { ...ENV, ...variables },
  });
}

describe.skipIf(lacksParts).each([
  ["Next", {}],
  ["Next with Cache Components", { CACHE_COMPONENTS: "1" }],
])("%s", { timeout: 40_000 }, (_title, variables: Variables) => {
  const isCached = "CACHE_COMPONENTS" in variables;
  let redis: RedisProcess;
  let bridge: UpstashBridge;
  let running: Running;
  let address = "";
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let jar: Jar;

  beforeAll(async () => {
    redis = await startRedis();
    bridge = await startUpstash({ redisPort: redis.port });
    const upstash = {
      UPSTASH_REDIS_REST_URL: bridge.url,
      UPSTASH_REDIS_REST_TOKEN: bridge.token,
      ...variables,
    };
    await rm(join(project.folder, ".next"), { recursive: true, force: true });
    // With Cache Components Next refuses routes that choose a runtime.
    if (isCached) await rm(join(project.folder, "app/edge"), { recursive: true });
    await build(upstash);
    expect(bridge.log).toEqual([]); // building asks for nothing
    running = await serve("start", upstash);
    ({ address } = running);
    browser = await launchBrowser();
  }, BUILD_MS);

  afterAll(async () => {
    await browser?.close();
    await running?.stop();
    await bridge?.stop();
    await redis?.stop();
  });

  beforeEach(async () => {
    await redis.command(["FLUSHALL"]);
    bridge.reset();
    jar = cookieJar("https://localhost");
    context = await browser.newContext();
    page = await context.newPage();
  });

  afterEach(async () => {
    bridge.clearFaults();
    await context.close();
  });

  /** A request by hand, with the cookies that came before. */
  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = jar.header() ?? "";
    const answer = await fetch(new URL(path, address), {
      redirect: "manual",
      ...init,
      headers: { ...(init.headers as Record<string, string>), ...(cookie && { cookie }) },
    });
    jar.take(answer);
    return answer;
  }

  /** A request by hand whose answer is JSON. */
  async function askJson(path: string, init?: RequestInit): Promise<unknown> {
    return (await ask(path, init)).json();
  }

  /** What stands in the session, whatever the cookies that came last. */
  function stored(): Promise<unknown> {
    return askJson("api/read-only");
  }

  function commands(): string[] {
    return bridge.log.flatMap((entry) => entry.commands.map(([name = ""]) => name));
  }

  function writes(): number {
    return commands().filter((name) => name !== "GET").length;
  }

  /** The session's cookies of an answer, each once: with Cache Components Next repeats what a proxy sets. */
  function tokens(answer: Response): string[] {
    const headers = answer.headers.getSetCookie();
    const own = headers.filter((header) => header.startsWith(`${COOKIE}=`));
    return own.filter((header, at) => own.findIndex((it) => pairOf(it) === pairOf(header)) === at);
  }

  function names(answer: Response): string[] {
    return [
      ...new Set(
        answer.headers.getSetCookie().map((header) => pairOf(header).split("=", 1)[0] ?? ""),
      ),
    ].toSorted();
  }

  /** Opens a page in the browser, as one who has been there before. */
  async function open(path = ""): Promise<void> {
    await page.goto(new URL(path, address).href);
    await page.locator(":is(main, h1, ul, button):visible").first().waitFor();
  }

  async function click(name: string): Promise<void> {
    await page.getByRole("button", { name, exact: true }).click();
  }

  async function shows(selector: string, text: string): Promise<void> {
    await page
      .locator(`${selector}:visible`) // Next keeps the page before, hidden
      .filter({ hasText: new RegExp(`^${text}$`) })
      .waitFor();
  }

  async function takeCookies(): Promise<void> {
    for (const { name, value } of await context.cookies()) {
      jar.put(`${name}=${value}; Path=/; Secure`);
    }
  }

  describe("components", () => {
    test("however many ask, the session is read once, is one and the same, and nothing is written", async () => {
      await askJson("api/count");
      await sleep(DUE_MS); // a renewal is due, and is none of theirs
      bridge.reset();
      const html = await (await ask("unguarded")).text();
      expect(html).toContain("<h1>1</h1>");
      expect(commands()).toEqual(["GET"]);
    });

    test("a page that shows the session in three places gets it in all of them", async () => {
      await open();
      await shows("h1", "0");
      await shows("#same", "true");
      await shows("#new", "true");
      await shows("header", "nobody");
      await shows("#tags", "new"); // handed on to a client component
      expect(commands()).toEqual([]);
      expect(await context.cookies()).toEqual([]);
    });

    test("a change there is refused with a word on where it is allowed (vercel/next.js#81570)", async () => {
      await open("write");
      const lines = await page.getByRole("listitem").allTextContents();
      const mend = "take withSession or getSession({ readOnly: false })";
      for (const line of lines.slice(0, -1)) {
        expect(line).toContain("Cannot change session");
        expect(line).toContain(mend);
      }
      expect(lines.length).toBe(11);
      expect(lines.at(-1)).toBe("still: 0 new");
      expect(commands()).toEqual([]);
    });

    test("one that asks late, when the page is on its way, gets the session all the same", async () => {
      await askJson("api/count");
      bridge.reset();
      const answer = await ask("streaming");
      const body = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      const first = (await body?.read())?.value ?? "";
      expect(first).toContain("At once");
      expect(first).not.toContain("1 and 1");
      let rest = "";
      for (let step = await body?.read(); !step?.done; step = await body?.read())
        rest += step?.value;
      expect(rest).toContain("1 and 1");
      expect(commands()).toEqual(["GET", "GET"]); // the proxy's and the page's
      await page.goto(`${address}streaming`);
      await shows("#slow", "0 and 0"); // another visitor's, in a browser
    });

    test("while the store does not answer the application's error page is shown, and the cookie stays", async () => {
      await page.goto(`${address}api/count`);
      const before = await context.cookies();
      await takeCookies();
      bridge.fault({ kind: "refuse", times: Infinity });
      await page.goto(`${address}unguarded`);
      await page.getByText("Sessions cannot be reached").waitFor();
      expect(await context.cookies()).toEqual(before);
      const answer = await ask("unguarded");
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(await answer.text()).not.toContain("Cannot read session");
      bridge.clearFaults();
      await page.goto(`${address}unguarded`);
      await shows("h1", "1");
    });
  });

  describe("server actions", () => {
    beforeEach(() => open());

    test("a change is saved and the cookie set, and the page that follows knows it", async () => {
      await click("count");
      await shows("h1", "1");
      await shows("#new", "false");
      await click("countAndRevalidate");
      await shows("h1", "2");
      const [cookie] = await context.cookies();
      expect(cookie).toMatchObject({
        name: COOKIE,
        httpOnly: true,
        secure: true,
        sameSite: "Lax",
        path: "/",
      });
      await open();
      await shows("h1", "2");
    });

    test("also when it revalidates", async () => {
      await click("countAndRevalidate");
      await shows("h1", "1");
      await shows("#flash", "revalidated");
    });

    test("also when it ends in redirect(), and the page it leads to shows the flash", async () => {
      await click("countAndRedirect");
      await page.waitForURL("**/second");
      await shows("h1", "1");
      await shows("#flash", "redirected");
      await shows("#new", "false");
    });

    test("also when it ends in notFound()", async () => {
      await click("countAndNotFound");
      await page.getByText("404").first().waitFor();
      await open();
      await shows("h1", "1");
    });

    test("not when it throws", async () => {
      const posted = page.waitForResponse((answer) => answer.request().method() === "POST");
      await click("countAndThrow");
      await posted;
      await open();
      await shows("h1", "0");
      expect(commands()).toEqual([]);
      expect(await context.cookies()).toEqual([]);
    });

    test("saved by hand, before and after the cookie is there", async () => {
      await click("countByHand");
      await page.waitForURL("**/second");
      await shows("h1", "2");
      expect(await context.cookies()).toHaveLength(1);
    });

    test("one wrapped action calls another: one session, one write", async () => {
      await click("countTwice");
      await shows("h1", "2");
      await shows("#flash", "seen 2");
      expect(writes()).toBe(1);
    });

    test.each(["countThenSetCookie", "setCookieThenCount"])(
      "%s: a cookie of the application's and the session's are both set (vvo/iron-session#684, hoangvvo/next-session#319)",
      async (name) => {
        await click(name);
        await shows("h1", "1");
        const names = (await context.cookies()).map((cookie) => cookie.name);
        expect(names.toSorted()).toEqual([COOKIE, "theme"]);
      },
    );

    test("a sign-in changes the cookie, and the old one opens nothing", async () => {
      await click("count");
      await shows("h1", "1");
      await takeCookies();
      await click("signIn");
      await shows("header", "Ada");
      await shows("h1", "1");
      const [cookie] = await context.cookies();
      expect(cookie?.value).not.toBe(jar.get(COOKIE));
      expect(await stored()).toEqual({ visits: 0, tags: ["new"] });
    });

    test("a sign-out beside another cookie deletes the session's, and does not leave an empty one", async () => {
      await click("signIn");
      await shows("header", "Ada");
      await takeCookies();
      await click("signOut");
      await shows("header", "nobody");
      const cookies = await context.cookies();
      expect(cookies.map(({ name, value }) => [name, value])).toEqual([["theme", "light"]]);
      expect(await stored()).toEqual({ visits: 0, tags: ["new"] });
    });

    test("a sign-out that redirects is no false alarm", async () => {
      await click("signIn");
      await shows("header", "Ada");
      const { length } = running.printed();
      await click("signOutAndRedirect");
      await page.waitForURL("**/second");
      await shows("#new", "true");
      expect(await context.cookies()).toEqual([]);
      expect(running.printed().slice(length)).toContain("event: destroyed");
      expect(running.printed().slice(length)).not.toContain("event: forged");
    });

    test("R46 a sign-out holds even when the action throws", async () => {
      await click("signIn");
      await shows("header", "Ada");
      await takeCookies();
      const posted = page.waitForResponse((answer) => answer.request().method() === "POST");
      await click("signOutAndThrow");
      await posted;
      expect(await stored()).toEqual({ visits: 0, tags: ["new"] });
    });

    test("ended and begun anew in one action: nothing is carried over", async () => {
      await click("count");
      await shows("h1", "1");
      await takeCookies();
      await click("changeVisitor");
      await shows("header", "Bo");
      await shows("h1", "0");
      const [cookie, ...others] = await context.cookies();
      expect(others).toEqual([]);
      expect(cookie?.value).not.toBe(jar.get(COOKIE));
    });

    test("also in a wrapped one, which saves what was begun", async () => {
      await click("count");
      await shows("h1", "1");
      await takeCookies();
      await click("changeVisitorInside");
      await shows("header", "Cora");
      await shows("h1", "0");
      const [cookie] = await context.cookies();
      expect(cookie?.value).not.toBe(jar.get(COOKIE));
    });

    test("two wrapped ones side by side are both saved", async () => {
      await click("countSideBySide");
      await page.waitForURL("**/second");
      await shows("h1", "1");
      await takeCookies();
      expect(await stored()).toEqual({ visits: 1, tags: ["new", "slow"] });
    });

    test("a wrapped one within one that saves by hand leaves the session to it", async () => {
      await click("countAround");
      await page.waitForURL("**/second");
      await shows("h1", "3");
    });

    test("one that redirects to where the proxy regenerates leaves the visitor with the new cookie", async () => {
      await click("count");
      await shows("h1", "1");
      await takeCookies();
      await click("toRegenerated");
      await page.waitForURL("**/second/regenerated");
      await shows("h1", "2");
      expect((await context.cookies())[0]?.value).not.toBe(jar.get(COOKIE));
      await open("second");
      await shows("h1", "2");
    });

    test("R46 a change after the response is refused aloud", async () => {
      const { length } = running.printed();
      await click("changeLate");
      await shows("h1", "1");
      await expect.poll(() => running.printed().slice(length)).toContain("late: ");
      expect(running.printed().slice(length)).toMatch(/late: (Session|Type)Error/);
      await open();
      await shows("h1", "1");
    });

    test("work without JavaScript", async () => {
      const plain = await browser.newContext({ javaScriptEnabled: false });
      try {
        const simple = await plain.newPage();
        await simple.goto(`${address}`);
        // Without JavaScript what is streamed late stays hidden: the form is pressed all the same.
        await simple
          .getByRole("button", { name: "countAndRedirect", includeHidden: true })
          .dispatchEvent("click");
        await simple.waitForURL("**/second");
        expect(await simple.content()).toContain("redirected");
        expect(await plain.cookies()).toHaveLength(1);
      } finally {
        await plain.close();
      }
    });
  });

  describe("route handlers", () => {
    test("a change is saved, and the answer is for nobody else", async () => {
      const first = await ask("api/count");
      expect(await first.json()).toEqual({ visits: 1, tags: ["new"] });
      expect(tokens(first)).toHaveLength(1);
      expect(first.headers.get("Cache-Control")).toBe("no-store");
      expect(first.headers.get("Vary")).toMatch(/\bCookie\b/);
      const second = await ask("api/count");
      expect(await second.json()).toEqual({ visits: 2, tags: ["new"] });
      expect(tokens(second)).toEqual([]);
      expect(second.headers.get("Cache-Control")).toBe("private");
      expect(second.headers.get("Vary")).toMatch(/\bCookie\b/);
    });

    test("R9 one that changes nothing writes nothing and sets no cookie", async () => {
      const answer = await ask("api/read");
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(commands()).toEqual([]);
    });

    test("saved by hand", async () => {
      await ask("api/by-hand");
      expect(await askJson("api/by-hand")).toEqual({ visits: 2, tags: ["new"] });
    });

    test("R36 fifty at once: none is lost", async () => {
      await ask("api/count");
      await Promise.all(Array.from({ length: 50 }, () => ask("api/count")));
      expect(await stored()).toMatchObject({ visits: 51 });
    });

    test("R45 requests that run at once do not see each other's sessions", async () => {
      const visitors = await Promise.all(
        Array.from({ length: 10 }, async () => {
          const own = cookieJar("https://localhost");
          for (let visit = 0; visit < 5; visit++) {
            const headers = { cookie: own.header() ?? "" };
            const answer = await fetch(`${address}api/count`, { headers });
            own.take(answer);
            if (visit === 4) return answer.json() as Promise<{ visits: number }>;
          }
          return undefined;
        }),
      );
      expect(visitors.map((data) => data?.visits)).toEqual(visitors.map(() => 5));
    });

    test("a response of fetch, whose headers are immutable (honojs/hono#1789)", async () => {
      const answer = await ask("api/fetched");
      expect(await answer.text()).toBe("plain");
      expect(answer.headers.get("x-plain")).toBe("1");
      expect(tokens(answer)).toHaveLength(1);
      expect(await stored()).toMatchObject({ visits: 1 });
    });

    test("R17 cookies and headers of the application's own stay as they are (hoangvvo/next-session#319)", async () => {
      const answer = await ask("api/own");
      const others = answer.headers.getSetCookie().filter((header) => !header.startsWith(COOKIE));
      expect(others).toEqual([
        "a=1; Path=/x; Expires=Wed, 01 Jan 2098 00:00:00 GMT",
        "a=2; Path=/y",
        "gone=; Path=/; Max-Age=0", // a deletion, and no empty cookie
        'quoted=x:y/z"q; Path=/; Foo=bar',
      ]);
      expect(tokens(answer)).toHaveLength(1);
      expect(answer.headers.get("x-own")).toBe("1");
      expect(answer.headers.get("Vary")).toMatch(/Accept-Language.*Cookie/);
    });

    test.each(["api/save-then-cookie", "api/sign-in"])(
      "%s sets the session's cookie and another (vvo/iron-session#684)",
      async (path) => {
        const answer = await ask(path);
        expect(tokens(answer)).toHaveLength(1);
        expect(tokens(answer)[0]).toMatch(/; Secure/i);
        expect(tokens(answer)[0]).toMatch(/; HttpOnly/i);
        expect(tokens(answer)[0]).toMatch(/; SameSite=Lax/i);
        expect(jar.get("theme")).toBe("dark");
        expect(await stored()).not.toEqual({ visits: 0, tags: ["new"] });
      },
    );

    test("R16 a sign-out beside another cookie deletes the session's with every attribute", async () => {
      await ask("api/sign-in");
      const copy = jar.copy();
      const answer = await ask("api/sign-out");
      expect(tokens(answer)).toHaveLength(1);
      for (const part of [
        /Expires=Thu, 01 Jan 1970/i,
        /Secure/i,
        /HttpOnly/i,
        /Path=\//i,
        /SameSite=lax/i,
      ]) {
        expect(tokens(answer)[0]).toMatch(part);
      }
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(jar.get(COOKIE)).toBe(undefined);
      expect(jar.get("theme")).toBe("light");
      jar = copy;
      expect(await stored()).toEqual({ visits: 0, tags: ["new"] });
    });

    test.each([
      ["api/redirect", 307, "/second?a=1;b=2"],
      ["api/permanent", 308, "/second"],
      ["api/response", 302, "/second"],
      ["api/not-found", 404, null],
    ])("R21 %s: saved, with the cookie, kept by no cache", async (path, status, location) => {
      const answer = await ask(path);
      expect(answer.status).toBe(status);
      const given = answer.headers.get("Location");
      expect(given && new URL(given, address).href.replace(/^https?:\/\/[^/]+/, "")).toBe(location);
      expect(tokens(answer)).toHaveLength(1);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(await stored()).toMatchObject({ visits: 1 });
    });

    test.each(["api/throw", "api/unavailable"])("R46 %s saves nothing", async (path) => {
      await ask("api/count");
      expect((await ask(path)).status).toBe(500);
      expect(await stored()).toMatchObject({ visits: 1 });
    });

    test("ended and begun anew in one handler: the cookie is the new one", async () => {
      await ask("api/sign-in");
      const answer = await ask("api/change-visitor");
      expect(tokens(answer)).toHaveLength(1);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(await stored()).toEqual({ visits: 0, tags: ["new"], name: "Bo" });
    });

    test("what cannot be answered is not saved", async () => {
      await ask("api/count");
      expect((await ask("api/used-up")).status).toBe(500);
      expect(await stored()).toMatchObject({ visits: 1 });
    });

    test("R46 a sign-out holds even when the handler throws", async () => {
      await ask("api/sign-in");
      const copy = jar.copy();
      expect((await ask("api/sign-out-and-throw")).status).toBe(500);
      jar = copy;
      expect(await stored()).toEqual({ visits: 0, tags: ["new"] });
    });

    test("R46 a change in a stream is refused aloud, and saved is what was done before it", async () => {
      const answer = await ask("api/stream");
      const text = await answer.text();
      expect(text).toMatch(/^first /);
      expect(text).not.toContain("done");
      expect(text).toContain("committed");
      expect(tokens(answer)).toHaveLength(1);
      expect(await stored()).toMatchObject({ visits: 1 });
    });

    test("a flash value is used up by the handler that reads it, not by a component", async () => {
      await ask("api/flash", { method: "POST" });
      expect(await (await ask("second")).text()).toContain("kept");
      expect(await (await ask("second")).text()).toContain("kept");
      expect(await askJson("api/flash")).toEqual({ notice: "kept" });
      expect(await askJson("api/flash")).toEqual({ notice: null });
    });

    test("R21 R51 R52 while the store does not answer: 503, and the cookie stays", async () => {
      await ask("api/count");
      bridge.fault({ kind: "refuse", times: Infinity });
      const answer = await ask("api/count");
      expect(answer.status).toBe(503);
      expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(await answer.text()).toBe("Service unavailable\n");
      bridge.clearFaults();
      expect(await stored()).toMatchObject({ visits: 1 });
    });

    test("the edge runtime gets the same session", async () => {
      if (isCached) return; // no route chooses it there
      await ask("api/count");
      expect(await askJson("edge/count")).toEqual({ visits: 2, edge: true });
      const fresh = cookieJar("https://localhost");
      fresh.take(await fetch(`${address}edge/count`));
      expect(fresh.get(COOKIE)).toMatch(/\S/);
    });
  });

  describe("the proxy", () => {
    test("renews the session in the store and in the cookie, and the page gets it (better-auth#2115)", async () => {
      await ask("api/count");
      const copy = jar.get(COOKIE);
      await sleep(DUE_MS);
      const [key = ""] = (await redis.command(["KEYS", "*"])) as string[];
      bridge.reset();
      const answer = await ask("second");
      expect(tokens(answer)).toEqual([
        expect.stringContaining(`${COOKIE}=${copy}; Path=/; Max-Age=30`),
      ]);
      expect(answer.headers.get("Cache-Control")).toMatch(/no-store/);
      expect(await answer.text()).toContain("<h1>1</h1>");
      expect(Number(await redis.command(["PTTL", key]))).toBeGreaterThan(28_000);
      expect(writes()).toBe(1);
      // Once is enough for a tenth of the idle timeout.
      expect(tokens(await ask("second"))).toEqual([]);
    });

    test("R21 F23 a static page that carries a renewed cookie is kept by no cache; others stay cacheable", async () => {
      await ask("api/count");
      const early = await ask("static");
      expect(early.headers.get("Cache-Control")).toMatch(/s-maxage/);
      await sleep(DUE_MS);
      const answer = await ask("static");
      expect(tokens(answer)).toHaveLength(1);
      expect(answer.headers.get("Cache-Control")).toBe("no-store");
    });

    test("a prefetch storm neither renews nor writes; the visit that follows does", async () => {
      await open();
      await click("count");
      await shows("h1", "1");
      await open("links");
      await sleep(DUE_MS);
      const before = await context.cookies();
      bridge.reset();
      const fetched = new Set<string>();
      page.on("response", (answer) => fetched.add(new URL(answer.url()).search));
      await click("Show");
      await expect
        .poll(() => [...fetched].filter((search) => /page=/.test(search)).length)
        .toBeGreaterThanOrEqual(5);
      await page.waitForLoadState("networkidle");
      expect(writes()).toBe(0);
      expect(await context.cookies()).toEqual(before);
      await open("second");
      expect(writes()).toBe(1);
      expect((await context.cookies())[0]?.expires).toBeGreaterThan(before[0]?.expires ?? 0);
    });

    test("an action that leaves the session alone and redirects renews nothing that the browser would not get", async () => {
      await open();
      await click("count");
      await shows("h1", "1");
      await sleep(DUE_MS);
      const before = (await context.cookies())[0]?.expires ?? 0;
      bridge.reset();
      await click("nothing");
      await page.waitForURL("**/second");
      await shows("h1", "1");
      const after = (await context.cookies())[0]?.expires ?? 0;
      expect(writes()).toBe(after > before ? 1 : 0);
    });

    test("sends anonymous visitors elsewhere, and says so to no cache", async () => {
      const answer = await ask("guarded");
      expect(answer.status).toBe(307);
      expect(answer.headers.get("Location")).toMatch(/\/$/);
      expect(answer.headers.get("Cache-Control")).toBe("private");
      expect(answer.headers.get("Vary")).toMatch(/\bCookie\b/);
      expect(commands()).toEqual([]);
    });

    test("works beside cookies and headers of the application's own, also when it renews", async () => {
      await ask("api/sign-in");
      await sleep(DUE_MS);
      const answer = await ask("guarded");
      expect(answer.status).toBe(200);
      expect(names(answer)).toEqual([COOKIE, "other", "theme"]);
      expect(answer.headers.get("x-for-browser")).toBe("for the browser");
      expect(answer.headers.get("Cache-Control")).toMatch(/no-store/);
      const html = await answer.text();
      expect(html).toContain("For Ada alone");
      expect(html).toContain("for the page");
      expect(html).toContain(`${COOKIE}=${jar.get(COOKIE)}`);
    });

    test("what stands behind a decision is kept by no shared cache, a static page too", async () => {
      await ask("api/sign-in");
      const answer = await ask("guarded/static");
      expect(await answer.text()).toContain("everybody who has a name");
      expect(answer.headers.get("Cache-Control")).toBe(
        "private, no-cache, no-store, max-age=0, must-revalidate",
      );
    });

    test("works beside Next's own cookie jar", async () => {
      await ask("api/count");
      await sleep(DUE_MS);
      const answer = await ask("with-jar");
      expect(names(answer)).toEqual([COOKIE, "theme"]);
      expect(tokens(answer)[0]).toMatch(/Secure/i);
      expect(await answer.text()).toContain("<h1>1</h1>");
    });

    test("also where it answers by itself", async () => {
      const answer = await ask("with-jar-elsewhere");
      expect(answer.status).toBe(307);
      expect(names(answer)).toEqual([COOKIE, "theme"]);
      expect(await (await ask("second")).text()).toContain("from the proxy");
    });

    test("puts no cookie back that the application has taken out of the request, nor sends it to another server", async () => {
      const heard: (string | undefined)[] = [];
      const other = createServer((request, response) => {
        heard.push(request.headers.cookie);
        response.end("elsewhere");
      });
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      try {
        await ask("api/count");
        await sleep(DUE_MS);
        const { port } = other.address() as AddressInfo;
        const path = "second/without-cookies";
        const answer = await ask(`${path}?to=${encodeURIComponent(`http://127.0.0.1:${port}/`)}`);
        expect(await answer.text()).toBe("elsewhere");
        expect(tokens(answer)).toHaveLength(1);
        expect(heard).toEqual([undefined]);
        await sleep(DUE_MS);
        const html = await (await ask(path)).text();
        expect(html.match(/<p id="(new|header)">[^<]*/g)).toEqual([
          '<p id="new">true',
          '<p id="header">',
        ]);
      } finally {
        other.closeAllConnections();
        other.close();
      }
    });

    test("a session that it ends is over for the page of the same request", async () => {
      for (let visit = 0; visit < 3; visit++) await ask("api/count");
      expect(await (await ask("second")).text()).toContain("<h1>3</h1>");
      const answer = await ask("rewritten");
      const html = await answer.text();
      expect(html).toContain("<h1>0</h1>");
      expect(html).toMatch(/<p id="new">true/);
      expect(jar.get(COOKIE)).toBe(undefined);
    });

    test("R46 saves nothing when it throws", async () => {
      await ask("api/count");
      expect((await ask("proxy-fails")).status).toBe(500);
      expect(await stored()).toMatchObject({ visits: 1 });
    });

    test("R44 F39 who goes around it is still checked where the session is read (CVE-2025-29927)", async () => {
      const ways: Record<string, string>[] = [
        { "next-router-prefetch": "1" },
        { "x-middleware-subrequest": "proxy:proxy:proxy:proxy:proxy" },
        { "x-middleware-next": "1", "x-middleware-override-headers": "cookie" },
        { "x-action-redirect": "/guarded;push" },
      ];
      for (const headers of ways) {
        const answer = await ask("guarded", { headers });
        expect(await answer.text(), JSON.stringify(headers)).not.toContain("alone");
      }
      await ask("api/sign-in");
      for (const headers of ways.slice(0, 1)) {
        expect(await (await ask("guarded", { headers })).text()).toContain("For Ada alone");
      }
    });

    test("R51 while the store does not answer it lets the rest pass, and answers 503 where it decides", async () => {
      await ask("api/sign-in");
      bridge.fault({ kind: "refuse", times: Infinity });
      const plain = await ask("static");
      expect(plain.status).toBe(200);
      expect(plain.headers.getSetCookie()).toEqual([]);
      const decided = await ask("guarded");
      expect(decided.status).toBe(503);
      expect(decided.headers.get("Retry-After")).toMatch(/^\d+$/);
      expect(decided.headers.getSetCookie()).toEqual([]);
    });
  });

  describe("guards", () => {
    /** Seconds that the application takes for recent: 2. */
    const OLD_MS = 2_100;
    const AUTHENTICATION = "insufficient_user_authentication";

    test("a page sends elsewhere who is not signed in, or shows them the page that is there for it", async () => {
      await page.goto(`${address}account`);
      await page.waitForURL("**/second?from=account");
      await page.goto(`${address}account/fresh`);
      await page.waitForURL("**/second?from=fresh");
      await page.goto(`${address}account/strict`);
      await page.getByRole("heading", { name: "Who is there?" }).waitFor();
      expect(commands()).toEqual([]);
      expect(await context.cookies()).toEqual([]);
    });

    test("a page shows itself to who is signed in, and to who has just proved it", async () => {
      await page.goto(`${address}api/sign-in-ada`);
      for (const path of ["account/fresh", "account", "account/strict"]) {
        await page.goto(address + path);
        await page.getByRole("heading", { name: "For ADA alone" }).waitFor();
      }
      await sleep(OLD_MS);
      await page.goto(`${address}account/fresh`);
      await page.waitForURL("**/second?from=fresh");
      await page.goto(`${address}account`);
      await page.getByRole("heading", { name: "For ADA alone" }).waitFor();
    });

    test("R44 F39 no header opens a page, an action or a route handler to who is not signed in", async () => {
      const ways: Record<string, string>[] = [
        {},
        { rsc: "1" },
        { rsc: "1", "next-router-prefetch": "1" },
        { "x-middleware-subrequest": "proxy:proxy:proxy:proxy:proxy" },
        { "x-middleware-next": "1", "x-middleware-override-headers": "cookie" },
        { "x-middleware-rewrite": "/account" },
        { "x-middleware-request-cookie": `${COOKIE}=x`, "x-middleware-override-headers": "cookie" },
        { "x-action-redirect": "/account;push" },
      ];
      await askJson("api/count");
      for (const headers of ways) {
        for (const path of ["account", "account/strict", "account/fresh"]) {
          // What its router asks for, Next first sends to an address of its own.
          const answer = await ask(path, { headers, redirect: "follow" });
          expect(answer.status, path).toBeLessThan(500);
          expect(await answer.text(), JSON.stringify(headers)).not.toContain("alone");
        }
        for (const path of ["api/user", "api/user-read-only", "api/fresh"]) {
          for (const method of ["GET", "POST"]) {
            const { status } = await ask(path, { method, headers, redirect: "follow" });
            expect([status, path, headers]).toEqual([401, path, headers]);
          }
        }
      }
      expect(await stored()).toMatchObject({ visits: 1 });
      await ask("api/sign-in-ada");
      for (const headers of ways.slice(0, 2)) {
        const init: RequestInit = { headers, redirect: "follow" };
        expect(await (await ask("account/strict", init)).text()).toContain("alone");
        expect((await ask("api/user", init)).status).toBe(200);
      }
    });

    test("an action sends elsewhere who may not pass, and changes nothing", async () => {
      await open();
      await click("nameUser");
      await page.waitForURL("**/second");
      expect(commands()).toEqual([]);
      await open();
      await click("signInAda");
      await expect.poll(() => context.cookies()).toHaveLength(1);
      await open();
      await click("nameUser");
      await shows("header", "ADA");
      await sleep(OLD_MS);
      await click("countForFresh");
      await page.waitForURL("**/second");
      await shows("h1", "0");
    });

    test("R50 a route handler answers 401, and 403 with what a client can act on, for nobody else", async () => {
      const stranger = await ask("api/user", { method: "POST" });
      expect([stranger.status, await stranger.text()]).toEqual([401, "Unauthorized\n"]);
      expect(stranger.headers.get("Cache-Control")).toBe("no-store");
      expect(stranger.headers.get("Vary")).toContain("Cookie");
      expect(stranger.headers.get("WWW-Authenticate")).toBe("Cookie");
      expect(stranger.headers.getSetCookie()).toEqual([]);
      expect(commands()).toEqual([]);

      await ask("api/sign-in-ada");
      expect(await (await ask("api/user")).text()).toBe("ADA");
      expect(await (await ask("api/fresh")).text()).toBe("ADA");
      expect(await (await ask("api/user-read-only")).text()).toBe("Ada");
      expect((await ask("api/fresh-unset")).status).toBe(500);
      await sleep(OLD_MS);
      expect((await ask("api/user")).status).toBe(200);
      const old = await ask("api/fresh");
      expect([old.status, await old.json()]).toEqual([403, { error: AUTHENTICATION, max_age: 2 }]);
      expect(old.headers.get("Cache-Control")).toBe("no-store");
      expect(old.headers.get("WWW-Authenticate")).toBe(
        `Cookie error="${AUTHENTICATION}", max_age=2`,
      );
    });

    test("a route handler that redirects has a form's POST followed by a GET, wrapped or by hand", async () => {
      for (const method of ["GET", "POST"]) {
        const wrapped = await ask("api/user-redirect", { method, redirect: "manual" });
        expect(wrapped.status).toBe(303);
        expect(wrapped.headers.get("Location")).toBe("/second?a=1;b=2");
        expect(wrapped.headers.get("Cache-Control")).toBe("no-store");
        const byHand = await ask("api/fresh-by-hand", { method, redirect: "manual" });
        expect([byHand.status, byHand.headers.get("Location")]).toEqual([303, "/second"]);
      }
      expect(commands()).toEqual([]);
    });

    test("R51 R52 while the store does not answer nobody is sent to sign in, and nobody passes", async () => {
      await ask("api/sign-in-ada");
      bridge.fault({ kind: "refuse", times: Infinity });
      for (const path of ["api/user", "api/user-redirect", "api/fresh"]) {
        const answer = await ask(path);
        expect([answer.status, answer.headers.getSetCookie()]).toEqual([503, []]);
      }
      const html = await (await ask("account")).text();
      expect(html).not.toContain("NEXT_REDIRECT");
      expect(html).not.toContain("alone");
    });

    test("R43 R47 F41 a route handler refuses what pages of other sites send, whatever its type", async () => {
      const { origin } = new URL(address);
      const evil = "https://evil.example";
      const send = async (headers: Record<string, string>, method = "POST") =>
        (await ask("api/own-site", { method, headers })).status;
      await askJson("api/count");
      for (const type of ["application/x-www-form-urlencoded", "text/plain", "application/json"]) {
        for (const from of [
          { "Sec-Fetch-Site": "cross-site", Origin: evil },
          { "Sec-Fetch-Site": "same-site", Origin: origin },
          { Origin: evil },
          { Origin: evil, "X-Forwarded-Host": "evil.example" },
          { Origin: "null" },
          {},
        ]) {
          expect(await send({ ...from, "Content-Type": type })).toBe(403);
        }
      }
      expect(await stored()).toMatchObject({ visits: 1 });
      expect(await send({ "Sec-Fetch-Site": "same-origin" })).toBe(200);
      expect(await send({ Origin: origin })).toBe(200);
      const admin = { "Sec-Fetch-Site": "cross-site", Origin: "https://admin.example.com" };
      expect(await send(admin)).toBe(200);
      expect(await send({ "Sec-Fetch-Site": "cross-site" }, "GET")).toBe(200);
      expect(await stored()).toMatchObject({ visits: 5 });
    });
  });

  describe("an end that the store does not confirm", () => {
    /** The store answers reads, and refuses the rest. */
    function refuseWrites(): void {
      const when = ([name = ""]: string[]) => name.toUpperCase() !== "GET";
      bridge.fault({ kind: "refuse", when, times: Infinity });
    }

    /** A form that React does not have in hand yet leads to a page, as without JavaScript: it has to be there before another can be asked for. */
    async function press(on: Page, name: string): Promise<void> {
      const led = on.waitForEvent("load", { timeout: 0 });
      led.catch(() => {}); // The page is closed, and was led nowhere.
      const button = on.getByRole("button", { name, exact: true, includeHidden: true });
      const [answer] = await Promise.all([
        on.waitForResponse((response) => response.request().method() === "POST"),
        button.dispatchEvent("click"),
      ]);
      if (answer.request().isNavigationRequest()) await led;
    }

    async function valueIn(browserContext: BrowserContext): Promise<string | undefined> {
      return (await browserContext.cookies()).find(({ name }) => name === COOKIE)?.value;
    }

    test.each([
      ["signOut", true],
      ["signOut", false],
      ["signOutAndRedirect", true],
      ["signOutAndRedirect", false],
      ["signOutAndThrow", true],
      ["signOutByHand", true],
      ["signOutByHand", false],
    ])(
      "R54 in the action %s (JavaScript: %s): the cookie goes out all the same, and the next page ends the session",
      async (name, javaScriptEnabled) => {
        const visitor = await browser.newContext({ javaScriptEnabled });
        try {
          const entry = await openPage(visitor, address);
          await press(entry, "signIn");
          await expect.poll(() => valueIn(visitor)).toMatch(/\S/);
          const before = (await valueIn(visitor)) ?? "";
          jar.put(`${COOKIE}=${before}; Path=/; Secure`);
          await entry.close();
          const own = await openPage(visitor, address);
          refuseWrites();
          await press(own, name);
          await expect.poll(() => valueIn(visitor)).not.toBe(before);
          const [ending] = (await visitor.cookies()).filter((cookie) => cookie.name === COOKIE);
          expect(ending?.value.slice(0, 44)).toBe(before.slice(0, 44));
          expect(ending).toMatchObject({
            httpOnly: true,
            secure: true,
            sameSite: "Lax",
            path: "/",
          });
          await own.close();
          bridge.clearFaults();
          const next = await openPage(visitor, `${address}second`);
          expect(await next.content()).toMatch(/<p id="new">true/);
          expect(await valueIn(visitor)).toBe(undefined);
          expect(await stored()).toEqual({ visits: 0, tags: ["new"] });
        } finally {
          await visitor.close();
        }
      },
    );

    test.each(["api/sign-out", "api/sign-out-by-hand"])(
      "R54 in %s it is a 503 with the cookie; a page without a proxy ends the session, a handler clears the cookie too",
      async (path) => {
        await ask("api/sign-in");
        const copy = jar.copy();
        refuseWrites();
        const answer = await ask(path);
        expect(answer.status).toBe(503);
        expect(tokens(answer)).toHaveLength(1);
        expect(tokens(answer)[0]).toMatch(/Max-Age=2592000/);
        expect(tokens(answer)[0]).toMatch(/; Secure/i);
        expect(answer.headers.get("Cache-Control")).toBe("no-store");
        expect(jar.get(COOKIE)).not.toBe(copy.get(COOKIE));
        bridge.clearFaults();
        const shown = await ask("unguarded");
        expect(await shown.text()).toContain("<h1>0</h1>");
        expect(shown.headers.getSetCookie()).toEqual([]);
        const cleared = await ask("api/read");
        expect(await cleared.json()).toEqual({ visits: 0, tags: ["new"] });
        expect(tokens(cleared)[0]).toMatch(new RegExp(`^${COOKIE}=;`));
        expect(jar.get(COOKIE)).toBe(undefined);
        jar = copy;
        expect(await stored()).toEqual({ visits: 0, tags: ["new"] });
      },
    );

    test("R54 whoever asks for a session without an answer can sign out while nothing can be read", async () => {
      await ask("api/sign-in");
      const copy = jar.copy();
      bridge.fault({ kind: "refuse", times: Infinity });
      expect((await ask("api/sign-out")).headers.getSetCookie()).toEqual([]);
      const answer = await ask("api/sign-out-by-hand");
      expect(answer.status).toBe(503);
      expect(tokens(answer)[0]).toMatch(/Max-Age=2592000/);
      bridge.clearFaults();
      expect(tokens(await ask("api/read"))[0]).toMatch(new RegExp(`^${COOKIE}=;`));
      jar = copy;
      expect(await stored()).toEqual({ visits: 0, tags: ["new"] });
    });

    test("R54 what comes through the proxy is ended there, and the page gets no cookie", async () => {
      await ask("api/sign-in");
      refuseWrites();
      await ask("api/sign-out");
      const ending = jar.get(COOKIE) ?? "";
      const closed = await ask("second");
      expect(tokens(closed)).toEqual([]);
      expect(jar.get(COOKIE)).toBe(ending);
      expect((await ask("guarded")).status).toBe(503);
      bridge.clearFaults();
      bridge.reset();
      const answer = await ask("second");
      expect(tokens(answer)).toHaveLength(1);
      expect(jar.get(COOKIE)).toBe(undefined);
      const html = await answer.text();
      expect(html).toMatch(/<p id="new">true/);
      expect(html).not.toContain(ending);
      expect(writes()).toBe(1);
      expect(commands()).toHaveLength(2);
    });

    test("R54 in the proxy it is a 503 with the cookie, and the page of the next request knows of it", async () => {
      for (let visit = 0; visit < 3; visit++) await ask("api/count");
      const copy = jar.copy();
      refuseWrites();
      const answer = await ask("rewritten");
      expect(answer.status).toBe(503);
      expect(tokens(answer)).toHaveLength(1);
      bridge.clearFaults();
      expect(await (await ask("rewritten")).text()).toMatch(/<p id="new">true/);
      expect(jar.get(COOKIE)).toBe(undefined);
      jar = copy;
      expect(await stored()).toEqual({ visits: 0, tags: ["new"] });
    });

    test("R54 a sign-in that brings the ending token leaves the visitor signed in", async () => {
      await open();
      await click("signIn");
      await shows("header", "Ada");
      refuseWrites();
      await press(page, "signOut");
      await takeCookies();
      bridge.clearFaults();
      const ending = await valueIn(context);
      const cookies = await context.cookies();
      // A page that is still open, as another tab's.
      await context.clearCookies();
      const tab = await openPage(context, address);
      await context.addCookies(cookies);
      await press(tab, "signIn");
      await expect.poll(() => valueIn(context)).not.toBe(ending);
      await tab.close();
      const later = await openPage(context, address);
      await later.locator("header:visible").filter({ hasText: "Ada" }).waitFor();
    });
  });
});

/** Opens a page in a tab of its own, where no router of the page before it can start a navigation too. */
async function openPage(visitor: BrowserContext, url: string): Promise<Page> {
  const tab = await visitor.newPage();
  await tab.goto(url);
  return tab;
}

/** The name and the value of a Set-Cookie. */
function pairOf(header: string): string {
  return header.split(";", 1)[0] ?? "";
}

describe.skipIf(lacksParts)("coatcheck/next", { timeout: BUILD_MS }, () => {
  /** A small application beside the large one. */
  async function buildSmall(
    name: string,
    files: Readonly<Record<string, string>>,
    variables: Variables = {},
    ...flags: string[]
  ): Promise<string> {
    const folder = join(project.folder, name);
    const layout =
      "export default function Layout(props: { children: unknown }) { return <html><body>{props.children as string}</body></html>; }";
    const all = {
      "next.config.ts": `export default { turbopack: { root: ${JSON.stringify(project.folder)} } };`,
      "app/layout.tsx": layout,
      ...files,
    };
    for (const [path, text] of Object.entries(all)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return build(variables, name, ...flags).then(
      () => "built",
      (error: unknown) => String(error),
    );
  }

  test.each([
    ["Turbopack", []],
    ["webpack", ["--webpack"]],
  ])(
    "in a client component the build with %s says that it is for the server",
    async (name, flags) => {
      const folder = `in-client-${name}`;
      const said = await buildSmall(
        folder,
        {
          "app/page.tsx": `"use client";
import { getSession } from "../../sessions";
export default function Page() { return <button onClick={() => void getSession()}>Ask</button>; }`,
        },
        {},
        ...flags,
      );
      expect(said).toMatch(/'server-only' cannot be imported from a Client Component module/);
      expect(said).toMatch(/It should only be used from a Server Component/);
      expect(said).toContain("coatcheck/dist/next-browser.js");
      expect(said).toContain("app/page.tsx");
    },
  );

  test("outside a request it says where to ask; to be imported there is no fault", async () => {
    const script = `
import { createSessions, memoryStore } from "coatcheck";
import { nextSessions } from "coatcheck/next";
const { getSession } = nextSessions(createSessions({ secrets: ["s".repeat(32)], store: memoryStore() }));
await getSession();`;
    await writeFile(join(project.folder, "outside.mjs"), script);
    const said = await finish(project.folder, "node", ["outside.mjs"]).then(String, String);
    expect(said).toContain("Cannot get session: there is no request here");
    expect(said).toContain("ask in a component, an action or a route handler");
  });

  /** The files that a page of ours shows, by their path. */
  async function filesOf(name: string): Promise<(readonly [string, string])[]> {
    const text = await readFile(new URL(`../../${name}`, import.meta.url), "utf8");
    return Array.from(
      text.matchAll(/^```tsx\n\/\/ (\S+)\n([^]*?)^```$/gm),
      ([, path = "", code = ""]) => [path, code] as const,
    );
  }

  test("the application of docs/nextjs.md is built, and does what it says; the README shows a part of it", async () => {
    const files = await filesOf("docs/nextjs.md");
    const shown = await filesOf("README.md");
    expect(shown).toEqual(files.slice(0, 3));
    expect(files.map(([path]) => path)).toEqual([
      "sessions.ts",
      "app/page.tsx",
      "app/actions.ts",
      "app/visits/route.ts",
      "app/order/actions.ts",
      "app/account/page.tsx",
      "app/account/data/route.ts",
      "proxy.ts",
      "guarded/proxy.ts",
    ]);
    const redis = await startRedis();
    const bridge = await startUpstash({ redisPort: redis.port });
    const variables = {
      SESSION_SECRET: "a secret of at least thirty-two bytes",
      UPSTASH_REDIS_REST_URL: bridge.url,
      UPSTASH_REDIS_REST_TOKEN: bridge.token,
    };
    const browser = await launchBrowser();
    let running: Running | undefined;
    try {
      const built = await buildSmall("readme", Object.fromEntries(files), variables);
      expect(built).toBe("built");
      running = await serve("start", variables, "readme");
      const page = await browser.newPage();
      await page.goto(running.address);
      for (const visits of [0, 1, 2]) {
        await page.getByRole("button", { name: `Visit ${visits}`, exact: true }).click();
      }
      await page.getByRole("button", { name: "Visit 3", exact: true }).waitFor();
      await page.goto(`${running.address}visits`);
      expect(await page.textContent("body")).toBe('{"visits":3}');
      const visit = await fetch(`${running.address}account`, { redirect: "manual" });
      expect([visit.status, visit.headers.get("Location")]).toEqual([303, "/"]);
      for (const [site, status] of [
        ["same-origin", 401],
        ["cross-site", 403],
      ] as const) {
        const headers = { "Sec-Fetch-Site": site };
        const answer = await fetch(`${running.address}account/data`, { method: "DELETE", headers });
        expect(answer.status).toBe(status);
      }
    } finally {
      await browser.close();
      await running?.stop();
      await bridge.stop();
      await redis.stop();
    }
  });

  test("what a component may not do does not compile, and what it may does", async () => {
    const { folder } = project;
    const change = (code: string) =>
      `import { getSession, saveSession } from "./sessions";\nconst session = await getSession();\n${code}\nexport {};\n`;
    const allowed = `import type { ReadonlySession } from "coatcheck/next";
type UserId = string & { readonly brand: "UserId" };
declare const session: ReadonlySession<{ user?: UserId; at: { days: number[] } }>;
export const user: UserId | undefined = session.data.user;
export const days: readonly number[] = session.data.at.days;
`;
    const refused = {
      "set.ts": "session.data.visits = 1;",
      "push.ts": 'session.data.tags.push("x");',
      "flash.ts": 'session.flash("notice", "x");',
      "update.ts": "session.update(() => {});",
      "save.ts": "await saveSession(session);",
    };
    for (const [name, code] of Object.entries(refused)) {
      await writeFile(join(folder, name), change(code));
    }
    const tsc = join(folder, "node_modules/.bin/tsc");
    const said = await finish(folder, tsc, ["--pretty", "false"]).then(
      () => "",
      (error: unknown) => String(error),
    );
    const lines = said.split("\n").flatMap((line) => /(\w+\.ts)\(.*error TS/.exec(line)?.[1] ?? []);
    expect(lines.toSorted()).toEqual(Object.keys(refused).toSorted());
    for (const name of Object.keys(refused)) await rm(join(folder, name));
    await writeFile(join(folder, "allowed.ts"), allowed);
    await finish(folder, tsc, []);
  });

  test("the adapter compiles against the real Next and React", async () => {
    const { folder } = project;
    for (const name of ["src", "adapters"]) {
      await cp(new URL(`../../${name}/`, import.meta.url), join(folder, "sources", name), {
        recursive: true,
      });
    }
    await rm(join(folder, "sources/adapters/hono.ts"));
    // What the built files contain, and the sources import.
    const hashes = "node_modules/@noble/hashes";
    await cp(new URL(`../../${hashes}/`, import.meta.url), join(folder, "sources", hashes), {
      recursive: true,
    });
    await writeFile(join(folder, "sources/server-only.d.ts"), 'declare module "server-only" {}\n');
    const options = {
      extends: "../tsconfig.json",
      compilerOptions: {
        allowImportingTsExtensions: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        plugins: [],
        incremental: false,
        // Next's own declarations ask for packages that it bundles.
        skipLibCheck: true,
        types: ["node", "react"],
      },
      include: ["adapters", "*.d.ts"],
    };
    await writeFile(join(folder, "sources/tsconfig.json"), JSON.stringify(options));
    await finish(folder, join(folder, "node_modules/.bin/tsc"), ["-p", "sources"]);
    await rm(join(folder, "sources"), { recursive: true });
  });

  test.each([
    ["memory", true],
    ["one memory", false],
  ])("in development, of a store in %s it warns: %s", async (kind, warns) => {
    const running = await serve("dev", { STORE: kind });
    try {
      const jar = cookieJar("https://localhost");
      jar.take(await fetch(`${running.address}api/count`));
      const headers = { cookie: jar.header() ?? "" };
      const html = await (await fetch(`${running.address}unguarded`, { headers })).text();
      expect(html.includes("<h1>1</h1>")).toBe(!warns);
      expect(running.printed().includes("this is a second memoryStore")).toBe(warns);
      // What a component may not do is known here as it is in production.
      const said = await (await fetch(`${running.address}write`)).text();
      expect(said).not.toContain(": done");
      expect(said).toContain("still: 0 new");
    } finally {
      await running.stop();
    }
  });
});
