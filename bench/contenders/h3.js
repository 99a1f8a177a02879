// h3's sessions: the data is in the cookie, sealed under a key that each request stretches anew. What it answers with
// becomes a Response of the platform only when somebody reads it, which is after the time has stopped.

// @ts-check

import { getSession, H3, updateSession } from "h3";
import { web } from "../web.js";
import { ATTRIBUTES, DATA, DAY_SECONDS, NAME, NOBODY, SECRET, USER } from "../work.js";

const CONFIG = { name: NAME, password: SECRET, maxAge: DAY_SECONDS, cookie: ATTRIBUTES };

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "h3",
  keeps: "cookie",
  platform: web,
  create: () => ({
    begin: new H3().get("/", async (event) => {
      await updateSession(event, CONFIG, DATA);
      return "begun";
    }).fetch,
    read: new H3().get("/", async (event) => {
      const { data } = await getSession(event, CONFIG);
      return data["name"] ?? NOBODY;
    }).fetch,
    write: new H3().get("/", async (event) => {
      const { data } = await updateSession(event, CONFIG, (before) => ({
        counter: (before["counter"] ?? 0) + 1,
      }));
      return String(data["counter"]);
    }).fetch,
    signIn: new H3().get("/", async (event) => {
      const { data } = await updateSession(event, CONFIG, { user: USER });
      return data["user"];
    }).fetch,
  }),
};
