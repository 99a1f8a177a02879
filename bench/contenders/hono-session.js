// @hono/session over a store's rows; its cookie is an encrypted token. It does not wait for what it stores, and has no
// way to renew an id.

// @ts-check

import { useSession, useSessionStorage } from "@hono/session";
import { Hono } from "hono";
import { web } from "../web.js";
import { countMarks, DATA, DAY_SECONDS, NOBODY, SECRET } from "../work.js";

/** @typedef {Partial<import("../work.js").Data>} Data */

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "@hono/session",
  keeps: "store",
  platform: web,
  create(rows) {
    // It prints each cookie that it cannot read, which would be most of what is measured then.
    console.error = () => {};
    const storage = useSessionStorage({
      /** @param {string} id */
      async get(id) {
        const text = await rows.get(id);
        return text === null ? null : /** @type {Data} */ (JSON.parse(text));
      },
      set: (id, data) => void rows.set(id, JSON.stringify(data)),
      delete: (id) => void rows.delete(id),
    });
    const session = useSession({ secret: SECRET, duration: { absolute: DAY_SECONDS } });
    const app = () =>
      /** @type {Hono<import("@hono/session").SessionEnv<Data>>} */ (new Hono()).use(
        storage,
        session,
      );

    return {
      begin: app().get("/", async (c) => {
        await c.var.session.update(DATA);
        return c.text("begun");
      }).fetch,
      read: app().get("/", async (c) => {
        const data = await c.var.session.get();
        return c.text(data?.name ?? NOBODY);
      }).fetch,
      write: app().get("/", async (c) => {
        await c.var.session.update((data) => ({ ...data, counter: (data?.counter ?? 0) + 1 }));
        return c.text(String(c.var.session.data?.counter));
      }).fetch,
      mark: app().get("/", async (c) => {
        await c.var.session.update((data) => ({ ...data, [c.req.query("key") ?? ""]: true }));
        return c.text(String(countMarks(c.var.session.data ?? {})));
      }).fetch,
    };
  },
};
