// The two examples for Workers, in workerd: what `npm run deploy` would send, and `npm run dev`.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { freePort } from "../support/redis.ts";
import { lacksParts } from "./browser.ts";
import {
  finish,
  installed,
  type Running,
  startServer,
  type Variables,
  withoutSecret,
  writeVariables,
} from "./example.ts";
import { tellStory } from "./story.ts";

/** Nothing is asked of the network, and nothing told. */
export const ENV: Readonly<Record<string, string>> = {
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_LOG_PATH: "wrangler.log",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  WRANGLER_SEND_METRICS: "false",
};
const WRANGLER_MS = 60_000;

/** Registers the story of an example, called `title`, and what else is to be said of a Worker. */
export function describeWorker(name: string, title: string): void {
  const example = installed(`examples/${name}`);

  function npm(...args: string[]): Promise<void> {
    return finish(example.folder, "npm", args, { ...ENV, HOME: example.folder });
  }

  async function start(variables: Variables, ...more: string[]): Promise<Running> {
    const { folder } = example;
    await writeVariables(join(folder, ".dev.vars"), variables);
    const port = await freePort();
    const flags = ["--port", String(port), "--inspector-port", "0"];
    const args = ["run", "dev", "--", ...more, ...flags];
    return startServer({ command: "npm", args, folder, port, env: ENV });
  }

  tellStory(title, async (variables) => {
    await npm("run", "deploy", "--", "--dry-run", "--outdir", "deployed");
    const bundle = await readFile(join(example.folder, "deployed/worker.js"), "utf8");
    expect(bundle).not.toMatch(/\bfrom ?"/); // everything is in it, and nothing of Node's
    return start(variables, "deployed/worker.js", "--no-bundle");
  });

  describe.skipIf(lacksParts)(`the example of ${title}`, { timeout: WRANGLER_MS }, () => {
    test("has types that fit", () => npm("run", "check"));

    test("starts with npm run dev", async () => {
      const { address, stop } = await start({ ...withoutSecret, SESSION_SECRET: "x".repeat(32) });
      try {
        const answer = await fetch(address);
        expect(answer.status).toBe(200);
        expect(await answer.text()).toContain("Your name");
      } finally {
        await stop();
      }
    });

    test("says what is missing", async () => {
      const { address, printed, stop } = await start(withoutSecret);
      try {
        expect((await fetch(address)).status).toBe(500);
        await expect.poll(printed).toContain("secrets must be");
      } finally {
        await stop();
      }
    });
  });
}
