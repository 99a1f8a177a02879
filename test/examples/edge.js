// A Vercel Edge Function served as `vercel dev` serves it: bundled to one script, in the Edge runtime, with the
// variables of this process. Run as `node edge.js <bundle that makes a global entry> <port>`.

// @ts-check

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { EdgeRuntime, runServer } = createRequire(new URL("../runtimes/", import.meta.url))(
  "edge-runtime",
);
const [, , bundle = "", port] = process.argv;

// What the function throws is a 500 there too.
const LISTEN = `
if (entry.config.runtime !== "edge") throw new Error("This is no Edge Function");
addEventListener("fetch", (event) => {
  event.respondWith(
    entry.default(event.request).catch((error) => new Response(String(error), { status: 500 })),
  );
});
`;

await runServer({
  runtime: new EdgeRuntime({
    initialCode: readFileSync(bundle, "utf8") + LISTEN,
    extend: (/** @type {object} */ context) =>
      Object.assign(context, { process: { env: process.env } }),
  }),
  host: "127.0.0.1",
  port: Number(port),
});
