// D1 in workerd, by Miniflare, without a compatibility flag.

import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";
import { describe, expect, test } from "vitest";
import { startWorkerWithD1 } from "../runtimes/workerd.ts";
import type { Outcome } from "../support/suite.ts";
import { bundle } from "./bundle.ts";
import { migrationOf } from "./databases.ts";

const WASM = new URL(
  "./generated/workerd/client/internal/query_compiler_fast_bg.wasm",
  import.meta.url,
);

const ENTRY = `
import { run } from "./worker.ts";
export default {
  async fetch(request, env) {
    return Response.json(await run(PrismaClient, env.DB, await request.json()));
  },
};
`;

/** What is deployed: one module, and Prisma's query compiler beside it. */
function bundleWorker(): Promise<string> {
  const setup: Plugin["setup"] = ({ onResolve }) =>
    onResolve({ filter: /\.wasm\?module$/ }, () => ({ path: "./query.wasm", external: true }));
  return bundle("workerd", ENTRY, {
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker"],
    plugins: [{ name: "wasm", setup }],
  });
}

async function runInWorkerd(): Promise<readonly Outcome[]> {
  // The adapter prints every error of D1's, also one that the store expects.
  const miniflare = startWorkerWithD1(await bundleWorker(), {
    path: "query.wasm",
    contents: new Uint8Array(await readFile(WASM)),
  });
  try {
    const response = await miniflare.dispatchFetch("http://localhost/", {
      method: "POST",
      body: JSON.stringify(await migrationOf("sqlite")),
    });
    if (!response.ok)
      throw new Error(`workerd answers ${response.status}: ${await response.text()}`);
    return (await response.json()) as Outcome[];
  } finally {
    await miniflare.dispose();
  }
}

const outcomes = await runInWorkerd().catch((error: unknown) => error);

describe("D1 in workerd", () => {
  test("runs the contract and the stories", () => {
    if (!Array.isArray(outcomes)) throw outcomes;
    expect(outcomes.length).toBeGreaterThan(200);
  });

  for (const { name, error } of Array.isArray(outcomes) ? (outcomes as Outcome[]) : []) {
    test(name, () => {
      if (error !== undefined) throw new Error(error);
    });
  }
});
