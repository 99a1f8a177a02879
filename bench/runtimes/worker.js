// What workerd runs: a question is a request's body, its answer the response.

// @ts-check

import { createBatches } from "./batch.js";

/** @param {import("./batch.js").WebContender} contender */
export function createWorker(contender) {
  const answer = createBatches(contender);
  return {
    /** @param {Request} request */
    fetch: async (request) => Response.json(await answer(await request.json())),
  };
}
