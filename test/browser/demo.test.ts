// The demonstration in a real browser: what a visitor sees, and what the browser's own jar says of the cookie.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lacksRedis } from "../support/needs.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";
import { type Demo, runDemo, startDemo } from "./demo.ts";
import {
  type Browser,
  type BrowserContext,
  lacksBrowser,
  launchBrowser,
  type Page,
} from "./driver.ts";

const stores = ["memory", "upstash", "sqlite", "embedded"] as const;
const OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

describe.skipIf(lacksRedis || lacksBrowser)("the demonstration in Chromium", () => {
  let browser: Browser;
  let redis: RedisProcess;
  let bridge: UpstashBridge;
  const demos = new Map<string, Demo>();
  let folder = "";

  beforeAll(async () => {
    browser = await launchBrowser();
    redis = await startRedis();
    bridge = await startUpstash({ redisPort: redis.port });
    // Chosen by hand, and by the variables alone.
    demos.set("memory", await startDemo(["--store", "memory"]));
    const variables = {
      UPSTASH_REDIS_REST_URL: bridge.url,
      UPSTASH_REDIS_REST_TOKEN: bridge.token,
    };
    demos.set("upstash", await startDemo([], variables));
    folder = await mkdtemp(join(tmpdir(), "coatcheck-demo-"));
    const file = { SQLITE_FILE: join(folder, "sessions.db") };
    demos.set("sqlite", await startDemo(["--store", "sqlite"], file));
    const own = { SQLITE_FILE: join(folder, "embedded.db") };
    demos.set("embedded", await startDemo([], own));
  });

  afterAll(async () => {
    await browser?.close();
    for (const demo of demos.values()) await demo.stop();
    await bridge?.stop();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function visit(store: string, options: Parameters<Browser["newContext"]>[0] = {}) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const address = demos.get(store)?.address ?? "";
    await page.goto(address);
    return { context, page, address };
  }

  describe.each(stores)("with sessions in %s", (store) => {
    test("a first visit stores nothing and sets no cookie", async () => {
      const { context, page } = await visit(store);
      expect(await context.cookies()).toEqual([]);
      expect(await page.getByText("No session yet").count()).toBe(1);
      expect(await page.getByText("No store command").count()).toBe(1);
      await context.close();
    });

    test("a basket survives a reload, and the cookie is as the browser should keep it", async () => {
      const { context, page } = await visit(store);
      await page.getByRole("button", { name: "Add Tea" }).click();
      await page.getByText("Tea is in the basket.").waitFor();
      await page.reload();
      expect(await page.getByText("Tea is in the basket.").count()).toBe(0);
      expect(await page.getByRole("button", { name: "Take out one Tea" }).count()).toBe(1);
      const [cookie, ...others] = await context.cookies();
      expect(others).toEqual([]);
      expect(cookie).toMatchObject({
        name: "__Host-session",
        path: "/",
        secure: true,
        httpOnly: true,
        sameSite: "Lax",
      });
      const seconds = (cookie?.expires ?? 0) - Date.now() / 1000;
      expect(seconds).toBeGreaterThan(86_400 - 120);
      expect(seconds).toBeLessThanOrEqual(86_400 + 1);
      expect(await page.evaluate("document.cookie")).toBe("");
      await context.close();
    });

    test("two tabs that count 50 times each at once end at 100", async () => {
      const { context, page, address } = await visit(store);
      await page.getByRole("button", { name: "Add Tea" }).click();
      await page.getByText("Tea is in the basket.").waitFor();
      const other = await context.newPage();
      await other.goto(address);
      await Promise.all([burst(page), burst(other)]);
      await page.reload();
      expect(await page.locator("#count").textContent()).toBe("100");
      await context.close();
    }, 60_000);

    test("a sign-in changes the ticket, a sign-out ends it, copies open nothing", async () => {
      const { context, page, address } = await visit(store);
      await page.getByRole("button", { name: "Add Honey" }).click();
      await page.getByText("Honey is in the basket.").waitFor();
      const before = await token(context);
      await page.getByLabel("Your name").fill("Ada <b>");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("Welcome, Ada <b>.").waitFor();
      const during = await token(context);
      expect(during).not.toBe(before);
      expect(await page.getByRole("button", { name: "Take out one Honey" }).count()).toBe(1);
      expect(await replay(address, before)).not.toContain("Take out one Honey");
      expect(await replay(address, during)).toContain("Ada &lt;b&gt;");

      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByText("Signed out.").waitFor();
      expect(await context.cookies()).toEqual([]);
      for (const copy of [before, during]) {
        const html = await replay(address, copy);
        expect(html).not.toContain("Ada");
        expect(html).not.toContain("Take out one Honey");
      }
      await page.goBack();
      await page.reload();
      expect(await page.getByRole("button", { name: "Sign in" }).count()).toBe(1);
      await context.close();
    }, 60_000);

    test("every form works without JavaScript", async () => {
      const { context, page } = await visit(store, { javaScriptEnabled: false });
      await page.getByRole("button", { name: "Count one" }).click();
      await page.getByText("Counted.").waitFor();
      expect(await page.locator("#count").textContent()).toBe("1");
      await page.getByLabel("Your name").fill("Bo");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("Welcome, Bo.").waitFor();
      await context.close();
    });
  });

  test("the panel names the store, what the page cost, and the cookie without its token", async () => {
    const { context, page } = await visit("upstash");
    await page.getByRole("button", { name: "Add Lemon" }).click();
    await page.getByText("Lemon is in the basket.").waitFor();
    const panel = (await page.locator("aside").textContent()) ?? "";
    expect(panel).toContain("Upstash Redis at 127.0.0.1");
    expect(panel).toMatch(/1 read/);
    expect(panel).toContain("HttpOnly");
    expect(panel).not.toContain(await token(context));
    await context.close();
  });

  test("the panel shows a visitor no cookie of another", async () => {
    const { context, page } = await visit("memory");
    await page.getByRole("button", { name: "Add Lemon" }).click();
    await page.getByText("HttpOnly").waitFor();
    const other = await visit("memory");
    expect(await other.page.getByText("HttpOnly").count()).toBe(0);
    await other.page.getByRole("button", { name: "Add Tea" }).click();
    await other.page.getByText("HttpOnly").waitFor();
    await other.page.getByLabel("Your name").fill("Bo");
    await other.page.getByRole("button", { name: "Sign in" }).click();
    await other.page.getByText("Welcome, Bo.").waitFor();
    await other.page.getByRole("button", { name: "Sign out" }).click();
    await other.page.getByText("Signed out.").waitFor();
    await page.reload();
    expect(await page.locator(".cookie").textContent()).toContain("Max-Age=86400");
    await context.close();
    await other.context.close();
  });

  test("where the browser refuses the cookie, the page says so and what to do", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const port = new URL(demos.get("memory")?.address ?? "").port;
    await page.goto(`http://plain.test:${port}/`);
    await page.getByRole("button", { name: "Add Tea" }).click();
    await page.getByText("Your browser did not keep the cookie").waitFor();
    expect(await page.getByRole("alert").textContent()).toContain(`http://localhost:${port}/`);
    await context.close();
  });

  test("it can be read on a phone and used with a keyboard alone", async () => {
    const { context, page } = await visit("memory", { viewport: { width: 360, height: 740 } });
    expect(await page.evaluate(OVERFLOW)).toBe(0);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toContain("Skip");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText("Tea is in the basket.").waitFor();
    // Before, the new page may not have moved the focus to where its address points.
    await page.waitForLoadState("load");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.ariaLabel")).toBe("Take out one Tea");
    const outline = "getComputedStyle(document.activeElement).outlineStyle";
    expect(await page.evaluate(outline)).not.toBe("none");

    await page.getByLabel("Your name").fill("W".repeat(40));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Welcome, W").waitFor();
    await page.waitForLoadState("load");
    expect(await page.evaluate(OVERFLOW)).toBe(0);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("Signed out.").waitFor();
    await page.waitForLoadState("load");
    expect(await page.evaluate(OVERFLOW)).toBe(0);
    await context.close();
  });

  test("a form sent from another site is refused, and an unknown page is a 404", async () => {
    const address = demos.get("memory")?.address ?? "";
    const answer = await fetch(`${address}count`, {
      method: "POST",
      headers: { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" },
    });
    expect(answer.status).toBe(403);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await fetch(`${address}nowhere`)).status).toBe(404);
  });
});

