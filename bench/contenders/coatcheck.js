// coatcheck, as it is built.

// @ts-check

import { createSessions } from "../../dist/index.js";
import { keyOf, web } from "../web.js";
import { countMarks, DATA, NAME, NOBODY, SECRET, USER } from "../work.js";

/** @typedef {Partial<import("../work.js").Data> & { user?: string }} Data */

/** @param {import("../rows.js").Rows} rows */
export function createOver(rows) {
  return createSessions({
    secrets: [SECRET],
    store: {
      read: async (key) => rows.get(key),
      write: async (key, value, _expiresAt, expected) => rows.swap(key, value, expected),
    },
    initial: () => /** @type {Data} */ ({}),
    cookie: { name: NAME },
  });
}

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "coatcheck",
  keeps: "store",
  platform: web,
  create(rows) {
    const { handler } = createOver(rows);
    return {
      begin: handler(async (_request, getSession) => {
        const session = await getSession();
        Object.assign(session.data, structuredClone(DATA));
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
  },
};
