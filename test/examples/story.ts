// What a visitor does with an example, whichever it is: in a real browser, by hand, and with curl.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Browser, BrowserContext, Page } from "../browser/driver.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";
import { lacksParts, launchBrowser } from "./browser.ts";
import { curlVisitor, lacksCurl } from "./curl.ts";
import type { Running, Variables } from "./example.ts";
import { bodyOf, type Form, type FormReader, formReader } from "./forms.ts";

const COOKIE = "__Host-session";
const DAY = 86_400;
const START_MS = 120_000;

/** Registers the cases for one example; `start` starts it with these variables. */
export function tellStory(name: string, start: (variables: Variables) => Promise<Running>): void {
  describe.skipIf(lacksParts)(name, () => {
    let browser: Browser;
    let reader: FormReader;
    let redis: RedisProcess;
    let bridge: UpstashBridge;
    let running: Running;
    let address = "";
    let context: BrowserContext;
    let page: Page;

    beforeAll(async () => {
      redis = await startRedis();
      bridge = await startUpstash({ redisPort: redis.port });
      running = await start({
        SESSION_SECRET: "a secret for the story, at least thirty-two bytes",
        UPSTASH_REDIS_REST_URL: bridge.url,
        UPSTASH_REDIS_REST_TOKEN: bridge.token,
      });
      ({ address } = running);
      browser = await launchBrowser();
      reader = await formReader(browser);
    }, START_MS);

    afterAll(async () => {
      await browser?.close();
      await running?.stop();
      await bridge?.stop();
      await redis?.stop();
    });

    // Every case is a visitor of its own, and finds Redis empty.
    beforeEach(async () => {
      await redis.command(["FLUSHALL"]);
      context = await browser.newContext();
      page = await context.newPage();
    });

    afterEach(async () => {
      bridge.clearFaults();
      redis.resume();
      await context.close();
    });

    async function token(): Promise<string> {
      const [cookie] = await context.cookies();
      return cookie?.value ?? "";
    }

    /** Everything in Redis. */
    async function stored(): Promise<Record<string, unknown>> {
      const keys = (await redis.command(["KEYS", "*"])) as string[];
      const rows = keys
        .toSorted()
        .map(async (key) => [key, await redis.command(["GET", key])] as const);
      return Object.fromEntries(await Promise.all(rows));
    }

    /** What a request by hand gets, with a copied token or none. */
    async function htmlFor(copy: string, path = ""): Promise<string> {
      const answer = await fetch(`${address}${path}`, { headers: cookieHeader(copy) });
      return answer.text();
    }

    /** Sends a form by hand, with a copied token. */
    function send(form: Form, values: Record<string, string>, headers: Record<string, string>) {
      const { origin } = new URL(address);
      return fetch(form.action, {
        method: "POST",
        body: bodyOf(form, values),
        headers: { Origin: origin, ...headers },
        redirect: "manual",
      });
    }

    test("a first visit gets no cookie and stores nothing", async () => {
      const answer = await page.goto(address);
      expect(answer?.status()).toBe(200);
      expect(answer?.headers()).not.toHaveProperty("set-cookie");
      expect(await page.getByRole("button", { name: "Sign in" }).count()).toBe(1);
      expect(await page.getByLabel("New note").count()).toBe(0);
      expect(await context.cookies()).toEqual([]);
      expect(await stored()).toEqual({});
    });

    test("a sign-in sets the cookie as the browser should keep it", async () => {
      await page.goto(address);
      await signIn(page, "Ada <b>");
      const [cookie, ...others] = await context.cookies();
      expect(others).toEqual([]);
      expect(cookie).toMatchObject({
        name: COOKIE,
        domain: "localhost", // without a dot in front: this host alone
        path: "/",
        secure: true,
        httpOnly: true,
        sameSite: "Lax",
      });
      const seconds = (cookie?.expires ?? 0) - Date.now() / 1000;
      expect(seconds).toBeGreaterThan(DAY - 120);
      expect(seconds).toBeLessThanOrEqual(DAY + 1);
      expect(await page.evaluate("document.cookie")).toBe("");
      expect(await page.content()).not.toContain(cookie?.value);
      expect(await page.locator("b").count()).toBe(0);
    });

    test("a second sign-in changes the cookie, and the first is worth nothing", async () => {
      await page.goto(address);
      const form = await reader.read(await htmlFor(""), "Sign in", address);
      await signIn(page, "Ada");
      const first = await token();
      const { status, headers } = await send(form, { name: "Eve" }, cookieHeader(first));
      expect(status).toBe(303);
      const second = tokenIn(headers);
      expect(second).toMatch(/\S/);
      expect(second).not.toBe(first);
      expect(await htmlFor(second)).toContain("Eve");
      const html = await htmlFor(first);
      expect(html).not.toContain("Ada");
      expect(html).not.toContain("Eve");
    });

    test("who signs in again keeps the notes, and whoever signs in there next gets none of them", async () => {
      await page.goto(address);
      const form = await reader.read(await htmlFor(""), "Sign in", address);
      await signIn(page, "Ada");
      await addNote(page, "a secret");
      const again = await send(form, { name: "Ada" }, cookieHeader(await token()));
      const own = tokenIn(again.headers);
      expect(await htmlFor(own)).toContain("a secret");
      const next = await send(form, { name: "Eve" }, cookieHeader(own));
      const html = await htmlFor(tokenIn(next.headers));
      expect(html).toContain("Welcome, Eve");
      expect(html).not.toContain("a secret");
    });

    test.each(["", " "])("a sign-in as %j signs nobody in", async (name) => {
      const form = await reader.read(await htmlFor(""), "Sign in", address);
      const { status, headers } = await send(form, { name }, {});
      expect(status).toBe(303);
      expect(headers.getSetCookie()).toEqual([]);
      expect(await stored()).toEqual({});
    });

    test("a name that is too long is cut off", async () => {
      const form = await reader.read(await htmlFor(""), "Sign in", address);
      const { status, headers } = await send(form, { name: "x".repeat(1000) }, {});
      expect(status).toBe(303);
      const html = await htmlFor(tokenIn(headers));
      expect(html).toContain(`<strong>${"x".repeat(200)}</strong>`);
    });

    test("a message is shown once", async () => {
      await page.goto(address);
      await signIn(page, "Ada");
      await page.reload();
      expect(await page.getByText("Welcome, Ada").count()).toBe(0);
      expect(await page.getByText("Signed in as Ada").count()).toBe(1);
    });

    test("a note is kept, and loading the page again does not add it again", async () => {
      await page.goto(address);
      await signIn(page, "Ada");
      const cookie = await token();
      await addNote(page, "buy <i>tea</i> & milk");
      expect(await page.getByText("Note added").count()).toBe(1);
      const answer = await page.reload();
      expect(answer?.request().method()).toBe("GET");
      expect(await page.getByText("Note added").count()).toBe(0);
      expect(await notesOn(page)).toEqual(["buy <i>tea</i> & milk"]);
      expect(await token()).toBe(cookie);
    });

    test("what two tabs add at the same moment is kept", async () => {
      await page.goto(address);
      await signIn(page, "Ada");
      const other = await context.newPage();
      await other.goto(address);
      await Promise.all([addNote(page, "from one"), addNote(other, "from the other")]);
      // Neither has seen the other's: now each adds to what is stored, not to what it shows.
      await addNote(page, "again from one");
      await page.reload();
      expect((await notesOn(page)).toSorted()).toEqual([
        "again from one",
        "from one",
        "from the other",
      ]);
    });

    test("of ten notes sent at once none is lost", async () => {
      await page.goto(address);
      await signIn(page, "Ada");
      const form = await reader.read(await htmlFor(await token()), "Add", address);
      const notes = Array.from({ length: 10 }, (_, index) => `note ${index}`);
      const statuses = await page.evaluate(sendAll, { form, notes });
      expect(statuses).toEqual(notes.map(() => 200));
      await page.reload();
      expect((await notesOn(page)).toSorted()).toEqual(notes);
    });

    test("the notes come as text, to their owner alone", async () => {
      await page.goto(address);
      await signIn(page, "Ada");
      await addNote(page, "one");
      await addNote(page, "two");
      const headers = cookieHeader(await token());
      const answer = await fetch(`${address}notes.txt`, { headers });
      expect(answer.status).toBe(200);
      expect(answer.headers.get("Content-Type")).toMatch(/^text\/plain/);
      expect(await answer.text()).toBe("one\ntwo\n");
      const refused = await fetch(`${address}notes.txt`);
      expect(refused.status).toBe(401);
      expect(await refused.text()).not.toContain("one");
    });

    test("after signing out, Back shows no notes", async () => {
      await page.goto(address);
      await signIn(page, "Ada");
      await addNote(page, "a secret");
      await page.getByRole("link", { name: "Notes as text" }).click();
      await page.getByText("a secret").waitFor();
      await page.goBack();
      await signOut(page);
      expect(await context.cookies()).toEqual([]);
      const steps = (await page.evaluate("history.length")) as number;
      for (let step = 1; step < steps; step++) {
        await page.goBack();
        expect(await page.content()).not.toContain("a secret");
      }
    });

    test("a copy of the cookie opens nothing after signing out, and adds nothing", async () => {
      await page.goto(address);
      await signIn(page, "Ada");
      await addNote(page, "a secret");
      const copy = await token();
      const form = await reader.read(await htmlFor(copy), "Add", address);
      expect(await htmlFor(copy)).toContain("a secret");
      await signOut(page);

      const before = await stored();
      const html = await htmlFor(copy);
      expect(html).not.toContain("a secret");
      expect(html).not.toContain("Ada");
      expect(html).toContain("Sign in");
      expect(await htmlFor(copy, "notes.txt")).not.toContain("a secret");
      const answer = await send(form, { note: "by a thief" }, cookieHeader(copy));
      expect(answer.headers.getSetCookie().filter(setsToken)).toEqual([]);
      expect(await htmlFor(copy)).not.toContain("by a thief");
      expect(await stored()).toEqual(before);
    });

    test("a form sent from another site changes nothing", async () => {
      await page.goto(address);
      await signIn(page, "Ada");
      const copy = await token();
      const form = await reader.read(await htmlFor(copy), "Add", address);
      const before = await stored();
      const foreign = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };
      const answer = await send(form, { note: "forged" }, { ...cookieHeader(copy), ...foreign });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(await stored()).toEqual(before);
    });

    test("everything works without JavaScript", async () => {
      const plain = await browser.newContext({ javaScriptEnabled: false });
      const simple = await plain.newPage();
      await simple.goto(address);
      await signIn(simple, "Bo");
      await addNote(simple, "by hand");
      await simple.reload();
      expect(await notesOn(simple)).toEqual(["by hand"]);
      await signOut(simple);
      expect(await plain.cookies()).toEqual([]);
      await plain.close();
    });

    test.each([
      ["does not answer", () => redis.pause(), () => redis.resume()],
      [
        "cannot be reached",
        () => bridge.fault({ kind: "refuse", times: Infinity }),
        () => bridge.clearFaults(),
      ],
    ])("while Redis %s the visitor stays signed in", async (_how, breakIt, mendIt) => {
      await page.goto(address);
      await signIn(page, "Ada");
      await addNote(page, "kept");
      const form = await reader.read(await htmlFor(await token()), "Add", address);
      const cookies = await context.cookies();
      breakIt();
      const answer = await page.goto(address);
      expect(answer?.status()).toBe(503);
      expect(answer?.headers()["retry-after"]).toMatch(/^\d+$/);
      expect(answer?.headers()).not.toHaveProperty("set-cookie");
      expect(await page.content()).not.toContain("kept");
      const added = await send(form, { note: "not now" }, cookieHeader(await token()));
      expect(added.status).toBe(503);
      expect(added.headers.getSetCookie()).toEqual([]);
      expect(await context.cookies()).toEqual(cookies);

      mendIt();
      await page.goto(address);
      expect(await page.getByText("Signed in as Ada").count()).toBe(1);
      expect(await notesOn(page)).toEqual(["kept"]);
    });

    test.skipIf(lacksCurl)("curl with a cookie file signs in, adds a note, signs out", async () => {
      const curl = await curlVisitor();
      try {
        const first = await curl.get(address);
        expect(await curl.token()).toBe(undefined);
        const welcome = await curl.send(await reader.read(first, "Sign in", address), {
          name: "Cora",
        });
        expect(welcome).toContain("Welcome, Cora");
        const copy = (await curl.token()) ?? "";
        expect(copy).toMatch(/\S/);
        await curl.send(await reader.read(welcome, "Add", address), { note: "by curl" });
        expect(await curl.get(`${address}notes.txt`)).toBe("by curl\n");
        const again = await curl.get(address);
        expect(again).not.toContain("Welcome, Cora");
        expect(again).toContain("by curl");

        const last = await curl.send(await reader.read(again, "Sign out", address));
        expect(last).toContain("Sign in");
        expect(last).not.toContain("by curl");
        expect(await curl.token()).toBe(undefined);
        expect(await htmlFor(copy)).not.toContain("by curl");
      } finally {
        await curl.remove();
      }
    });
  });
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText(`Welcome, ${name}`).waitFor();
}

