// A contender's work by the number of requests, on any runtime: whoever asks holds the stopwatch, since in a worker the
// clocks stand still during work. Only the web platform is used.

// @ts-check

import { prove } from "../proof.js";
import { nearRows } from "../rows.js";
import { createVisitor, forge } from "../visitor.js";
import { DATA, dataOf } from "../work.js";

/**
 * @typedef {import("../stopwatch.js").Work} Work
 * @typedef {import("../work.js").Contender<Request, Response>} WebContender
 *
 * @typedef {object} Question
 * @property {"prove" | "do"} ask
 * @property {Work} [work]
 * @property {number} [bytes] of the session's data. Default: those of all contenders
 * @property {number} [count]
 *
 * @typedef {object} Reply
 * @property {number} [done] of the requests
 * @property {string} [error]
 */

/** Requests made for a batch: few, since their making is measured too, and each is handled many times. */
const REQUESTS = 64;

/**
 * @param {WebContender} contender
 * @returns {(question: Question) => Promise<Reply>}
 */
export function createBatches(contender) {
  /** @type {Map<string, Promise<(count: number) => Promise<number>>>} */
  const batches = new Map();

  return async function answer({ ask, work = "read", bytes, count = 0 }) {
    try {
      if (ask === "prove") {
        await prove(contender);
        return { done: 0 };
      }
      const name = `${work} ${bytes}`;
      const data = bytes === undefined ? DATA : dataOf(bytes);
      const batch = batches.get(name) ?? createBatch(contender, work, data);
      batches.set(name, batch);
      return { done: await (await batch)(count) };
    } catch (error) {
      // Whatever it is: the parent prints it as the reason why this one is not measured.
      return { error: error instanceof Error ? error.message : String(error) };
    }
  };
}

/**
 * @param {WebContender} contender
 * @param {Work} work
 * @param {import("../work.js").Data} data
 * @returns {Promise<(count: number) => Promise<number>>} handles so many requests, and answers how many were handled
 */
async function createBatch({ platform, create }, work, data) {
  const rows = nearRows();
  const { begin, read, write, signIn } = await create(rows, data);
  const handle = { read, write, anonymous: read, forged: read, "sign in": signIn }[work];
  if (handle === undefined) return async () => 0;

  /** @type {(string | undefined)[]} */
  const cookies = [];
  while (cookies.length < REQUESTS) {
    const visitor = createVisitor(platform);
    if (work !== "anonymous") await visitor.visit(begin);
    cookies.push(visitor.header());
  }
  const genuine = cookies[0] ?? "";
  const sent = work === "forged" ? forge(genuine, REQUESTS) : cookies;
  const restore = rows.keep();

  return async (count) => {
    let done = 0;
    // In this batch: a worker's requests may not share what was made for another one.
    const requests = sent.map((cookie) => platform.request(cookie));
    while (done < count) {
      for (const request of requests) await handle(request);
      done += requests.length;
      // Then whoever was signed in is a visitor again, under the id of before.
      restore();
    }
    return done;
  };
}
