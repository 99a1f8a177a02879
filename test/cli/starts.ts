// What `init` wrote, running: a visitor signs in, adds a note and signs out, with Redis and without.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installStart } from "../../scripts/examples.js";
import type { Browser } from "../browser/driver.ts";
import { lacksParts, launchBrowser } from "../examples/browser.ts";
import { curlVisitor } from "../examples/curl.ts";
import { type Command, installed, type Running, startServer } from "../examples/example.ts";
import { type FormReader, formReader } from "../examples/forms.ts";
import { freePort, type RedisProcess, startRedis } from "../support/redis.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";

/** A start, the example it is made of, and how it is run. */
export interface Subject {
  readonly start: string;
  readonly project: string;
  /** Where its platform reads variables from. */
  readonly file: string;
  readonly command: (folder: string, port: number) => Omit<Command, "folder" | "port">;
  /** What has to be done before it is run, and to see that its types fit. */
  readonly prepare?: (folder: string) => Promise<void>;
  readonly check: (folder: string) => Promise<void>;
}

const TEST_MS = 240_000;

/** Registers the cases for one start. */
export function describeStart({ start, project, file, command, prepare, check }: Subject): void {
  const copy = installed(project, () => installStart(start, project));

  describe.skipIf(lacksParts)(`coatcheck init ${start}`, { timeout: TEST_MS }, () => {
    let browser: Browser;
    let reader: FormReader;
    let redis: RedisProcess;
    let bridge: UpstashBridge;
    let secret = "";

    beforeAll(async () => {
      redis = await startRedis();
      bridge = await startUpstash({ redisPort: redis.port });
      browser = await launchBrowser();
      reader = await formReader(browser);
    }, TEST_MS);

    afterAll(async () => {
      await browser?.close();
      await bridge?.stop();
      await redis?.stop();
    });

    async function run(): Promise<Running> {
      const folder = copy.folder;
      await prepare?.(folder);
      const port = await freePort();
      return startServer({ ...command(folder, port), folder, port });
    }

    test("has types that fit", () => check(copy.folder));

    test("runs as it is, with the secret that was made for it, in memory", async () => {
      const path = join(copy.folder, file);
      secret = await readFile(path, "utf8");
      expect(secret).toMatch(/^SESSION_SECRET=[\w-]{43}\n$/);
      const running = await run();
      try {
        await visit(running.address, reader);
        expect(await redis.command(["DBSIZE"])).toBe(0);
      } finally {
        await running.stop();
      }
    });

    test("keeps sessions in Redis once its variables are set", async () => {
      const path = join(copy.folder, file);
      const variables = `UPSTASH_REDIS_REST_URL=${bridge.url}\nUPSTASH_REDIS_REST_TOKEN=${bridge.token}\n`;
      await writeFile(path, secret + variables);
      const running = await run();
      try {
        await visit(running.address, reader, async () => {
          const keys = (await redis.command(["KEYS", "*"])) as string[];
          expect(keys).toHaveLength(1);
          expect(keys[0]).toMatch(/^session:/);
        });
        await expect
          .poll(running.printed, { timeout: 10_000 })
          .toContain("[Session Store] ✅ Redis store initialized successfully");
      } finally {
        await running.stop();
      }
    });
  });
}

/** With curl, whose cookies are in a file. `signedIn` is called once a note is there. */
async function visit(
  address: string,
  reader: FormReader,
  signedIn: () => Promise<void> = async () => undefined,
): Promise<void> {
  const curl = await curlVisitor();
  try {
    const first = await reader.read(await curl.get(address), "Sign in", address);
    const welcome = await curl.send(first, { name: "Cora" });
    expect(welcome).toContain("Welcome, Cora");
    const page = await curl.send(await reader.read(welcome, "Add", address), { note: "by curl" });
    expect(page).toContain("by curl");
    await signedIn();
    const last = await curl.send(await reader.read(page, "Sign out", address));
    expect(last).not.toContain("by curl");
    expect(await curl.token()).toBe(undefined);
  } finally {
    await curl.remove();
  }
}
