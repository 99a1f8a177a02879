// The demonstration's page "Where you are signed in", in real browsers: each context is a device of its own.

import { createRequire } from "node:module";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { lacksRedis } from "../support/needs.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";
import { type Demo, startDemo } from "./demo.ts";
import {
  type Browser,
  type BrowserContext,
  lacksBrowser,
  launchBrowser,
  type Page,
} from "./driver.ts";

const OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SAFARI =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const EDGE =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";
/** The library tries a store that it left alone after 7.5 s at the latest. */
const BACK = { timeout: 30_000, interval: 500 };

type Options = Parameters<Browser["newContext"]>[0];

interface Device {
  readonly context: BrowserContext;
  readonly page: Page;
}

describe.skipIf(lacksRedis || lacksBrowser)(
  "where a visitor is signed in, in Chromium",
  { timeout: 90_000 },
  () => {
    let browser: Browser;
    let redis: RedisProcess;
    let bridge: UpstashBridge;
    let folder = "";
    const demos = new Map<string, Demo>();
    const contexts: BrowserContext[] = [];

    beforeAll(async () => {
      browser = await launchBrowser();
      redis = await startRedis();
      bridge = await startUpstash({ redisPort: redis.port });
      folder = await mkdtemp(join(tmpdir(), "coatcheck-places-"));
      demos.set("memory", await startDemo(["--store", "memory"]));
      const variables = {
        UPSTASH_REDIS_REST_URL: bridge.url,
        UPSTASH_REDIS_REST_TOKEN: bridge.token,
      };
      demos.set("upstash", await startDemo([], variables));
      const file = { SQLITE_FILE: join(folder, "sessions.db") };
      demos.set("sqlite", await startDemo(["--store", "sqlite"], file));
      const own = { SQLITE_FILE: join(folder, "embedded.db") };
      demos.set("embedded", await startDemo(["--store", "embedded"], own));
    }, 180_000);

    afterAll(async () => {
      await browser?.close();
      for (const demo of demos.values()) await demo.stop();
      await bridge?.stop();
      await redis?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    afterEach(async () => {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
    });

    const addressOf = (store: string) => demos.get(store)?.address ?? "";

    async function visit(address: string, options: Options = {}): Promise<Device> {
      const context = await browser.newContext(options);
      contexts.push(context);
      const page = await context.newPage();
      await page.goto(address);
      return { context, page };
    }

    /** A device on which somebody has just signed in, on the page of their sessions. */
    async function enter(address: string, name: string, options: Options = {}): Promise<Device> {
      const device = await visit(address, options);
      await signIn(device.page, name);
      await openList(device.page);
      return device;
    }

    describe.each(["memory", "upstash", "sqlite", "embedded"])("with sessions in %s", (store) => {
      test("two devices see each other, each its own marked, and one ends the other", async () => {
        const a = await enter(addressOf(store), "Ada", { userAgent: FIREFOX });
        const b = await enter(addressOf(store), "Ada", { userAgent: SAFARI });
        await a.page.reload();
        expect(await rowsOf(a.page)).toEqual(["Safari on iPhone", "Firefox on Linux This device"]);
        expect(await rowsOf(b.page)).toEqual(["Safari on iPhone This device", "Firefox on Linux"]);
        const copy = await ticketOf(b);

        await a.page.getByRole("button", { name: "Sign out Safari on iPhone" }).click();
        await a.page.getByText("That session has ended.").waitFor();
        expect(await rowsOf(a.page)).toEqual(["Firefox on Linux This device"]);
        // It is said once.
        await a.page.reload();
        expect(await a.page.getByText("That session has ended.").count()).toBe(0);
        expect(await rowsOf(a.page)).toEqual(["Firefox on Linux This device"]);

        await b.page.getByRole("link", { name: "Back to the basket" }).click();
        await b.page.getByText("its session has ended, perhaps from another device").waitFor();
        await b.page.getByRole("button", { name: "Sign in" }).waitFor();
        expect(await b.page.getByText("You are Ada.").count()).toBe(0);
        await b.page.goto(`${addressOf(store)}sessions`);
        await b.page.getByText("You are not signed in here.").waitFor();
        expect(await replay(addressOf(store), copy)).not.toContain("Ada");
        // Who was signed out signs in again, and is seen again.
        await b.page.getByRole("link", { name: "Sign in" }).click();
        await signIn(b.page, "Ada");
        await openList(a.page);
        expect(await rowsOf(a.page)).toHaveLength(2);
      });

      test("everywhere else leaves this device alone, everywhere leaves none, and Back shows nothing", async () => {
        const a = await enter(addressOf(store), "Grace", { userAgent: FIREFOX });
        const b = await enter(addressOf(store), "Grace", { userAgent: SAFARI });
        const c = await enter(addressOf(store), "Grace", { userAgent: EDGE });
        const other = await enter(addressOf(store), "Alan");
        await a.page.getByRole("button", { name: "Sign out everywhere else" }).click();
        await a.page.getByText("You are signed out everywhere else.").waitFor();
        expect(await rowsOf(a.page)).toEqual(["Firefox on Linux This device"]);
        for (const { page } of [b, c]) {
          await page.reload();
          await page.getByText("You are not signed in here.").waitFor();
        }

        await signInAgain(b.page, "Grace");
        const copies = [await ticketOf(a), await ticketOf(b)];
        await a.page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
        await a.page.getByText("Signed out everywhere.").waitFor();
        expect(await a.context.cookies()).toEqual([]);
        for (const copy of copies) {
          expect(await replay(addressOf(store), copy)).not.toContain("Grace");
        }
        await b.page.reload();
        await b.page.getByText("You are not signed in here.").waitFor();
        for (let steps = 0; steps < 2; steps++) {
          await a.page.goBack();
          const text = (await a.page.locator("body").textContent()) ?? "";
          expect(text).not.toContain("Grace");
          expect(text).not.toContain("Firefox on Linux");
        }
        // Nobody else was meant.
        await other.page.reload();
        expect(await rowsOf(other.page)).toEqual(["Chrome on Linux This device"]);
      });
    });

    test("a browser that keeps pages whole for Back does not show them after a sign-out either", async () => {
      const keeping = await launchBrowser({ keepsPages: true });
      try {
        const page = await keeping.newPage();
        await page.goto(addressOf("memory"));
        await signIn(page, "Grete");
        const link = page.getByRole("link", { name: "Where you are signed in" });
        await link.click();
        await page.getByRole("table").waitFor();
        await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
        await page.getByText("Signed out everywhere.").waitFor();
        for (const nothing of ["You are not signed in here.", "Any name will do."]) {
          await page.evaluate("void history.back()");
          await page.getByText(nothing).waitFor();
          expect(await page.locator("body").textContent()).not.toContain("Grete");
        }
      } finally {
        await keeping.close();
      }
    });

    test("the list's own sign-out is that of the shop", async () => {
      const { page, context } = await enter(addressOf("memory"), "Barbara");
      await page.getByRole("button", { name: "Sign out this device" }).click();
      await page.getByText("Signed out. The session is gone from the store").waitFor();
      expect(await context.cookies()).toEqual([]);
      // By hand, its handle does the same.
      const again = await enter(addressOf("memory"), "Barbara");
      const other = await enter(addressOf("memory"), "Barbara");
      const own = (await handlesOf(other.page))[0] ?? "";
      await post(again, "sessions/end", { session: own });
      await again.page.reload();
      await again.page.getByText("You are not signed in here.").waitFor();
      expect(await again.context.cookies()).toEqual([]);
    });

    test("a handle of another user's, or of nobody's, ends nothing", async () => {
      const eve = await enter(addressOf("memory"), "Eve");
      const ada = await enter(addressOf("memory"), "Edith", { userAgent: FIREFOX });
      const bystander = await enter(addressOf("memory"), "Edith");
      await ada.page.reload();
      const handles = [...(await handlesOf(ada.page)), ...(await handlesOf(bystander.page))];
      expect(handles).toHaveLength(2);
      const ticket = await ticketOf(ada);
      for (const handle of [...handles, ticket, "", "x".repeat(2000), "../..", "'--"]) {
        await post(eve, "sessions/end", { session: handle });
        await eve.page.goto(`${addressOf("memory")}sessions`);
        await eve.page.getByText("Nothing was ended: you have no such session").waitFor();
      }
      await ada.page.reload();
      expect(await rowsOf(ada.page)).toEqual(["Chrome on Linux", "Firefox on Linux This device"]);
      expect(await rowsOf(eve.page)).toEqual(["Chrome on Linux This device"]);
    });

    test("what is no form of this page is refused, and ends nothing", async () => {
      const a = await enter(addressOf("memory"), "Frances", { userAgent: FIREFOX });
      const b = await enter(addressOf("memory"), "Frances");
      const [handle = ""] = await handlesOf(b.page);
      const address = addressOf("memory");
      const headers = { Cookie: `__Host-session=${await ticketOf(a)}` };
      const ask = (path: string) => fetch(address + path, { headers, redirect: "manual" });
      const send = (path: string, given: Readonly<Record<string, string>>) => {
        const body = new URLSearchParams({ session: handle });
        const all = { ...headers, ...given };
        return fetch(address + path, { method: "POST", headers: all, body, redirect: "manual" });
      };
      const statuses: number[] = [];
      for (const path of ["sessions/end", "sessions/end-others", "sessions/end-all"]) {
        for (const site of ["cross-site", "same-site"]) {
          statuses.push((await send(path, { "Sec-Fetch-Site": site })).status);
        }
        statuses.push((await send(path, { Origin: "https://evil.example" })).status);
        statuses.push((await ask(path)).status);
      }
      expect(statuses).toEqual([403, 403, 403, 405, 403, 403, 403, 405, 403, 403, 403, 405]);
      expect((await send("sessions/end", { "Content-Type": "text/plain" })).status).toBe(415);
      await b.page.reload();
      expect(await rowsOf(b.page)).toHaveLength(2);
    });

    test("a visitor whom another device has signed out is told so, whatever they press", async () => {
      const a = await enter(addressOf("memory"), "Hedy", { userAgent: FIREFOX });
      const b = await enter(addressOf("memory"), "Hedy");
      const shop = await b.context.newPage();
      await shop.goto(addressOf("memory"));
      await a.page.getByRole("button", { name: "Sign out everywhere else" }).click();
      await a.page.getByText("You are signed out everywhere else.").waitFor();

      await shop.getByRole("button", { name: "Add Tea" }).click();
      await shop.getByText("Nothing was done: the session was ended from another device").waitFor();
      for (const name of [/^Sign out Firefox/, "Sign out everywhere else"]) {
        await b.page.getByRole("button", { name }).click();
        await b.page.getByText("You are not signed in here.").waitFor();
        await b.page.goBack();
        // Its own list is not shown again.
        await b.page.getByText("You are not signed in here.").waitFor();
        await signInAgain(b.page, "Hedy");
        await a.page.getByRole("button", { name: "Sign out everywhere else" }).click();
        await a.page.getByText("You are signed out everywhere else.").waitFor();
      }
      await a.page.reload();
      expect(await rowsOf(a.page)).toEqual(["Firefox on Linux This device"]);
    });

    test("all of it works without JavaScript", async () => {
      const options = { javaScriptEnabled: false };
      const a = await enter(addressOf("memory"), "Joan", { ...options, userAgent: FIREFOX });
      const b = await enter(addressOf("memory"), "Joan", { ...options, userAgent: SAFARI });
      await a.page.reload();
      await a.page.getByRole("button", { name: "Sign out Safari on iPhone" }).click();
      await a.page.getByText("That session has ended.").waitFor();
      await b.page.reload();
      await signInAgain(b.page, "Joan");
      await a.page.getByRole("button", { name: "Sign out everywhere else" }).click();
      await a.page.getByText("You are signed out everywhere else.").waitFor();
      await b.page.reload();
      await b.page.getByText("You are not signed in here.").waitFor();
      await a.page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
      await a.page.getByText("Signed out everywhere.").waitFor();
      await a.page.getByRole("button", { name: "Sign in" }).waitFor();
    });

    test("no ticket, id or key is in a page, and a handle in the forms of its owner alone", async () => {
      const demo = await startDemo(["--store", "memory"]);
      try {
        const a = await enter(demo.address, "Ada", { userAgent: FIREFOX });
        const b = await enter(demo.address, "Ada");
        const eve = await enter(demo.address, "Eve");
        await a.page.reload();
        const handles = [...(await handlesOf(a.page)), ...(await handlesOf(b.page))];
        expect(handles).toHaveLength(2);
        const tickets = [await ticketOf(a), await ticketOf(b)];
        const ids = tickets.map((ticket) => ticket.split(".")[0] ?? "");
        const keys = await Promise.all(ids.map(keyOf));
        const pages: string[] = [];
        for (const { page } of [a, b]) {
          await page.reload();
          const html = await page.content();
          const [handle = ""] = await handlesOf(page);
          expect(html).toContain(`name="session" value="${handle}"`);
          pages.push(html.replaceAll(`name="session" value="${handle}"`, ""));
          expect(await page.evaluate("document.cookie")).toBe("");
        }
        await a.page.getByRole("button", { name: "Sign out everywhere else" }).click();
        await a.page.getByText("You are signed out everywhere else.").waitFor();
        pages.push(a.page.url(), await a.page.content());
        for (const { page } of [a, eve]) {
          await page.goto(demo.address);
          pages.push(await page.content());
          await page.goto(`${demo.address}sessions`);
          pages.push(await page.content());
        }
        const all = [...pages, demo.output(), demo.errors()].join("\n");
        for (const secret of [...handles, ...tickets, ...ids, ...keys]) {
          expect(secret.length).toBeGreaterThan(20);
          expect(all).not.toContain(secret);
        }
      } finally {
        await demo.stop();
      }
    });

    test("a name is text, and so is what a browser calls itself", async () => {
      const name = `<img src=x onerror=alert(1)> & "b"`;
      const first = { userAgent: `<script>document.title="owned"</script><b>` };
      await enter(addressOf("memory"), name, first);
      const second = {
        userAgent: `<img src=x onerror="document.title='owned'"> Firefox/1 "Linux'`,
      };
      const b = await enter(addressOf("memory"), name, second);
      expect(await rowsOf(b.page)).toEqual(["Firefox on Linux This device", "Unknown browser"]);
      expect(await b.page.locator("header").textContent()).toContain(`You are ${name}.`);
      expect(await b.page.locator("img, b, script:not([src])").count()).toBe(0);
      expect(await b.page.title()).toBe("Where you are signed in · coatcheck");
    });

    test("a browser is called by its name where that is known, and by no other", async () => {
      const chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
      const address = addressOf("memory");
      for (const [agent, expected] of [
        [FIREFOX, "Firefox on Linux"],
        [SAFARI, "Safari on iPhone"],
        [EDGE, "Edge on Windows"],
        [`Mozilla/5.0 (Linux; Android 15) ${chrome}`, "Chrome on Android"],
        [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${chrome} OPR/124.0`, "Opera on Mac"],
        [`Mozilla/5.0 (X11; CrOS x86_64 16181.61.0) ${chrome}`, "Chrome on ChromeOS"],
        ["Firefox/1.0", "Firefox"],
        ["curl/8.14.1", "Unknown browser"],
        ["", "Unknown browser"],
      ] as const) {
        const cookie = await signInByHand(address, `Visitor ${agent}`, agent);
        const page = await fetch(`${address}sessions`, { headers: { Cookie: cookie } });
        const [, name] = /role="rowheader"[^>]*>([^<]*)</.exec(await page.text()) ?? [];
        expect(name?.trim()).toBe(expected);
      }
    });

    test("who signs in under another name on the same browser finds nothing of the one before", async () => {
      const address = addressOf("memory");
      const { page: stale, context } = await visit(address);
      const elsewhere = await enter(address, "Karen", { userAgent: FIREFOX });
      const page = await context.newPage();
      await page.goto(address);
      await signIn(page, "Karen");
      const before = await ticketOf({ context, page });
      // One more than the basket holds, with no page after it: its message is still to be shown.
      await page.evaluate(`(async () => {
      for (let n = 0; n < 25; n++) {
        const body = new URLSearchParams({ item: "tea" });
        await fetch("basket/add", { method: "POST", body, redirect: "manual" });
      }
    })()`);
      await signIn(stale, "Bo");
      expect(await stale.getByText("it is full").count()).toBe(0);
      expect(await stale.getByText("is in the basket").count()).toBe(0);
      expect(await stale.getByRole("button", { name: /^Take out one/ }).count()).toBe(0);
      await stale.getByText("You are Bo.").waitFor();
      await openList(stale);
      expect(await rowsOf(stale)).toEqual(["Chrome on Linux This device"]);
      await elsewhere.page.reload();
      expect(await rowsOf(elsewhere.page)).toEqual(["Firefox on Linux This device"]);
      const html = await replay(address, before);
      expect(html).not.toContain("Karen");
      expect(html).not.toContain("Take out one Tea");
      // The other tab is of Bo now, too.
      await page.reload();
      await page.getByText("You are Bo.").waitFor();
    });

    test("what a visitor had in the basket before the sign-in is still there after it", async () => {
      const { page } = await visit(addressOf("memory"));
      await page.getByRole("button", { name: "Add Honey" }).click();
      await page.getByText("Honey is in the basket.").waitFor();
      await signIn(page, "Mary");
      await page.getByRole("button", { name: "Take out one Honey" }).waitFor();
    });

    test("a name has twenty sessions at most, and the oldest goes", async () => {
      const address = addressOf("memory");
      const first = await enter(address, "Twenty", { userAgent: FIREFOX });
      for (let n = 0; n < 19; n++) await signInByHand(address, "Twenty", EDGE);
      await first.page.reload();
      expect(await rowsOf(first.page)).toHaveLength(20);
      const last = await enter(address, "Twenty", { userAgent: SAFARI });
      const rows = await rowsOf(last.page);
      expect(rows).toHaveLength(20);
      expect(rows).not.toContain("Firefox on Linux");
      await first.page.reload();
      await first.page.getByText("You are not signed in here.").waitFor();
      await last.page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
      await last.page.getByText("Signed out everywhere.").waitFor();
    });

    test("it can be read on a phone, and its table is one at every width", async () => {
      const options = { viewport: { width: 360, height: 740 } };
      const other = await enter(addressOf("memory"), "W".repeat(40), { userAgent: FIREFOX });
      const { page } = await enter(addressOf("memory"), "W".repeat(40), options);
      expect(await page.getByText("at most once in 2 hours and 24 minutes").count()).toBe(1);
      for (const width of [320, 360, 700, 900, 1280]) {
        await page.setViewportSize({ width, height: 740 });
        expect(await page.evaluate(OVERFLOW)).toBe(0);
        expect(await page.getByRole("table", { name: "2 sessions" }).ariaSnapshot()).toMatch(
          new RegExp(
            [
              'columnheader "Browser"',
              'columnheader "Signed in"',
              'columnheader "Last seen"',
              'columnheader "Sign out"',
              'rowheader "Chrome on Linux This device"',
              'button "Sign out this device"',
              'rowheader "Firefox on Linux"',
              'button "Sign out Firefox on Linux, signed in [^"]+"',
            ].join("[^]*"),
          ),
        );
      }
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toContain("Skip");
      await other.page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
      await other.page.getByText("Signed out everywhere.").waitFor();
      await page.reload();
      await page.getByText("You are not signed in here.").waitFor();
      expect(await page.evaluate(OVERFLOW)).toBe(0);
    });

    test("the two shops over one SQL know nothing of each other's visitors", async () => {
      const address = addressOf("embedded");
      const a = await enter(address, "Jean", { userAgent: FIREFOX });
      const b = await enter(`${address}fallback/`, "Jean", { userAgent: SAFARI });
      await a.page.reload();
      expect(await rowsOf(a.page)).toEqual(["Firefox on Linux This device"]);
      expect(await rowsOf(b.page)).toEqual(["Safari on iPhone This device"]);
      await b.page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
      await b.page.getByText("Signed out everywhere.").waitFor();
      expect(new URL(b.page.url()).pathname).toBe("/fallback/");
      await a.page.reload();
      expect(await rowsOf(a.page)).toEqual(["Firefox on Linux This device"]);
    });

    test("cached: while Redis is cut the list is there, and an end holds", async () => {
      const address = addressOf("embedded");
      const a = await enter(address, "Radia", { userAgent: FIREFOX });
      const b = await enter(address, "Radia", { userAgent: SAFARI });
      const copy = await ticketOf(b);
      await throwSwitch(address, "cut");
      try {
        await a.page.reload();
        expect(await rowsOf(a.page)).toHaveLength(2);
        await a.page.getByRole("button", { name: "Sign out Safari on iPhone" }).click();
        await a.page.getByText("That session has ended.").waitFor();
        await b.page.reload();
        await b.page.getByText("You are not signed in here.").waitFor();
      } finally {
        await throwSwitch(address, "up");
      }
      await expect.poll(() => answers(a.page, address), BACK).toBe("answers");
      // In Redis there was a copy from before the cut.
      expect(await replay(address, copy)).not.toContain("Radia");
    });

    test("fallback: what cannot be ended is said to be open, and the same button goes on when Redis is back", async () => {
      const address = `${addressOf("embedded")}fallback/`;
      const b = await enter(address, "Sophie", { userAgent: SAFARI });
      await throwSwitch(addressOf("embedded"), "cut");
      // This one has its session in SQL, while the other's hangs in Redis.
      const a = await visit(address, { userAgent: FIREFOX });
      try {
        await signIn(a.page, "Sophie");
        await a.page.getByRole("link", { name: "Where you are signed in" }).click();
        await a.page.getByRole("heading", { name: "The cloakroom does not answer" }).waitFor();
        for (const path of ["sessions/end-others", "sessions/end-all"]) {
          const answer = await post(a, path, {});
          expect(answer.status).toBe(503);
          expect(answer.text).toContain("The sessions have not all ended");
          expect(answer.text).toContain("each session that you meant to end may still be open");
          expect(answer.text).toContain("Restore Redis below");
        }
        await a.page.goto(address);
        await a.page.getByText("You are Sophie.").waitFor();
      } finally {
        await throwSwitch(addressOf("embedded"), "up");
      }
      await expect.poll(() => answers(b.page, address), BACK).toBe("answers");
      await openList(a.page);
      await a.page.getByRole("button", { name: "Sign out everywhere else" }).click();
      await a.page.getByText("You are signed out everywhere else.").waitFor();
      expect(await rowsOf(a.page)).toEqual(["Firefox on Linux This device"]);
      await b.page.goto(address);
      await b.page.getByRole("button", { name: "Sign in" }).waitFor();
    });

    test("upstash: while nothing answers no button says that it has done anything", async () => {
      const address = addressOf("upstash");
      const a = await enter(address, "Shafi", { userAgent: FIREFOX });
      const b = await enter(address, "Shafi", { userAgent: SAFARI });
      await a.page.reload();
      bridge.fault({ kind: "401", times: Infinity });
      try {
        for (const name of [
          /^Sign out Safari/,
          "Sign out everywhere else",
          /^Sign out everywhere$/,
        ]) {
          await a.page.getByRole("button", { name }).click();
          await a.page.getByRole("heading", { name: "The sessions have not all ended" }).waitFor();
          expect(await a.page.getByText("signed out").count()).toBe(0);
          bridge.clearFaults();
          await a.page.goto(`${address}sessions`);
          bridge.fault({ kind: "401", times: Infinity });
        }
        // The own one is remembered.
        await a.page.getByRole("button", { name: "Sign out this device" }).click();
        await a.page.getByRole("heading", { name: "The sign-out is not done yet" }).waitFor();
      } finally {
        bridge.clearFaults();
      }
      await a.page.goto(`${address}sessions`);
      await a.page.getByText("You are not signed in here.").waitFor();
      await b.page.reload();
      expect(await rowsOf(b.page)).toEqual(["Safari on iPhone This device"]);
    });
  },
);

test("who is signed in where outlives the process, also in a file from before there was an index", async () => {
  const folder = await mkdtemp(join(tmpdir(), "coatcheck-places-"));
  const file = join(folder, "sessions.db");
  const start = () => startDemo(["--store", "sqlite"], { SQLITE_FILE: file, SESSION_SECRET: "" });
  let demo = await start();
  const list = async (cookie: string) =>
    (await fetch(`${demo.address}sessions`, { headers: { Cookie: cookie } })).text();
  try {
    await demo.stop("SIGTERM");
    const require = createRequire(new URL("../prisma/package.json", import.meta.url));
    const client = require("@libsql/client").createClient({ url: `file:${file}` });
    await client.execute('DROP TABLE "SessionEntry"');
    client.close();

    demo = await start();
    const stays = await signInByHand(demo.address, "Shafi", FIREFOX);
    const leaves = await signInByHand(demo.address, "Shafi", EDGE);
    await demo.stop("SIGTERM");

    demo = await start();
    expect(await list(stays)).toMatch(/Edge on Windows[^]*Firefox on Linux/);
    const ended = await fetch(`${demo.address}sessions/end-others`, {
      method: "POST",
      headers: { Cookie: stays },
      redirect: "manual",
    });
    expect(ended.status).toBe(303);
    expect(await list(leaves)).toContain("You are not signed in here.");
    expect(await list(stays)).not.toContain("Edge on Windows");
    expect(demo.errors()).toBe("");
  } finally {
    await demo.stop();
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText(`Welcome, ${name}.`).waitFor();
}

async function openList(page: Page): Promise<void> {
  await page.goto(new URL("sessions", page.url()).href);
  await page.getByRole("table").waitFor();
}

/** From the page that says that nobody is signed in, back to the list. */
async function signInAgain(page: Page, name: string): Promise<void> {
  await page.getByRole("link", { name: "Sign in" }).click();
  await signIn(page, name);
  await openList(page);
}

/** What the rows are called, from the top. */
async function rowsOf(page: Page): Promise<string[]> {
  const texts = await page.getByRole("rowheader").allTextContents();
  return texts.map((text) => text.replace(/\s+/g, " ").trim());
}

/** What the forms of the rows name. */
function handlesOf(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll("[name=session]")].map((b) => b.value)`);
}

async function ticketOf({ context }: Device): Promise<string> {
  const cookies = await context.cookies();
  return cookies.find(({ name }) => name.startsWith("__Host-"))?.value ?? "";
}

/** A form of this device's own page, filled in by hand. */
function post({ page }: Device, path: string, form: Readonly<Record<string, string>>) {
  const body = JSON.stringify(new URLSearchParams(form).toString());
  const type = JSON.stringify({ "Content-Type": "application/x-www-form-urlencoded" });
  return page.evaluate<{ status: number; text: string }>(`(async () => {
    const options = { method: "POST", body: ${body}, headers: ${type}, redirect: "manual" };
    const answer = await fetch(${JSON.stringify(path)}, options);
    return { status: answer.status, text: await answer.text() };
  })()`);
}

/** The cookie of a sign-in without a browser. */
async function signInByHand(address: string, name: string, agent: string): Promise<string> {
  const answer = await fetch(`${address}sign-in`, {
    method: "POST",
    body: new URLSearchParams({ name }),
    headers: { "User-Agent": agent },
    redirect: "manual",
  });
  return answer.headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

function throwSwitch(address: string, redis: string): Promise<Response> {
  const body = new URLSearchParams({ redis });
  return fetch(`${address}redis`, { method: "POST", body, redirect: "manual" });
}

/** What the panel of the outage says of Redis, once another visit has asked. */
async function answers(page: Page, address: string): Promise<string | null> {
  await page.goto(address);
  return page.getByRole("list", { name: "Stores" }).locator(".state").first().textContent();
}

/** Where a session stands in its store. */
async function keyOf(id: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", Buffer.from(id, "base64url"));
  return Buffer.from(hash).toString("base64url");
}

/** A request with a copied cookie, by hand. */
async function replay(address: string, value: string, name = "__Host-session"): Promise<string> {
  const answer = await fetch(address, { headers: { Cookie: `${name}=${value}` } });
  return answer.text();
}