describe.skipIf(lacksRedis)("the demonstration without its store", () => {
  test("answers a page and says on stderr why, without the token", async () => {
    const redis = await startRedis();
    const bridge = await startUpstash({ redisPort: redis.port });
    const demo = await startDemo([], {
      UPSTASH_REDIS_REST_URL: bridge.url,
      UPSTASH_REDIS_REST_TOKEN: bridge.token,
    });
    try {
      const add = { method: "POST", body: new URLSearchParams({ item: "tea" }) };
      const added = await fetch(`${demo.address}basket/add`, { ...add, redirect: "manual" });
      const [cookie = ""] = added.headers.getSetCookie()[0]?.split(";") ?? [];
      expect(demo.errors()).toBe("");
      bridge.fault({ kind: "401", times: Infinity });

      const answers = [
        await fetch(`${demo.address}basket/add`, add),
        await fetch(demo.address, { headers: { Cookie: cookie } }),
        await fetch(demo.address, { headers: { Cookie: cookie } }),
      ];
      for (const answer of answers) {
        expect(answer.status).toBe(503);
        expect(answer.headers.getSetCookie()).toEqual([]);
        expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
        expect(answer.headers.get("Cache-Control")).toBe("no-store");
        expect(answer.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
        expect(await answer.text()).toContain("Back to the basket");
      }
      bridge.clearFaults();
      const after = await fetch(demo.address, { headers: { Cookie: cookie } });
      expect(await after.text()).toContain("Take out one Tea");
      await expect.poll(() => demo.errors()).toContain("answers again");
      const why = "Cannot use Redis: WRONGPASS; check token, rights and prefix";
      expect(demo.errors().trim().split("\n")).toEqual([
        `The store failed to write: ${why}`,
        `The store failed to read: ${why}`,
        "The store answers again",
      ]);
      expect(demo.errors()).not.toContain(bridge.token);
    } finally {
      await demo.stop();
      await bridge.stop();
      await redis.stop();
    }
  });
});

describe("the demonstration that is started again", () => {
  test("keeps its sessions in SQLite, and a logout stays one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "coatcheck-demo-"));
    const file = { SQLITE_FILE: join(folder, "sessions.db"), SESSION_SECRET: "" };
    let demo = await startDemo(["--store", "sqlite"], file);
    const post = (path: string, cookie: string) =>
      fetch(`${demo.address}${path}`, {
        method: "POST",
        body: new URLSearchParams({ item: "tea" }),
        headers: { Cookie: cookie },
        redirect: "manual",
      });
    const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    try {
      const stays = cookieOf(await post("basket/add", ""));
      const leaves = cookieOf(await post("basket/add", ""));
      expect((await post("sign-out", leaves)).status).toBe(303);
      await demo.stop();

      demo = await startDemo(["--store", "sqlite"], file);
      const show = async (cookie: string) =>
        (await fetch(demo.address, { headers: { Cookie: cookie } })).text();
      expect(await show(stays)).toContain("Take out one Tea");
      expect(await show(leaves)).not.toContain("Take out one Tea");
      expect(demo.errors()).toBe("");
    } finally {
      await demo.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("the demonstration's command line", () => {
  test.each([
    [["--store", "disk"], {}, /Unknown store "disk"/],
    [["--stroe"], {}, /Unknown option/],
    [
      ["--store", "upstash"],
      { UPSTASH_REDIS_REST_URL: "", UPSTASH_REDIS_REST_TOKEN: "" },
      /needs both/,
    ],
    [
      [],
      { UPSTASH_REDIS_REST_URL: "https://x.upstash.io", UPSTASH_REDIS_REST_TOKEN: "" },
      /needs both/,
    ],
    [[], { UPSTASH_REDIS_REST_URL: "redis://x", UPSTASH_REDIS_REST_TOKEN: "t" }, /url must be/],
    [[], { PORT: "http" }, /PORT must be/],
    [["--store", "memory"], { SESSION_SECRET: "short" }, /secrets must be/],
  ])("%j with %j is refused in one line, with exit code 2", async (args, variables, message) => {
    const { code, output } = await runDemo(args, variables);
    expect(code).toBe(2);
    expect(output).toMatch(message);
    expect(output.trim().split("\n").length).toBe(1);
  });
});

async function burst(page: Page): Promise<void> {
  await page.getByRole("button", { name: "50 at once" }).click();
  await page
    .locator("#burst-result")
    .getByText(/50 sent/)
    .waitFor();
}

async function token(context: BrowserContext): Promise<string> {
  const [cookie] = await context.cookies();
  return cookie?.value ?? "";
}

/** A request with a copied cookie, by hand. */
async function replay(address: string, value: string): Promise<string> {
  const answer = await fetch(address, { headers: { Cookie: `__Host-session=${value}` } });
  return answer.text();
}
