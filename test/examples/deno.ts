// What both examples for Deno need to run: the library linked in, a cache of their own, loopback.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { linkProject } from "../../scripts/examples.js";
import { installedBinary } from "../runtimes/runtime.ts";
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

export const command: string = join(installedBinary("@deno", "deno")?.folder ?? "", "deno");

/** Deno fetches packages itself; behind a company's own certificate only with these. */
const certificates = Object.fromEntries(
  ["DENO_CERT", "DENO_TLS_CA_STORE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);

/** What Deno needs of the environment to run in a folder. */
export function variablesOf(folder: string): Record<string, string> {
  const own = { DENO_DIR: join(folder, ".cache"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
  return { ...certificates, ...own };
}

export function describeDeno(name: string, folderName: string): void {
  const example = installed(`examples/${folderName}`, linkProject);

  async function start(variables: Variables): Promise<Running> {
    const { folder } = example;
    await writeVariables(join(folder, ".env"), variables);
    const port = await freePort();
    const env = { ...variablesOf(folder), DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}` };
    return startServer({ command, args: ["task", "start"], folder, port, env });
  }

  tellStory(name, start);

  describe.skipIf(lacksParts)(`the example of ${name}`, () => {
    test("has types that fit", async () => {
      const { folder } = example;
      await finish(folder, command, ["task", "check"], variablesOf(folder));
    });

    test("says what is missing, and does not start", async () => {
      await expect(start(withoutSecret)).rejects.toThrow("secrets must be");
    });
  });
}
