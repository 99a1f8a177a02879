// hono-sessions over a store's rows. With a key, as it recommends, its cookie is the sealed id; without, the bare id.

// @ts-check

import { Hono } from "hono";
import { sessionMiddleware } from "hono-sessions";
import { web } from "../web.js";
import { countMarks, DAY_SECONDS, NAME, newData, NOBODY, SECRET, USER } from "../work.js";

/**
 * @typedef {object} Variables
 * @property {import("hono-sessions").Session<Record<string, any>>} session
 * @property {boolean} session_key_rotation
 */

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "hono-sessions",
  keeps: "store",
  platform: web,
  create: (rows) => createOver(rows),
};

/**
 * @param {import("../rows.js").Rows} rows
 * @param {{ encryptionKey?: string }} [options] as of {@link routesIn}
 * @returns {import("../work.js").Routes<Request, Response>}
 */
export function createOver(rows, options) {
  /** @type {import("hono-sessions").Store} */
  const store = {
    async getSessionById(id = "") {
      const text = await rows.get(id);
      return text === null ? null : JSON.parse(text);
    },
    createSession: async (id, data) => rows.set(id, JSON.stringify(data)),
    persistSessionData: async (id, data) => rows.set(id, JSON.stringify(data)),
    deleteSession: async (id) => rows.delete(id),
  };
  return routesIn(store, options);
}

/**
 * @param {import("hono-sessions").Store} store
 * @param {{ encryptionKey?: string }} [options]
 * @returns {import("../work.js").Routes<Request, Response>}
 */
export function routesIn(store, options = { encryptionKey: SECRET }) {
  const middleware = sessionMiddleware({
    ...options,
    store,
    expireAfterSeconds: DAY_SECONDS,
    sessionCookieName: NAME,
    cookieOptions: { path: "/", httpOnly: true, secure: true, sameSite: "Lax" },
  });
  const app = () => /** @type {Hono<{ Variables: Variables }>} */ (new Hono()).use(middleware);

  return {
    begin: app().get("/", (c) => {
      for (const [key, value] of Object.entries(newData())) c.var.session.set(key, value);
      return c.text("begun");
    }).fetch,
    read: app().get("/", (c) => c.text(c.var.session.get("name") ?? NOBODY)).fetch,
    write: app().get("/", (c) => {
      const { session } = c.var;
      session.set("counter", (session.get("counter") ?? 0) + 1);
      return c.text(String(session.get("counter")));
    }).fetch,
    mark: app().get("/", (c) => {
      const { session } = c.var;
      session.set(c.req.query("key") ?? "", true);
      // oxlint-disable-next-line no-underscore-dangle -- its name for all that the session holds
      return c.text(String(countMarks(session.getCache()._data)));
    }).fetch,
    signIn: app().get("/", (c) => {
      c.var.session.set("user", USER);
      c.set("session_key_rotation", true);
      return c.text(USER);
    }).fetch,
  };
}
