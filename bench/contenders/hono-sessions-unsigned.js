// hono-sessions without a key, as it may be used with a store: the cookie is the bare id.

// @ts-check

import { web } from "../web.js";
import { createOver } from "./hono-sessions.js";

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "hono-sessions, unsigned",
  library: "hono-sessions",
  keeps: "store",
  unsigned: true,
  platform: web,
  create: (rows) => createOver(rows, {}),
};
