// coatcheck, as it is built.

// @ts-check

import { createSessions } from "../../dist/index.js";
import { keyOf, web } from "../web.js";
import { countMarks, DATA, NAME, NOBODY, SECRET, USER } from "../work.js";

/** @typedef {Partial<import("../work.js").Data> & { user?: string }} Data */

/** @param {import("../rows.js").Rows} rows */
export function createOver(rows) {
  return createWith({
    store: {
      read: async (key) => rows.get(key),
      write: async (key, value, _expiresAt, expected) => rows.swap(key, value, expected),
    },
  });
}

/** @param {Pick<import("../../dist/index.js").SessionOptions<Data>, "store" | "users" | "maxPerUser">} options */
export function createWith(options) {
  return createSessions({
    ...options,
    secrets: [SECRET],
    initial: () => /** @type {Data} */ ({}),
    cookie: { name: NAME },
  });
}

/** @param {import("../../dist/index.js").Store} store */
export function routesIn(store) {
  return routesOf(createWith({ store }));
}

/**
 * @param {import("../../dist/index.js").Sessions<Data>} sessions
 * @param {import("../work.js").Data} given what a session begins with
 * @returns {import("../work.js").Routes<Request, Response>}
 */
export function routesOf({ handler }, given = DATA) {
  return {
    begin: handler(async (_request, getSession) => {
      const session = await getSession();
      Object.assign(session.data, structuredClone(given));
      return new Response("begun");
    }),
    read: handler(async (_request, getSession) => {
      const { data } = await getSession();
      return new Response(data.name ?? NOBODY);
    }),
    write: handler(async (_request, getSession) => {
      const session = await getSession();
      let counter = 0;
      session.update((data) => {
        counter = data.counter = (data.counter ?? 0) + 1;
      });
      return new Response(String(counter));
    }),
    mark: handler(async (request, getSession) => {
      const { data } = await getSession();
      data[keyOf(request)] = true;
      return new Response(String(countMarks(data)));
    }),
    signIn: handler(async (_request, getSession) => {
      const session = await getSession();
      session.data.user = USER;
      session.signIn(USER);
      return new Response(session.data.user);
    }),
  };
}

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "coatcheck",
  keeps: "store",
  platform: web,
  create: (rows, data) => routesOf(createOver(rows), data),
};
