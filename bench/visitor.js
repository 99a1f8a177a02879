// A visitor's browser: keeps the cookies it is given and sends them. And one who makes cookies up.

// @ts-check

/** @typedef {import("./work.js").Answer} Answer */

/**
 * @template Incoming
 * @template Outgoing
 * @param {import("./work.js").Platform<Incoming, Outgoing>} platform
 */
export function createVisitor({ request, answer }) {
  /** @type {Map<string, string>} */
  const jar = new Map();
  const header = () =>
    jar.size === 0 ? undefined : [...jar].map((pair) => pair.join("=")).join("; ");

  return {
    /** What the visitor sends as Cookie. */
    header,
    /**
     * @param {import("./work.js").Handler<Incoming, Outgoing>} handle
     * @param {string} [query]
     * @returns {Promise<Answer>}
     */
    async visit(handle, query) {
      const got = await answer(await handle(request(header(), query)));
      for (const line of got.cookies) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === "") jar.delete(name);
        else jar.set(name, value);
      }
      return got;
    },
  };
}

/** No letter that stands in a hexadecimal number. */
const LETTERS = "ghijklmnopqrstuvwxyz";

/**
 * Cookie headers of the right form, each with three other letters near the end of the last cookie: in a signature
 * where there is one, else in the id.
 * @param {string} header a genuine one
 * @param {number} count up to 8,000
 */
export function forge(header, count) {
  const start = header.lastIndexOf("=") + 1;
  const value = header.slice(start);
  const plain = decodeURIComponent(value);
  const encode = plain === value ? String : encodeURIComponent;
  return Array.from({ length: count }, (_, at) => {
    const letters = [at, at / 20, at / 400].map((each) => LETTERS[Math.floor(each) % 20]).join("");
    const forged = `${plain.slice(0, -8)}${letters}${plain.slice(-5)}`;
    return header.slice(0, start) + encode(forged);
  }).filter((forged) => forged !== header);
}
