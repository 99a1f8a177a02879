// express-session over a store's rows: `touch` moves the expiry alone, as connect-redis does it.

// @ts-check

import { createRequire } from "node:module";
import { behind, node } from "../node.js";
import { countMarks, DAY_SECONDS, NAME, newData, NOBODY, SECRET, USER } from "../work.js";

// Its package has no types.
const session = createRequire(import.meta.url)("express-session");

/** @typedef {(error: unknown, value?: unknown) => void} Callback */

class RowsStore extends session.Store {
  /** @param {import("../rows.js").Rows} rows */
  constructor(rows) {
    super();
    this.rows = rows;
  }

  /** @type {(id: string, callback: Callback) => Promise<void>} */
  async get(id, callback) {
    const text = await this.rows.get(id);
    callback(null, text === null ? null : JSON.parse(text));
  }

  /** @type {(id: string, data: object, callback: Callback) => Promise<void>} */
  async set(id, data, callback) {
    await this.rows.set(id, JSON.stringify(data));
    callback(null);
  }

  /** @type {(id: string, callback: Callback) => Promise<void>} */
  async destroy(id, callback) {
    await this.rows.delete(id);
    callback(null);
  }

  /** @type {(id: string, data: object, callback: Callback) => Promise<void>} */
  async touch(id, _data, callback) {
    await this.rows.touch(id);
    callback(null);
  }
}

/** @param {import("../node.js").Incoming} request */
function dataOf({ session: data }) {
  if (data === undefined) throw new Error("There is no session");
  return data;
}

/** @type {import("../work.js").Contender<import("../node.js").Incoming, import("node:http").ServerResponse>} */
export const contender = {
  name: "express-session",
  keeps: "store",
  platform: node,
  create: (rows) => routesIn(new RowsStore(rows)),
};

/**
 * @param {object} [store] Default: its own, in memory
 * @returns {import("../work.js").Routes<import("../node.js").Incoming, import("node:http").ServerResponse>}
 */
export function routesIn(store) {
  const middleware = session({
    store,
    secret: SECRET,
    name: NAME,
    // Over HTTP there is a proxy in front that speaks TLS.
    proxy: true,
    resave: false,
    saveUninitialized: false,
    cookie: {
      path: "/",
      httpOnly: true,
      secure: true,
      sameSite: "lax",
      maxAge: DAY_SECONDS * 1000,
    },
  });

  return {
    begin: behind(middleware, (request) => {
      Object.assign(dataOf(request), newData());
      return "begun";
    }),
    read: behind(middleware, (request) => dataOf(request).name ?? NOBODY),
    write: behind(middleware, (request) => {
      const data = dataOf(request);
      data.counter = (data.counter ?? 0) + 1;
      return String(data.counter);
    }),
    mark: behind(middleware, (request) => {
      const data = dataOf(request);
      data[new URL(request.url ?? "", "https://shop.example").searchParams.get("key") ?? ""] = true;
      return String(countMarks(data));
    }),
    signIn: behind(middleware, async (request) => {
      const { cookie: _cookie, ...data } = dataOf(request);
      await new Promise((resolve, reject) => {
        dataOf(request).regenerate((/** @type {unknown} */ error) =>
          error ? reject(error) : resolve(undefined),
        );
      });
      Object.assign(dataOf(request), data, { user: USER });
      return USER;
    }),
  };
}
