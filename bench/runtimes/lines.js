// What Node, Deno and Bun run: a question a line on stdin, its answer a line on stdout.

// @ts-check

import process from "node:process";
import { createInterface } from "node:readline";
import { createBatches } from "./batch.js";

/** @param {import("./batch.js").WebContender} contender */
export async function serve(contender) {
  const answer = createBatches(contender);
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
}
