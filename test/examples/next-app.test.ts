// Next, as its reader builds and starts it.

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

const ENV = { NEXT_TELEMETRY_DISABLED: "1", CI: "1" };
const BUILD_MS = 180_000;

const example = installed("examples/next-app");

async function build(variables: Variables): Promise<void> {
  const { folder } = example;
  await writeVariables(join(folder, ".env"), variables);
  await finish(folder, "npm", ["run", "build"], { ...ENV, HOME: folder });
}

async function start(variables: Variables): Promise<Running> {
  const { folder } = example;
  await build(variables);
  const port = await freePort();
  const args = ["start", "--", "--port", String(port)];
  return startServer({ command: "npm", args, folder, port, env: ENV });
}

tellStory("Next", start);

describe.skipIf(lacksParts)("the example of Next", { timeout: BUILD_MS }, () => {
  test("has types that fit", async () => {
    const { folder } = example;
    await finish(folder, "npm", ["run", "check"], { ...ENV, HOME: folder });
  });

  test("says what is missing, and is not built", async () => {
    await expect(build(withoutSecret)).rejects.toThrow("secrets must be");
  });
});
