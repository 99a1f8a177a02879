// The demonstration while its Redis is cut, slow and back: what a visitor sees, and that nothing of theirs is lost.

import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { lacksRedis } from "../support/needs.ts";
import { type Demo, startDemo } from "./demo.ts";
import {
  type Browser,
  type BrowserContext,
  lacksBrowser,
  launchBrowser,
  type Page,
} from "./driver.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
/** The library tries a store that it left alone after 7.5 s at the latest. */
const BACK = { timeout: 30_000, interval: 500 };

describe.skipIf(lacksRedis || lacksBrowser)("the demonstration without Redis, in Chromium", () => {
  let browser: Browser;
  let folder = "";

  beforeAll(async () => {
    browser = await launchBrowser();
    folder = await mkdtemp(join(tmpdir(), "coatcheck-outage-"));
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe.each([
    [
      "with parts of its own",
      {
        start: () => startDemo([], { SQLITE_FILE: join(folder, "sessions.db") }),
        redis: "redis-server, started for this demonstration alone",
        sql: "SQLite at ",
      },
    ],
    [
      "on a bare machine",
      {
        // Without Prisma's packages, and with a PATH on which there is no redis-server.
        start: async () => startDemo([], { PATH: "" }, await copyBare(join(folder, "bare"))),
        redis: "played by this process, since redis-server is not on this machine",
        sql: "played by this process: Prisma is not installed",
      },
    ],
  ])("%s", (_, { start, redis, sql }) => {
    let demo: Demo;

    beforeAll(async () => {
      demo = await start();
    });

    afterAll(async () => {
      await demo?.stop();
    });

    async function visit(path = "", options: Parameters<Browser["newContext"]>[0] = {}) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      await page.goto(demo.address + path);
      return { context, page };
    }

    /** Until the library has tried Redis again, which it does for whoever has a session. */
    async function restore(page: Page, path = ""): Promise<void> {
      await page.getByRole("button", { name: "Restore" }).click();
      await page.getByText("Redis can be reached.").waitFor();
      await expect.poll(() => revisit(page, path), BACK).toBe("answers");
    }

    async function revisit(page: Page, path = ""): Promise<string | null> {
      await page.goto(demo.address + path);
      return stateOf(page, "Redis");
    }

    /** Whatever a case before this one has left behind. */
    beforeEach(async () => {
      await post(`${demo.address}redis`, { redis: "up" });
      for (const path of ["", "fallback/"]) {
        const { context, page } = await visit(path);
        await add(page, "Biscuits");
        await expect.poll(() => revisit(page, path), BACK).toBe("answers");
        await context.close();
      }
    });

    test("says in the terminal and on the page what plays Redis and SQL", async () => {
      const { context, page } = await visit();
      expect(demo.output()).toContain(`Redis: ${redis}`);
      expect(demo.output()).toContain(`SQL: ${sql}`);
      const stores = await page.getByRole("list", { name: "Stores" }).textContent();
      expect(stores).toContain(redis);
      expect(stores).toContain(sql);
      expect(stores).not.toContain("`"); // what it is told is no Markdown
      await context.close();
    });

    test("cached: basket and sign-in survive the cut, changes are kept, and a sign-out holds", async () => {
      const { context, page } = await visit();
      await add(page, "Tea");
      await signIn(page, "Ada");
      expect(await stateOf(page, "Redis")).toBe("answers");

      await page.getByRole("button", { name: "Cut Redis" }).click();
      await page.getByText("Redis is cut off").waitFor();
      await page.getByText("You are Ada.").waitFor();
      await add(page, "Honey");
      const copy = await cookieOf(context, "__Host-session");
      await expect.poll(() => revisit(page), BACK).toMatch(/^left alone/);
      await page.getByRole("button", { name: "Take out one Tea" }).waitFor();
      await page.getByRole("button", { name: "Take out one Honey" }).waitFor();
      expect(await cookieOf(context, "__Host-session")).toBe(copy);

      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByText("Signed out.").waitFor();
      expect(await replay(demo.address, copy)).not.toContain("Ada");
      await add(page, "Biscuits");
      await restore(page);
      // In Redis there is still a copy from before the cut.
      expect(await replay(demo.address, copy)).not.toContain("Ada");
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      await context.close();
    }, 60_000);

    test("cached: a slow Redis is given up, and the session is there all the time", async () => {
      const { context, page } = await visit();
      await add(page, "Lemon");
      await page.getByRole("button", { name: "Slow Redis" }).click();
      await page.getByText("Redis answers 2 seconds late.").waitFor();
      await expect.poll(() => revisit(page), BACK).toMatch(/^left alone/);
      await add(page, "Lemon");
      await page.locator("#basket").getByText("× 2").waitFor();
      await restore(page);
      await page.locator("#basket").getByText("× 2").waitFor();
      await context.close();
    }, 60_000);

    test("fallback, without JavaScript: who hangs in Redis waits, who is new is served, and nobody is signed out", async () => {
      const options = { javaScriptEnabled: false, viewport: { width: 360, height: 740 } };
      const { context, page } = await visit("fallback/", options);
      expect(await page.evaluate(OVERFLOW)).toBe(0);
      await add(page, "Tea");
      await signIn(page, "Ada");
      const ticket = await cookieOf(context, "__Host-fallback");

      await page.getByRole("button", { name: "Cut Redis" }).click();
      await page.getByRole("heading", { name: "The cloakroom does not answer" }).waitFor();
      await page.getByText("Redis is cut off").waitFor();
      expect(await page.evaluate(OVERFLOW)).toBe(0);
      const other = await visit("fallback/");
      await add(other.page, "Honey");
      expect(await stateOf(other.page, "SQL")).toBe("answers");
      expect(await stateOf(other.page, "Memory")).toBe("not asked yet");
      expect(await cookieOf(context, "__Host-fallback")).toBe(ticket);

      await restore(page, "fallback/");
      await page.getByText("You are Ada.").waitFor();
      await page.getByRole("button", { name: "Take out one Tea" }).waitFor();
      expect(await cookieOf(context, "__Host-fallback")).toBe(ticket);
      await other.page.reload();
      await other.page.getByRole("button", { name: "Take out one Honey" }).waitFor();
      await context.close();
      await other.context.close();
    }, 60_000);

    test("fallback: a sign-out in the outage is no success, and is finished once Redis is back", async () => {
      const { context, page } = await visit("fallback/");
      await signIn(page, "Ada");
      const shop = page.url().replace(/#.*/, "");
      const copy = await cookieOf(context, "__Host-fallback");
      // From another page, so that this one still shows the button.
      const other = await visit("fallback/");
      await other.page.getByRole("button", { name: "Cut Redis" }).click();
      await other.page.getByText("Redis is cut off").waitFor();

      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.url().endsWith("/sign-out")),
        page.getByRole("button", { name: "Sign out" }).click(),
      ]);
      expect(answer.status()).toBe(503);
      await page.getByRole("heading", { name: "The sign-out is not done yet" }).waitFor();
      const ending = await cookieOf(context, "__Host-fallback");
      expect(ending).not.toBe(copy);
      await page.goto(shop);
      await page.getByRole("heading", { name: "The cloakroom does not answer" }).waitFor();
      expect(await page.getByText("Signed out.").count()).toBe(0);

      await page.getByRole("button", { name: "Restore" }).click();
      await page.getByText("Redis can be reached.").waitFor();
      // Nobody presses the button again. It is said once, by the page for which the library finished it.
      await expect.poll(() => isDone(page, shop), BACK).toBe(true);
      await page.getByRole("button", { name: "Sign in" }).waitFor();
      expect(await cookieOf(context, "__Host-fallback")).toBe("");
      for (const token of [copy, ending]) {
        expect(await replay(shop, token, "__Host-fallback")).not.toContain("Ada");
      }
      await context.close();
      await other.context.close();
    }, 60_000);
  });
});

