// What every contender has to do, and with what: the shape of a contender, the data, the secret, the cookie.

// @ts-check

/**
 * A library, wired as its README says. Each route answers with a text, and sets the cookie that is due.
 *
 * @template Incoming
 * @template Outgoing
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} [library] its package, whose version is printed. Default: the name
 * @property {"store" | "cookie"} keeps where the data is
 * @property {true} [unsigned] the cookie is the bare id: whoever can write into the store, or guess, is let in
 * @property {Platform<Incoming, Outgoing>} platform
 * @property {(rows: import("./rows.js").Rows, data?: Data) => Awaitable<Routes<Incoming, Outgoing>>} create over a
 *   store's rows; other data than {@link DATA} is for those alone that are measured with it
 */

/**
 * @template Value
 * @typedef {import("./rows.js").Awaitable<Value>} Awaitable
 */

/**
 * What a contender does with a request. One that is absent is not offered, or not measured.
 *
 * @template Incoming
 * @template Outgoing
 * @typedef {object} Routes
 * @property {Handler<Incoming, Outgoing>} begin makes a session that holds {@link newData}
 * @property {Handler<Incoming, Outgoing>} read answers `name`, else {@link NOBODY}
 * @property {Handler<Incoming, Outgoing>} [write] adds one to `counter` and answers it
 * @property {Handler<Incoming, Outgoing>} [mark] sets the property that `?key=` names, and answers {@link countMarks}
 * @property {Handler<Incoming, Outgoing>} [signIn] sets `user` in a session that there is, and renews its id
 */

/**
 * @template Incoming
 * @template Outgoing
 * @typedef {(request: Incoming) => Awaitable<Outgoing>} Handler
 */

/**
 * How a request is made and an answer read: neither is measured.
 *
 * @template Incoming
 * @template Outgoing
 * @typedef {object} Platform
 * @property {"Web" | "Node"} speaks
 * @property {(cookie: string | undefined, query?: string) => Incoming} request
 * @property {(outgoing: Outgoing) => Awaitable<Answer>} answer
 */

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} body
 * @property {readonly string[]} cookies values of Set-Cookie
 */

/** 2 KB of JSON, as a shop may keep it. */
export const DATA = {
  name: "Ada Lovelace",
  counter: 0,
  locale: "en-GB",
  address: { street: "12 St James's Square", city: "London", code: "SW1Y 4JH", country: "GB" },
  seen: [4711, 815, 1729, 6174, 8128, 2047],
  cart: Array.from({ length: 22 }, (_, at) => ({
    id: `7f3c9b1e-${1000 + at}`,
    title: `Analytical engine, part ${at + 1}`,
    price: 19.5 + at,
    amount: 1 + (at % 3),
  })),
};

/** @typedef {typeof DATA & Record<string, unknown>} Data */

/** The data of one visitor alone: what some keep as it is must not be one object for all. */
export function newData() {
  return structuredClone(DATA);
}

/**
 * Data of about so many bytes of JSON, which differ in the length of the cart alone.
 * @param {number} bytes 100 or more
 * @returns {Data}
 */
export function dataOf(bytes) {
  const { name, counter, cart, ...rest } = DATA;
  const base = { name, counter, cart: /** @type {typeof cart} */ ([]) };
  const data = bytes < 1000 ? { ...base, note: "x".repeat(bytes - 60) } : { ...base, ...rest };
  for (let left = bytes - JSON.stringify(data).length; left > 0;) {
    const item = cart[data.cart.length % cart.length];
    if (item === undefined || JSON.stringify(item).length > left) break;
    data.cart.push(item);
    left -= JSON.stringify(item).length + 1;
  }
  return /** @type {Data} */ (data);
}

/**
 * An id that whoever writes by hand has to make: 256 random bits, as ours. A UUID is cheaper, since the platform keeps some
 * ready, but its 122 bits are fewer than the 128 that ASVS 11.5.1 asks for.
 */
export function newId() {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}

/** What `read` answers where there is no session. */
export const NOBODY = "nobody";
export const USER = "ada";

export const SECRET = "a secret of the bench that has more than thirty-two bytes";
export const NAME = "session";
export const DAY_SECONDS = 86_400;

/** What every cookie says, in the words of most libraries. */
export const ATTRIBUTES = /** @type {const} */ ({
  path: "/",
  httpOnly: true,
  secure: true,
  sameSite: "lax",
});

/**
 * How many properties the parallel writes have left.
 * @param {object} data
 */
export function countMarks(data) {
  return Object.keys(data).filter((key) => key.startsWith("mark")).length;
}
