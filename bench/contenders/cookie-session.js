// cookie-session: the data is in the cookie, signed and readable.

// @ts-check

import { createRequire } from "node:module";
import { behind, node } from "../node.js";
import { ATTRIBUTES, DATA, DAY_SECONDS, NAME, NOBODY, SECRET, USER } from "../work.js";

// Its package has no types.
const cookieSession = createRequire(import.meta.url)("cookie-session");

/** @param {import("../node.js").Incoming} request */
function dataOf({ session }) {
  if (session === undefined) throw new Error("There is no session");
  return session;
}

/** @type {import("../work.js").Contender<import("../node.js").Incoming, import("node:http").ServerResponse>} */
export const contender = {
  name: "cookie-session",
  keeps: "cookie",
  platform: node,
  create() {
    const options = { ...ATTRIBUTES, name: NAME, keys: [SECRET], maxAge: DAY_SECONDS * 1000 };
    const middleware = cookieSession(options);
    return {
      begin: behind(middleware, (request) => {
        Object.assign(dataOf(request), DATA);
        return "begun";
      }),
      read: behind(middleware, (request) => dataOf(request).name ?? NOBODY),
      write: behind(middleware, (request) => {
        const data = dataOf(request);
        data.counter = (data.counter ?? 0) + 1;
        return String(data.counter);
      }),
      signIn: behind(middleware, (request) => {
        const data = dataOf(request);
        data.user = USER;
        return data.user;
      }),
    };
  },
};
