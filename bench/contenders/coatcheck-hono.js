// coatcheck through its middleware for Hono, to be seen beside the others that come with Hono.

// @ts-check

import { Hono } from "hono";
import { getSession, session } from "../../dist/hono.js";
import { web } from "../web.js";
import { countMarks, newData, NOBODY, USER } from "../work.js";
import { createOver } from "./coatcheck.js";

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "coatcheck, on Hono",
  library: "coatcheck",
  keeps: "store",
  platform: web,
  create(rows) {
    const sessions = createOver(rows);
    const app = () => new Hono().use(session(sessions));
    return {
      begin: app().get("/", async (c) => {
        const visitor = await getSession(c);
        Object.assign(visitor.data, newData());
        return c.text("begun");
      }).fetch,
      read: app().get("/", async (c) => {
        const { data } = await getSession(c);
        return c.text(data.name ?? NOBODY);
      }).fetch,
      write: app().get("/", async (c) => {
        const visitor = await getSession(c);
        visitor.update((data) => {
          data.counter = (data.counter ?? 0) + 1;
        });
        return c.text(String(visitor.data.counter));
      }).fetch,
      mark: app().get("/", async (c) => {
        const { data } = await getSession(c);
        data[c.req.query("key") ?? ""] = true;
        return c.text(String(countMarks(data)));
      }).fetch,
      signIn: app().get("/", async (c) => {
        const visitor = await getSession(c);
        visitor.data.user = USER;
        visitor.signIn(USER);
        return c.text(visitor.data.user);
      }).fetch,
    };
  },
};
