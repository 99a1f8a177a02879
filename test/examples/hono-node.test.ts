// Hono on Node, run by Node 24.

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

const example = installed("examples/hono-node");

async function start(variables: Variables): Promise<Running> {
  const { folder } = example;
  await writeVariables(join(folder, ".env"), variables);
  const port = await freePort();
  const env = { PORT: String(port) };
  return startServer({ command: "npm", args: ["start"], folder, port, env });
}

tellStory("Hono on Node", start);

describe.skipIf(lacksParts)("the example of Hono on Node", () => {
  test("has types that fit", async () => {
    await finish(example.folder, "npm", ["run", "check"]);
  });

  test("says what is missing, and does not start", async () => {
    await expect(start(withoutSecret)).rejects.toThrow("secrets must be");
  });
});
