// An Edge Function in Vercel's Edge runtime. `vercel dev` wants an account: what it does is done here in its place.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
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
} from "./example.ts";
import { tellStory } from "./story.ts";

const SERVER = fileURLToPath(new URL("./edge.js", import.meta.url));

const example = installed("examples/vercel-edge");

async function start(variables: Variables): Promise<Running> {
  const { folder } = example;
  const bundle = join(folder, ".vercel/function.js");
  await build({
    entryPoints: [join(folder, "api/index.ts")],
    outfile: bundle,
    bundle: true,
    format: "iife",
    globalName: "entry",
    platform: "browser",
    conditions: ["edge-light"],
  });
  const port = await freePort();
  const args = [SERVER, bundle, String(port)];
  return startServer({ command: "node", args, folder, port, env: variables });
}

tellStory("Vercel Edge", start);

describe.skipIf(lacksParts)("the example of Vercel Edge", () => {
  test("has types that fit", async () => {
    await finish(example.folder, "npm", ["run", "check"]);
  });

  test("says what is missing, and does not start", async () => {
    await expect(start(withoutSecret)).rejects.toThrow("secrets must be");
  });

  test("sends every path to the function, and has a folder to be served in place of the sources", async () => {
    const { rewrites } = JSON.parse(await readFile(join(example.folder, "vercel.json"), "utf8"));
    expect(rewrites).toEqual([{ source: "/(.*)", destination: "/api" }]);
    expect(await readdir(join(example.folder, "api"))).toEqual(["index.ts"]);
    expect(await readdir(join(example.folder, "public"))).toEqual(["robots.txt"]);
  });
});
