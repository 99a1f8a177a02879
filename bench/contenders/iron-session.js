// iron-session: the data is in the cookie, sealed.

// @ts-check

import { getIronSession, webCookies } from "iron-session";
import { web } from "../web.js";
import { ATTRIBUTES, DATA, DAY_SECONDS, NAME, NOBODY, SECRET, USER } from "../work.js";

const OPTIONS = {
  cookieName: NAME,
  password: SECRET,
  ttl: DAY_SECONDS,
  cookieOptions: ATTRIBUTES,
};

/** @typedef {Partial<import("../work.js").Data> & { user?: string }} Data */

/**
 * @param {Request} request
 * @param {Headers} headers
 * @returns {Promise<import("iron-session").IronSession<Data>>}
 */
function open(request, headers) {
  return getIronSession(webCookies(request, headers), OPTIONS);
}

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "iron-session",
  keeps: "cookie",
  platform: web,
  create: () => ({
    async begin(request) {
      const headers = new Headers();
      const session = await open(request, headers);
      Object.assign(session, DATA);
      await session.save();
      return new Response("begun", { headers });
    },
    async read(request) {
      const headers = new Headers();
      const session = await open(request, headers);
      return new Response(session.name ?? NOBODY, { headers });
    },
    async write(request) {
      const headers = new Headers();
      const session = await open(request, headers);
      session.counter = (session.counter ?? 0) + 1;
      await session.save();
      return new Response(String(session.counter), { headers });
    },
    async signIn(request) {
      const headers = new Headers();
      const session = await open(request, headers);
      session.user = USER;
      await session.save();
      return new Response(session.user, { headers });
    },
  }),
};
