// The servers that fail, and the network in front of them, do what they say.

import { setTimeout as sleep } from "node:timers/promises";
import { prismaStore } from "coatcheck/prisma";
import { redisStore, upstash } from "coatcheck/redis";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { rejection } from "../behaviour/setup.ts";
import type { Client, Server } from "../prisma/databases.ts";
import { startPostgres } from "../prisma/postgres.ts";
import { type DurableRedis, startDurableRedis } from "./durable.ts";
import { describeWith, describeWithRedis } from "./needs.ts";
import { type Proxy, startProxy, type Trouble } from "./proxy.ts";
import { startUpstash, type UpstashBridge } from "./upstash.ts";

const TIMEOUT = { timeoutMs: 700 };
const soon = () => Date.now() + 60_000;

/** What a write through each trouble is told, and whether it is there once the network is mended. */
const TROUBLES: readonly (readonly [
  trouble: Trouble,
  outcome: "none" | "unknown" | "done",
  isThere: boolean,
])[] = [
  [{ kind: "refuse" }, "none", false],
  [{ kind: "reset" }, "unknown", false],
  [{ kind: "hang" }, "unknown", true],
  [{ kind: "slow", ms: 5_000 }, "unknown", true],
  [{ kind: "slow", ms: 50 }, "done", true],
  [{ kind: "cut", bytes: 9 }, "unknown", true],
  [{ kind: "lose" }, "unknown", true],
];

async function settled(promise: Promise<unknown>): Promise<void> {
  await Promise.allSettled([promise]);
}

describeWithRedis("a network in front of Redis", () => {
  let redis: DurableRedis;
  let bridge: UpstashBridge;
  let proxy: Proxy;

  beforeAll(async () => {
    redis = await startDurableRedis();
    bridge = await startUpstash({ redisPort: redis.port });
    proxy = await startProxy(bridge.port);
    // A Redis that has not seen the script yet refuses the first write, and is sent another one.
    await open().write("script", "value", soon(), null);
  });

  afterEach(async () => {
    redis.resume();
    await proxy.mend();
  });

  afterAll(async () => {
    await proxy?.stop();
    await bridge?.stop();
    await redis?.stop();
  });

  const open = () =>
    redisStore(upstash({ url: `http://127.0.0.1:${proxy.port}`, token: bridge.token, ...TIMEOUT }));

  /** A connection that stood when nothing listens any more dies with what it carries; a new one is refused. */
  async function drop({ kind }: Trouble): Promise<void> {
    if (kind === "refuse") await settled(open().read("any"));
  }

  test.each(TROUBLES)("that does %j: the outcome is %s", async (trouble, outcome, isThere) => {
    const key = crypto.randomUUID();
    await proxy.trouble(trouble);
    await drop(trouble);
    const writing = open().write(key, "value", soon(), null);
    const answer = outcome === "done" ? await writing : await rejection(writing);
    expect(answer).toMatchObject(outcome === "done" ? { swapped: true } : { outcome });
    await proxy.mend();
    await expect.poll(() => open().read(key)).toBe(isThere ? "value" : null);
  });

  test("mended, lets a client go on that was there before", async () => {
    const store = open();
    for (const [trouble] of TROUBLES) {
      await proxy.trouble(trouble);
      await settled(store.read("any"));
      await proxy.mend();
      expect(await store.read("nobody's")).toBe(null);
    }
  });

  test("a command that a frozen Redis was sent is carried out when it thaws", async () => {
    redis.pause();
    expect(await rejection(open().write("late", "value", soon(), null))).toMatchObject({
      outcome: "unknown",
    });
    redis.resume();
    await expect.poll(() => open().read("late")).toBe("value");
  });

  test("Redis comes back with what it confirmed, with a copy that was set aside, or with nothing", async () => {
    await open().write("first", "value", soon(), null);
    await redis.keepCopy();
    await open().write("second", "value", soon(), null);
    await redis.restart();
    expect([await open().read("first"), await open().read("second")]).toEqual(["value", "value"]);
    await redis.restart("copy");
    expect([await open().read("first"), await open().read("second")]).toEqual(["value", null]);
    redis.pause();
    await redis.restart("nothing");
    expect([await open().read("first"), await open().read("second")]).toEqual([null, null]);
  });
});

describeWith("postgres")("a network in front of PostgreSQL", () => {
  let server: Server;
  let proxy: Proxy;
  let client: Client;

  beforeAll(async () => {
    server = await startPostgres();
    proxy = await startProxy(server.port);
    const url = new URL(server.url);
    url.port = String(proxy.port);
    client = await server.connect({ connectionString: url.href });
  });

  afterAll(async () => {
    await client?.$disconnect();
    await proxy?.stop();
    await server?.stop();
  });

  const open = () => prismaStore(client.session, TIMEOUT);

  /** A connection that stood when nothing listens any more dies with what it carries; a new one is refused. */
  async function drop({ kind }: Trouble): Promise<void> {
    if (kind === "refuse") await settled(open().read("any"));
  }

  test.each(TROUBLES)("that does %j: the outcome is %s", async (trouble, outcome, isThere) => {
    const key = crypto.randomUUID();
    await proxy.trouble(trouble);
    await drop(trouble);
    const writing = open().write(key, "value", soon(), null);
    const answer = outcome === "done" ? await writing : await rejection(writing);
    expect(answer).toMatchObject(outcome === "done" ? { swapped: true } : { outcome });
    await proxy.mend();
    await sleep(100);
    await expect
      .poll(() =>
        open()
          .read(key)
          .catch(() => "none yet"),
      )
      .toBe(isThere ? "value" : null);
  });
});
