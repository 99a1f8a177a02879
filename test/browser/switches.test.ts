// The demonstration's switches and its Redis as processes: who may throw the ones, and that nothing outlives it.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lacksRedis } from "../support/needs.ts";
import { type Demo, startDemo } from "./demo.ts";

const PANEL = "Take Redis away";
const CUT = "Redis is cut off";
const browserSays = { "Sec-Fetch-Site": "same-origin" };

let folder = "";
let demo: Demo | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "coatcheck-switches-"));
});

afterEach(async () => {
  await demo?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** With all that it makes in a folder of the test's own. */
function start(variables: Readonly<Record<string, string>> = {}): Promise<Demo> {
  return startDemo(["--store", "embedded"], {
    TMPDIR: folder,
    SQLITE_FILE: join(folder, "sessions.db"),
    ...variables,
  });
}

function cut(address: string, headers: Readonly<Record<string, string>> = {}, redis = "cut") {
  const body = new URLSearchParams({ redis });
  return fetch(`${address}redis`, { method: "POST", body, headers, redirect: "manual" });
}

async function text(address: string): Promise<string> {
  return (await fetch(address)).text();
}

/** The process id of the demonstration's Redis, from itself. */
async function redisPid(): Promise<number> {
  const [own = ""] = (await readdir(folder)).filter((name) => name.startsWith("coatcheck-demo-"));
  const client = createClient({ socket: { path: join(folder, own, "redis.sock"), tls: false } });
  await client.connect();
  const info = await client.info("server");
  client.destroy();
  return Number(/process_id:(\d+)/.exec(info)?.[1]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // No such process.
    return false;
  }
}

describe("the demonstration's switches", () => {
  test("obey the page itself, and no other site, no other host, no other word", async () => {
    demo = await start();
    const { address } = demo;
    const refused = [
      await cut(address, { "Sec-Fetch-Site": "cross-site" }),
      await cut(address, { Origin: "https://evil.example" }),
      await cut(`${address}fallback/`, { "Sec-Fetch-Site": "same-site" }),
      await cut(address, browserSays, "gone"),
      await fetch(`${address}redis?redis=cut`, { headers: browserSays }),
      await cut(address, { ...browserSays, "Content-Type": "text/plain" }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 400, 405, 415]);
    expect(await text(address)).not.toContain(CUT);

    const done = await cut(`${address}fallback/`, browserSays);
    expect(done.status).toBe(303);
    expect(done.headers.get("location")).toBe("/fallback/#outage");
    // Either shop has the same Redis.
    expect(await text(address)).toContain(CUT);
    expect(await text(`${address}fallback/`)).toContain(CUT);
  });

  test("are refused under a name that only leads to this machine", async () => {
    demo = await start();
    const { port } = new URL(demo.address);
    // `fetch` sends no Host of one's own.
    const { request } = await import("node:http");
    const status = await new Promise((resolve, reject) => {
      const asked = request(`http://127.0.0.1:${port}/redis`, {
        method: "POST",
        headers: { Host: "rebound.example", "Content-Type": "application/x-www-form-urlencoded" },
      });
      asked.once("response", (response) => resolve(response.resume().statusCode));
      asked.once("error", reject);
      asked.end("redis=cut");
    });
    expect(status).toBe(403);
    expect(await text(demo.address)).not.toContain(CUT);
  });

  test("do not exist where other machines can reach the demonstration", async () => {
    demo = await start({ HOST: "0.0.0.0" });
    expect(await text(demo.address)).not.toContain(PANEL);
    expect((await cut(demo.address, browserSays)).status).toBe(404);
    await demo.stop();
    demo = await startDemo(["--store", "memory"]);
    expect(await text(demo.address)).not.toContain(PANEL);
    expect((await cut(demo.address, browserSays)).status).toBe(404);
  });
});

describe.skipIf(lacksRedis)("the demonstration's Redis", () => {
  test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
    "ends with the demonstration, and its folder, on %s",
    async (signal) => {
      demo = await start();
      const pid = await redisPid();
      expect(isAlive(pid)).toBe(true);
      await cut(demo.address, browserSays, "slow");
      await demo.stop(signal);
      await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
      const left = async () =>
        (await readdir(folder)).filter((name) => name.startsWith("coatcheck-demo-"));
      await expect.poll(left, { timeout: 10_000 }).toEqual([]);
    },
  );
});

test("a session of the cache over SQL is still there when all has been started again", async () => {
  demo = await start();
  const body = new URLSearchParams({ item: "tea" });
  const added = await fetch(`${demo.address}basket/add`, {
    method: "POST",
    body,
    redirect: "manual",
  });
  const [cookie = ""] = added.headers.getSetCookie()[0]?.split(";") ?? [];
  await demo.stop("SIGTERM");

  demo = await start();
  const page = await (await fetch(demo.address, { headers: { Cookie: cookie } })).text();
  // This Redis is another one, and empty.
  expect(page).toContain("Take out one Tea");
  expect(demo.errors()).toBe("");
});
