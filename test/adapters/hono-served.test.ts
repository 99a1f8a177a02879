// Hono applications as a browser meets them: over HTTP with sessions in Redis, and in workerd with a WebSocket.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getSession } from "coatcheck/hono";
import { redisStore, upstash } from "coatcheck/redis";
import { build } from "esbuild";
import { stream, streamSSE } from "hono/streaming";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWorker, workerd } from "../runtimes/workerd.ts";
import { cookieJar } from "../support/jar.ts";
import { findRedis, type RedisProcess, startRedis } from "../support/redis.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";
import {
  DELETION,
  SECRET,
  browser,
  openShop,
  served,
  sessionCookies,
  stored,
  visitOver,
  type Served,
  type Shop,
} from "./hono-setup.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

describe.skipIf(process.env["CI"] !== "true" && findRedis() === null)(
  "over HTTP, with sessions in Redis",
  () => {
    let redis: RedisProcess;
    let bridge: UpstashBridge;
    let upstream: Served;
    let server: Served;
    let shop: Shop;
    let release: () => void = () => undefined;
    const late: unknown[] = [];

    beforeAll(async () => {
      redis = await startRedis();
      bridge = await startUpstash({ redisPort: redis.port });
      upstream = await served(
        () => new Response("from upstream", { headers: { "X-Upstream": "yes" } }),
      );
      shop = openShop(
        redisStore(upstash({ url: bridge.url, token: bridge.token, timeoutMs: 5000 })),
      );
      const { app } = shop;
      app.use(async (c, next) => {
        if (c.req.query("change") !== undefined) (await getSession(c)).data.n++;
        await next();
      });
      app.get("/text", (c) => c.text("text"));
      app.get("/json", (c) => c.json({ json: true }));
      app.get("/html", (c) => c.html("<p>html"));
      app.get("/redirect", (c) => c.redirect("/elsewhere", 303));
      app.get("/Response.redirect", () => Response.redirect("http://localhost/elsewhere", 303));
      app.get("/fetch", () => fetch(upstream.url));
      app.get("/body", (c) => c.body(pieces("one;", "two;", "three;")));
      app.get("/stream", (c) =>
        stream(c, async (out) => {
          await out.write("one;");
          await out.write("two;");
        }),
      );
      app.get("/sse", (c) =>
        streamSSE(c, async (out) => {
          await out.writeSSE({ data: "one" });
          await out.writeSSE({ data: "two" });
        }),
      );
      app.get("/204", (c) => c.body(null, 204));
      app.get("/304", (c) => c.body(null, 304));
      app.get("/422", (c) => c.text("no", 422));
      app.get("/late", async (c) => {
        const opened = await getSession(c);
        opened.data.n++;
        const released = new Promise<void>((resolve) => (release = resolve));
        return streamSSE(c, async (out) => {
          await released;
          try {
            (await getSession(c)).update((data) => void data.n++);
          } catch (error) {
            late.push(error);
          }
          await out.writeSSE({ data: String(opened.data.n) });
        });
      });
      app.get("/throws", async (c) => {
        const opened = await getSession(c);
        opened.destroy();
        throw new Error("broken");
      });
      app.post("/sign-in", async (c) => {
        const opened = await getSession(c);
        opened.data.user = "ada";
        opened.regenerate();
        opened.flash("notice", "Welcome");
        return c.redirect("/", 303);
      });
      app.post("/sign-out", async (c) => {
        (await getSession(c)).destroy();
        return c.redirect("/", 303);
      });
      app.get("/", async (c) => {
        const opened = await getSession(c);
        return c.text(`${opened.flash("notice") ?? "Hello"}, ${opened.data.user ?? "stranger"}`);
      });
      app.notFound((c) => c.text("not here", 404));
      app.onError((error, c) => {
        if ("getResponse" in error) return error.getResponse();
        return c.text("we are sorry", 500);
      });
      server = await served(app.fetch);
    });

    afterAll(async () => {
      await server?.close();
      await upstream?.close();
      await bridge?.stop();
      await redis?.stop();
    });

    test.each([
      ["/text", 200, "text"],
      ["/json", 200, '{"json":true}'],
      ["/html", 200, "<p>html"],
      ["/redirect", 303, ""],
      ["/Response.redirect", 303, ""],
      ["/body", 200, "one;two;three;"],
      ["/stream", 200, "one;two;"],
      ["/sse", 200, "data: one\n\ndata: two\n\n"],
      ["/204", 204, ""],
      ["/304", 304, ""],
      ["/422", 422, "no"],
      ["/no such page", 404, "not here"],
    ])("%s is committed and carries the cookie, once", async (path, status, body) => {
      const jar = cookieJar();
      const response = await visitOver(server, jar, `${path}?change`);
      expect(response.status).toBe(status);
      expect(await response.text()).toBe(body);
      expect(response.headers.getSetCookie().length).toBe(1);
      expect(jar.refused).toEqual([]);
      expect(await stored(shop, jar)).toEqual({ n: 1 });
      if (status === 303) expect(response.headers.get("location")).toMatch(/\/elsewhere$/);

      const again = await visitOver(server, jar, `${path}?change`);
      expect(await again.text()).toBe(body);
      expect(again.headers.getSetCookie()).toEqual([]);
      expect(await stored(shop, jar)).toEqual({ n: 2 });
    });

    test("a response of fetch, whose headers are immutable, carries the cookie (honojs/hono#1789)", async () => {
      const jar = cookieJar();
      const response = await visitOver(server, jar, "/fetch?change");
      expect(await response.text()).toBe("from upstream");
      expect(response.headers.get("x-upstream")).toBe("yes");
      expect(sessionCookies(response).length).toBe(1);
      expect(await stored(shop, jar)).toEqual({ n: 1 });
    });

    test("an error response of app.onError carries the cookie of an end, and nothing else is saved", async () => {
      const jar = await browser(shop);
      const before = jar.copy();
      const response = await visitOver(server, jar, "/throws");
      expect(response.status).toBe(500);
      expect(await response.text()).toBe("we are sorry");
      expect(sessionCookies(response)).toEqual([expect.stringMatching(DELETION)]);
      expect(jar.header()).toBe(null);
      expect(await stored(shop, before)).toBe("nothing");
    });

    test("HEAD is committed as GET is", async () => {
      const jar = cookieJar();
      const response = await visitOver(server, jar, "/text?change", { method: "HEAD" });
      expect(await response.text()).toBe("");
      expect(await stored(shop, jar)).toEqual({ n: 1 });
    });

    test("a change inside a stream, when the response is committed, throws a clear error", async () => {
      const jar = cookieJar();
      const response = await visitOver(server, jar, "/late");
      expect(sessionCookies(response).length).toBe(1);
      release();
      expect(await response.text()).toBe("data: 1\n\n");
      expect(late).toEqual([
        expect.objectContaining({
          code: "SESSION_COMMITTED",
          message:
            "Cannot change session: it was committed; change it before you return the response",
        }),
      ]);
      expect(await stored(shop, jar)).toEqual({ n: 1 });
    });

    test("sign in, read, sign out: the old cookies open nothing", async () => {
      const jar = await browser(shop);
      const anonymous = jar.copy();
      const signIn = await visitOver(server, jar, "/sign-in", { method: "POST" });
      expect([signIn.status, signIn.headers.get("location")]).toEqual([303, "/"]);
      expect(sessionCookies(signIn)[0]).toMatch(/; Path=\/; .*Secure; HttpOnly; SameSite=Lax$/);
      expect(await stored(shop, anonymous)).toBe("nothing");
      expect(await (await visitOver(server, jar)).text()).toBe("Welcome, ada");
      expect(await (await visitOver(server, jar)).text()).toBe("Hello, ada");
      const signedIn = jar.copy();
      const signOut = await visitOver(server, jar, "/sign-out", { method: "POST" });
      expect(sessionCookies(signOut)).toEqual([expect.stringMatching(DELETION)]);
      expect(jar.header()).toBe(null);
      expect(await (await visitOver(server, signedIn)).text()).toBe("Hello, stranger");
    });

    test("an outage is a 503 with Retry-After, and the cookie stays as it is", async () => {
      const jar = await browser(shop);
      bridge.fault({ kind: "500", times: Number.POSITIVE_INFINITY });
      const response = await visitOver(server, jar);
      bridge.fault({ kind: "500", times: 0 });
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).toBe("5");
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(await response.text()).toBe("Service unavailable\n");
    });
  },
);

