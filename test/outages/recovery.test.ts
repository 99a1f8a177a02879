// What an outage costs, in commands: how often a dead store is asked, and what it is asked when it comes back.

import { cachedStore, fallbackStore, memoryStore, type Store } from "coatcheck";
import { redisStore, upstash } from "coatcheck/redis";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openShop, type Shop } from "../behaviour/setup.ts";
import { type DurableRedis, startDurableRedis } from "../support/durable.ts";
import { cookieJar } from "../support/jar.ts";
import { describeWithRedis } from "../support/needs.ts";
import { type Counting, countingStore } from "../support/stores.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";
import { look, PROBE_MS, signedIn, skip } from "./story.ts";

/** Shorter than the 5 s that are between two questions to a store that does not answer, and that may be 7.5 s. */
const TOO_SOON_MS = 3_500;
const CROWD = 40;

let redis: DurableRedis;
let gateway: UpstashBridge;
let network: Proxy;

beforeAll(async () => {
  redis = await startDurableRedis();
  gateway = await startUpstash({ redisPort: redis.port });
  network = await startProxy(gateway.port);
});

afterEach(async () => {
  redis.resume();
  await network.mend();
});

afterAll(async () => {
  await network?.stop();
  await gateway?.stop();
  await redis?.stop();
});

/** Each store of `compose` counts what it is asked; Redis is the one that dies. */
function scene(compose: (dying: Store, other: Store) => Store): { shop: Shop; asked: Counting } {
  const url = `http://127.0.0.1:${network.port}`;
  const asked = countingStore(redisStore(upstash({ url, token: gateway.token })));
  const { read, write } = memoryStore();
  return { shop: openShop(compose(asked.store, { read, write })), asked };
}

const COMPOSITIONS: Readonly<Record<string, (dying: Store, other: Store) => Store>> = {
  fallbackStore: (dying, other) => fallbackStore([dying, other]),
  cachedStore: (dying, other) => cachedStore({ authority: other, cache: dying }),
};

describeWithRedis.each(Object.entries(COMPOSITIONS))("%s, while Redis is gone", (_, compose) => {
  const visit = (shop: Shop) => shop.visit(cookieJar(), (session) => void session.data.n++);

  test.each(["refuse", "hang"] as const)(
    "F51 it is asked three times, then once in five seconds or more, by whoever comes (%s)",
    async (kind) => {
      const { shop, asked } = scene(compose);
      await network.trouble({ kind });
      for (let visits = 0; asked.commands < 3 && visits < 20; visits++) {
        await visit(shop);
        // A store that did not answer creates nothing for a second.
        skip(1_001);
      }
      asked.reset();
      await Promise.all(Array.from({ length: CROWD }, () => visit(shop)));
      expect(asked.commands).toBe(0);
      for (let period = 1; period <= 3; period++) {
        skip(PROBE_MS);
        await Promise.all(Array.from({ length: CROWD }, () => visit(shop)));
        expect(asked.commands).toBe(period);
        skip(TOO_SOON_MS);
        await Promise.all(Array.from({ length: CROWD }, () => visit(shop)));
        expect(asked.commands).toBe(period);
      }
    },
    30_000,
  );

  test("F51 when it comes back one request asks it for all, and then all do", async () => {
    const { shop, asked } = scene(compose);
    const jar = await signedIn(shop);
    await network.trouble({ kind: "refuse" });
    for (let visits = 0; visits < 4; visits++) await look(shop, jar);
    asked.reset();
    skip(PROBE_MS);
    // The one that asks is still waiting when all the others come.
    await network.trouble({ kind: "hang" });
    const crowd = Promise.all(Array.from({ length: CROWD }, () => look(shop, jar)));
    await expect.poll(() => asked.commands).toBe(1);
    await network.mend();
    expect(await crowd).toContain("ann 0");
    expect(asked.commands).toBe(1);
    expect(await Promise.all(Array.from({ length: CROWD }, () => look(shop, jar)))).toEqual(
      Array.from({ length: CROWD }, () => "ann 0"),
    );
    expect(asked.commands).toBe(1 + CROWD);
  });
});