async function addNote(page: Page, note: string): Promise<void> {
  await page.getByLabel("New note").fill(note);
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("listitem").getByText(note, { exact: true }).waitFor();
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
}

async function notesOn(page: Page): Promise<string[]> {
  const texts = await page.getByRole("listitem").allTextContents();
  return texts.map((text) => text.trim());
}

/** In the page: sends all notes at once, and answers what came back. */
function sendAll({ form, notes }: { form: Form; notes: string[] }): Promise<number[]> {
  return Promise.all(
    notes.map(async (note) => {
      const body = form.isMultipart ? new FormData() : new URLSearchParams();
      for (const [name, value] of Object.entries({ ...form.fields, note }))
        body.append(name, value);
      const { status } = await fetch(form.action, { method: "POST", body });
      return status;
    }),
  );
}

function cookieHeader(token: string): Record<string, string> {
  return token === "" ? {} : { Cookie: `${COOKIE}=${token}` };
}

function tokenIn(headers: Headers): string {
  return /^__Host-session=([^;]*)/.exec(headers.getSetCookie()[0] ?? "")?.[1] ?? "";
}

/** Whether a Set-Cookie gives a token, and does not only delete an old one. */
function setsToken(header: string): boolean {
  return /^__Host-session=[^;]/.test(header);
}