function pieces(...texts: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const text = texts.shift();
      if (text === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(text));
    },
  });
}

describe("a WebSocket, in workerd", () => {
  test.skipIf(process.env["CI"] !== "true" && !workerd.installed)(
    "opens with the session read and the response untouched, and saves what the upgrade changed",
    async () => {
      const { outputFiles } = await build({
        stdin: { contents: WORKER, resolveDir: ROOT, loader: "ts" },
        bundle: true,
        write: false,
        format: "esm",
        platform: "neutral",
        mainFields: ["module", "main"],
        alias: {
          coatcheck: join(ROOT, "src/index.ts"),
          "coatcheck/hono": join(ROOT, "adapters/hono.ts"),
        },
      });
      const miniflare = startWorker(outputFiles[0]?.text ?? "");
      try {
        const first = await miniflare.dispatchFetch("http://localhost/");
        const cookie = first.headers.getSetCookie()[0]?.split(";")[0] ?? "";
        expect(cookie).toMatch(/^__Host-session=./);
        const response = await miniflare.dispatchFetch("http://localhost/ws", {
          headers: { Upgrade: "websocket", Cookie: cookie },
        });
        expect(response.status).toBe(101);
        expect(response.headers.getSetCookie()).toEqual([]);
        const { webSocket } = response;
        if (!webSocket) throw new Error("no WebSocket came");
        const answer = new Promise((resolve) => {
          webSocket.addEventListener("message", ({ data }) => resolve(data));
        });
        webSocket.accept();
        webSocket.send("which?");
        expect(await answer).toBe("which? n=2, SESSION_COMMITTED");
        webSocket.close();
        const headers = { Cookie: cookie };
        const last = await miniflare.dispatchFetch("http://localhost/", { headers });
        expect(await last.text()).toBe("n=3");
      } finally {
        await miniflare.dispose();
      }
    },
  );
});

/** As a user would write it. */
const WORKER = `
import { createSessions, memoryStore } from "coatcheck";
import { getSession, session } from "coatcheck/hono";
import { Hono } from "hono";
import { upgradeWebSocket } from "hono/cloudflare-workers";

const sessions = createSessions({
  secrets: ["${SECRET}"],
  store: memoryStore(),
  initial: () => ({ n: 0 }),
});

const app = new Hono().use(session(sessions));

app.get("/ws", upgradeWebSocket(async (c) => {
  const opened = await getSession(c);
  opened.data.n++;
  return {
    onMessage(event, socket) {
      let code = "no error";
      try {
        opened.update((data) => { data.n++; });
      } catch (error) {
        code = error.code;
      }
      socket.send(event.data + " n=" + opened.data.n + ", " + code);
    },
  };
}));

app.get("/", async (c) => {
  const opened = await getSession(c);
  opened.data.n++;
  return c.text("n=" + opened.data.n);
});

export default app;
`;
