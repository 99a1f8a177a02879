// What the last Set-Cookie of each visitor said, for that visitor's page to show.
import { createHash } from "node:crypto";

const LIMIT = 1000;

/** Keeps the attributes of the newest cookies. Of the tokens only a hash. */
export function cookieLog() {
  /** @type {Map<string, string>} */
  const described = new Map();

  return {
    /** @param {Response} response */
    note(response) {
      const header = setCookie(response);
      if (!header) return;
      described.set(hash(header), header.replace(/=[^;]*/, "=…"));
      const [oldest] = described.keys();
      if (described.size > LIMIT && oldest) described.delete(oldest);
    },

    /**
     * The Set-Cookie, without the token, that this response brings, else the one that brought the request's cookie.
     *
     * @param {Request} request
     * @param {Response} response
     */
    of(request, response) {
      const sent = request.headers.get("cookie")?.split(/;\s*/) ?? [];
      return [setCookie(response) ?? "", ...sent]
        .map((cookie) => described.get(hash(cookie)))
        .find((description) => description !== undefined);
    },
  };
}

/** @param {Response} response */
function setCookie(response) {
  return response.headers.getSetCookie()[0];
}

/** @param {string} cookie its name and value are hashed, its attributes are not */
function hash(cookie) {
  const [pair = ""] = cookie.split(";");
  return createHash("sha256").update(pair).digest("base64url");
}
