// What an application imports for its sessions: the names that a README's first example takes, and no framework, but
// for what the library itself needs of one.

// @ts-check

/**
 * @typedef {object} Imported
 * @property {string} name
 * @property {string} library whose version is printed
 * @property {string} counted what of a way to a store is among it
 * @property {Readonly<Record<string, readonly string[]>>} modules names by module
 */

/** Where package.json leads from `coatcheck` and from `coatcheck/redis`. */
const OURS = "../dist/index.js";
const DEFAULT = ["default"];

/** @type {readonly Imported[]} Ours comes first: the others are compared with it. */
export const IMPORTS = [
  {
    name: "coatcheck, Upstash",
    library: "coatcheck",
    counted: "store, client",
    modules: { [OURS]: ["createSessions", "redisStore", "upstash"] },
  },
  {
    name: "coatcheck, memory",
    library: "coatcheck",
    counted: "store",
    modules: { [OURS]: ["createSessions", "memoryStore"] },
  },
  {
    name: "React Router",
    library: "react-router",
    counted: "no store",
    modules: { "react-router": ["createSessionStorage"] },
  },
  {
    name: "@remix-run/session + cookie",
    library: "@remix-run/session",
    counted: "no store",
    modules: { "@remix-run/session": ["createSession"], "@remix-run/cookie": ["createCookie"] },
  },
  {
    name: "@hono/session",
    library: "@hono/session",
    counted: "no store",
    modules: { "@hono/session": ["useSession", "useSessionStorage"] },
  },
  {
    name: "hono-sessions",
    library: "hono-sessions",
    counted: "no store",
    modules: { "hono-sessions": ["sessionMiddleware"] },
  },
  {
    name: "express-session + connect-redis",
    library: "express-session",
    counted: "store",
    modules: { "express-session": DEFAULT, "connect-redis": ["RedisStore"] },
  },
  {
    name: "the same + redis",
    library: "express-session",
    counted: "store, client",
    modules: {
      "express-session": DEFAULT,
      "connect-redis": ["RedisStore"],
      redis: ["createClient"],
    },
  },
  {
    name: "better-auth",
    library: "better-auth",
    counted: "users, no store",
    modules: { "better-auth": ["betterAuth"] },
  },
  {
    name: "iron-session",
    library: "iron-session",
    counted: "cookie",
    modules: { "iron-session": ["getIronSession"] },
  },
  {
    name: "h3",
    library: "h3",
    counted: "cookie",
    modules: { h3: ["useSession"] },
  },
  {
    name: "cookie-session",
    library: "cookie-session",
    counted: "cookie",
    modules: { "cookie-session": DEFAULT },
  },
  {
    name: "@upstash/redis",
    library: "@upstash/redis",
    counted: "client alone",
    modules: { "@upstash/redis": ["Redis"] },
  },
];
