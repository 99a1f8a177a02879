// The floor: what the work takes at least, written by hand for this one case, with nothing that makes it safe beside
// the signature.

// @ts-check

import { keyOf, web } from "../web.js";
import { countMarks, DATA, DAY_SECONDS, NAME, newId, NOBODY, SECRET, USER } from "../work.js";

const COOKIE = new RegExp(`(?:^|; )${NAME}=([\\w-]+)\\.([\\w-]+)`);
const ATTRIBUTES = `Path=/; Max-Age=${DAY_SECONDS}; HttpOnly; Secure; SameSite=Lax`;

/** @type {import("../work.js").Contender<Request, Response>} */
export const contender = {
  name: "floor",
  keeps: "store",
  platform: web,
  async create(rows, given = DATA) {
    const encoder = new TextEncoder();
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const secret = encoder.encode(SECRET);
    const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign", "verify"]);

    /** @param {Request} request */
    async function open(request) {
      const [, id, signature] = COOKIE.exec(request.headers.get("cookie") ?? "") ?? [];
      if (id === undefined || signature === undefined) return undefined;
      const bytes = Buffer.from(signature, "base64url");
      if (!(await crypto.subtle.verify("HMAC", key, bytes, encoder.encode(id)))) return undefined;
      const text = await rows.get(id);
      return text === null ? undefined : { id, data: JSON.parse(text) };
    }

    /**
     * @param {object} data
     * @param {string} body
     */
    async function begin(data, body) {
      const id = newId();
      const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(id));
      await rows.set(id, JSON.stringify(data));
      const token = `${id}.${Buffer.from(signature).toString("base64url")}`;
      return new Response(body, { headers: { "set-cookie": `${NAME}=${token}; ${ATTRIBUTES}` } });
    }

    /** @param {Request} request */
    async function openOrFail(request) {
      const session = await open(request);
      if (session === undefined) throw new Error("There is no session");
      return session;
    }

    return {
      begin: () => begin(given, "begun"),
      read: async (request) => new Response((await open(request))?.data.name ?? NOBODY),
      async write(request) {
        const { id, data } = await openOrFail(request);
        data.counter++;
        await rows.set(id, JSON.stringify(data));
        return new Response(String(data.counter));
      },
      async mark(request) {
        const { id, data } = await openOrFail(request);
        data[keyOf(request)] = true;
        await rows.set(id, JSON.stringify(data));
        return new Response(String(countMarks(data)));
      },
      async signIn(request) {
        const { id, data } = await openOrFail(request);
        data.user = USER;
        await rows.delete(id);
        return begin(data, data.user);
      },
    };
  },
};
