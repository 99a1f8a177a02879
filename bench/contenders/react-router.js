// React Router's session storage over a store's rows. It has no way to renew an id: a sign-in ends the session and
// begins another with the same data.

// @ts-check

import { createSessionStorage } from "react-router";
import { keyOf, web } from "../web.js";
import {
  ATTRIBUTES,
  countMarks,
  DAY_SECONDS,
  NAME,
  newData,
  newId,
  NOBODY,
  SECRET,
  USER,
} from "../work.js";

export const COOKIE = {
  ...ATTRIBUTES,
  name: NAME,
  secrets: [SECRET],
  maxAge: DAY_SECONDS,
};

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "React Router",
  library: "react-router",
  keeps: "store",
  platform: web,
  create(rows) {
    const storage = createSessionStorage({
      cookie: COOKIE,
      async createData(data) {
        const id = newId();
        await rows.set(id, JSON.stringify(data));
        return id;
      },
      async readData(id) {
        const text = await rows.get(id);
        return text === null ? null : JSON.parse(text);
      },
      updateData: async (id, data) => rows.set(id, JSON.stringify(data)),
      deleteData: async (id) => rows.delete(id),
    });
    return routesIn(storage);
  },
};

/**
 * @param {import("react-router").SessionStorage} storage
 * @returns {import("../work.js").Routes<Request, Response>}
 */
export function routesIn({ getSession, commitSession, destroySession }) {
  /** @param {Request} request */
  const open = (request) => getSession(request.headers.get("Cookie"));
  /**
   * @param {Awaited<ReturnType<typeof open>>} session
   * @param {string} body
   */
  const save = async (session, body) =>
    new Response(body, { headers: { "Set-Cookie": await commitSession(session) } });

  return {
    async begin(request) {
      const session = await open(request);
      for (const [key, value] of Object.entries(newData())) session.set(key, value);
      return save(session, "begun");
    },
    async read(request) {
      const session = await open(request);
      return new Response(session.get("name") ?? NOBODY);
    },
    async write(request) {
      const session = await open(request);
      session.set("counter", (session.get("counter") ?? 0) + 1);
      return save(session, String(session.get("counter")));
    },
    async mark(request) {
      const session = await open(request);
      session.set(keyOf(request), true);
      return save(session, String(countMarks(session.data)));
    },
    async signIn(request) {
      const old = await open(request);
      const session = await getSession();
      for (const [key, value] of Object.entries(old.data)) session.set(key, value);
      session.set("user", USER);
      await destroySession(old);
      return save(session, session.get("user"));
    },
  };
}
