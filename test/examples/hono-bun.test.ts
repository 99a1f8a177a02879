// Hono on Bun.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { installedBinary } from "../runtimes/runtime.ts";
import { freePort } from "../support/redis.ts";
import { lacksParts } from "./browser.ts";
import {
  finish,
  installed,
  PATH,
  type Running,
  startServer,
  type Variables,
  withoutSecret,
  writeVariables,
} from "./example.ts";
import { tellStory } from "./story.ts";

const bin = join(installedBinary("@oven", "bin/bun")?.folder ?? "", "bin");
const example = installed("examples/hono-bun");

async function start(variables: Variables): Promise<Running> {
  const { folder } = example;
  await writeVariables(join(folder, ".env"), variables);
  const port = await freePort();
  // Its script says `bun` again.
  const env = { PORT: String(port), PATH: `${bin}:${PATH}` };
  return startServer({ command: join(bin, "bun"), args: ["start"], folder, port, env });
}

tellStory("Hono on Bun", start);

describe.skipIf(lacksParts)("the example of Hono on Bun", () => {
  test("has types that fit", async () => {
    await finish(example.folder, "npm", ["run", "check"]);
  });

  test("says what is missing, and does not start", async () => {
    await expect(start(withoutSecret)).rejects.toThrow("secrets must be");
  });
});