/** The repository as it is where nobody has installed what is optional: built, with the root's packages alone. */
async function copyBare(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of ["package.json", "dist", "scripts", "examples/demo"]) {
    await cp(join(ROOT, name), join(folder, name), { recursive: true });
  }
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return `${folder}/`;
}

async function post(url: string, form: Record<string, string>, headers?: HeadersInit) {
  const body = new URLSearchParams(form);
  return fetch(url, { method: "POST", body, redirect: "manual", ...(headers && { headers }) });
}

async function add(page: Page, item: string): Promise<void> {
  await page.getByRole("button", { name: `Add ${item}` }).click();
  await page.getByText(`${item} is in the basket.`).waitFor();
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText(`Welcome, ${name}.`).waitFor();
}

/** What the panel says of a store. */
async function stateOf(page: Page, store: string): Promise<string | null> {
  const row = page.getByRole("list", { name: "Stores" }).locator("li");
  const text = await row
    .filter({ has: page.getByText(store, { exact: true }) })
    .locator(".state")
    .textContent();
  return text;
}

/** Whether the page says that a sign-out is done; if not, it is asked for again, for the next look. */
async function isDone(page: Page, address: string): Promise<boolean> {
  const isSaid = (await page.getByText("Signed out.").count()) > 0;
  if (!isSaid) await page.goto(address);
  return isSaid;
}

async function cookieOf(context: BrowserContext, name: string): Promise<string> {
  const cookies = await context.cookies();
  return cookies.find((cookie) => cookie.name === name)?.value ?? "";
}

/** A request with a copied cookie, by hand. */
async function replay(address: string, value: string, name = "__Host-session"): Promise<string> {
  const answer = await fetch(address, { headers: { Cookie: `${name}=${value}` } });
  return answer.text();
}
