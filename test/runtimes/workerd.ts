// workerd, the runtime of Cloudflare Workers, started by Miniflare.

import { createRequire } from "node:module";
import type { Outcome } from "../support/suite.ts";
import { RUNTIME_DEADLINE_MS } from "./child.ts";
import { installedPackage, type Runtime } from "./runtime.ts";

// Loaded when it is used: the file must load where Miniflare is not installed.
const require = createRequire(import.meta.url);

const COMPATIBILITY_DATE = "2026-04-26";

const WORKER = `
import { run } from "./cases.mjs";
export default {
  async fetch(request) {
    return Response.json(await run(await request.json()));
  },
};
`;

/** Starts a worker of one module, as it is deployed. Whoever calls disposes of it. */
export function startWorker(script: string): import("miniflare").Miniflare {
  const { Miniflare } = require("miniflare") as typeof import("miniflare");
  return new Miniflare({ modules: true, script, compatibilityDate: COMPATIBILITY_DATE });
}

/** Starts a worker of one module with a module of WebAssembly beside it and a D1 database `DB`; it prints nothing. */
export function startWorkerWithD1(
  script: string,
  wasm: { readonly path: string; readonly contents: Uint8Array<ArrayBuffer> },
): import("miniflare").Miniflare {
  const { Miniflare } = require("miniflare") as typeof import("miniflare");
  return new Miniflare({
    modules: [
      { type: "ESModule", path: "worker.mjs", contents: script },
      { type: "CompiledWasm", ...wasm },
    ],
    compatibilityDate: COMPATIBILITY_DATE,
    d1Databases: { DB: "sessions" },
    handleRuntimeStdio(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) {
      stdout.resume();
      stderr.resume();
    },
  });
}

export const workerd: Runtime = {
  name: "workerd",
  installed: installedPackage("miniflare") && installedPackage("workerd"),
  run: async ({ folder, module }, world) => {
    const { Miniflare } = require("miniflare") as typeof import("miniflare");
    // No compatibility flag: the library needs nothing of Node.
    const miniflare = new Miniflare({
      rootPath: folder,
      modulesRoot: folder,
      modules: [
        { type: "ESModule", path: "worker.mjs", contents: WORKER },
        { type: "ESModule", path: module },
      ],
      compatibilityDate: COMPATIBILITY_DATE,
    });
    const deadline = AbortSignal.timeout(RUNTIME_DEADLINE_MS);
    try {
      const response = await miniflare.dispatchFetch("http://localhost/", {
        method: "POST",
        body: JSON.stringify(world),
        signal: deadline,
      });
      if (!response.ok)
        throw new Error(`workerd answers ${response.status}: ${await response.text()}`);
      return (await response.json()) as Outcome[];
    } catch (error) {
      if (!deadline.aborted) throw error;
      throw new Error(`workerd did not end within ${RUNTIME_DEADLINE_MS} ms`, { cause: error });
    } finally {
      await miniflare.dispose();
    }
  },
};
