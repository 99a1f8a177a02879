// @remix-run/session with @remix-run/cookie, over a storage as its own of files is written.

// @ts-check

import { createCookie } from "@remix-run/cookie";
import { createSession } from "@remix-run/session";
import { keyOf, web } from "../web.js";
import {
  ATTRIBUTES,
  countMarks,
  DAY_SECONDS,
  NAME,
  newData,
  NOBODY,
  SECRET,
  USER,
} from "../work.js";

/**
 * @param {import("../rows.js").Rows} rows
 * @returns {import("@remix-run/session").SessionStorage}
 */
function createStorage(rows) {
  return {
    async read(id) {
      const text = id ? await rows.get(id) : null;
      return id && text !== null ? createSession(id, JSON.parse(text)) : createSession();
    },
    async save(session) {
      if (session.deleteId) await rows.delete(session.deleteId);
      if (session.destroyed) {
        await rows.delete(session.id);
        return "";
      }
      if (!session.dirty) return null;
      await rows.set(session.id, JSON.stringify(session.data));
      return session.id;
    },
  };
}

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "@remix-run/session",
  keeps: "store",
  platform: web,
  create: (rows) => routesIn(createStorage(rows)),
};

/**
 * @param {import("@remix-run/session").SessionStorage} storage
 * @returns {import("../work.js").Routes<Request, Response>}
 */
export function routesIn(storage) {
  const cookie = createCookie(NAME, {
    ...ATTRIBUTES,
    sameSite: "Lax",
    secrets: [SECRET],
    maxAge: DAY_SECONDS,
  });
  /** @param {Request} request */
  const open = async (request) => storage.read(await cookie.parse(request.headers.get("Cookie")));
  /**
   * @param {import("@remix-run/session").Session} session
   * @param {string} body
   */
  async function save(session, body) {
    const value = await storage.save(session);
    if (value === null) return new Response(body);
    return new Response(body, { headers: { "Set-Cookie": await cookie.serialize(value) } });
  }

  return {
    async begin(request) {
      const session = await open(request);
      for (const [key, value] of Object.entries(newData())) session.set(key, value);
      return save(session, "begun");
    },
    async read(request) {
      const session = await open(request);
      return save(session, /** @type {string | undefined} */ (session.get("name")) ?? NOBODY);
    },
    async write(request) {
      const session = await open(request);
      const counter = Number(session.get("counter") ?? 0) + 1;
      session.set("counter", counter);
      return save(session, String(counter));
    },
    async mark(request) {
      const session = await open(request);
      session.set(keyOf(request), true);
      return save(session, String(countMarks(session.data[0])));
    },
    async signIn(request) {
      const session = await open(request);
      session.set("user", USER);
      session.regenerateId(true);
      return save(session, USER);
    },
  };
}
