// The demonstration as a program: reads arguments and variables, opens a port, closes on a signal.
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { serve } from "@hono/node-server";
import { memoryStore } from "coatcheck";
import { redisStore, upstash } from "coatcheck/redis";
import { createApp } from "./app.js";

const USAGE = "Usage: npm start -- [--store memory|upstash|sqlite]";
const DEFAULT_PORT = 3000;
const PORTS_TO_TRY = 20;
const REPEAT_MS = 10_000;

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * @param {string} message one line
 * @returns {never}
 */
function refuse(message) {
  console.error(message);
  process.exit(2);
}

/** @returns {string | undefined} the store's name, if it was given */
function readArguments() {
  try {
    const { values } = parseArgs({
      options: { store: { type: "string" }, help: { type: "boolean" } },
    });
    if (!values.help) return values.store;
  } catch (error) {
    // Only the first sentence: the rest is advice on positional arguments, of which there are none.
    refuse(`${messageOf(error).split(". ")[0]}. ${USAGE}`);
  }
  console.log(USAGE);
  process.exit(0);
}

/**
 * Without a name, Upstash where its variables are set, else memory.
 *
 * @param {string | undefined} given
 * @returns {Promise<{ store: import("coatcheck").Store, storeName: string, secret?: string }>}
 */
async function openStore(given) {
  const url = process.env.UPSTASH_REDIS_REST_URL;
  const token = process.env.UPSTASH_REDIS_REST_TOKEN;
  const name = given ?? (url || token ? "upstash" : "memory");
  if (name === "memory") return { store: memoryStore(), storeName: "the memory of this process" };
  if (name === "sqlite") {
    // Prisma is large: it is loaded, and installed, for whoever asks for it.
    const { openSqlite } = await import("./sqlite.js");
    return openSqlite(process.env.SQLITE_FILE || undefined);
  }
  if (name !== "upstash") refuse(`Unknown store "${name}". ${USAGE}`);
  if (!url || !token) {
    refuse("Upstash needs both UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN");
  }
  return {
    store: redisStore(upstash({ url, token })),
    storeName: `Upstash Redis at ${new URL(url).host}`,
  };
}

/** @returns {{ port: number, isFixed: boolean }} */
function readPort() {
  const text = process.env.PORT;
  if (!text) return { port: DEFAULT_PORT, isFixed: false };
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) refuse("PORT must be a number from 0 to 65535");
  return { port, isFixed: true };
}

/**
 * @param {string | undefined} kept what the store keeps beside the sessions
 * @returns {[string]}
 */
function readSecrets(kept) {
  const secret = process.env.SESSION_SECRET || kept;
  if (secret) return [secret];
  console.log("SESSION_SECRET is not set: using a random one, so sessions end with this process");
  return [randomBytes(32).toString("base64url")];
}

/**
 * @param {(request: Request) => Promise<Response>} app
 * @param {number} port
 * @param {string} hostname
 * @returns {Promise<import("node:http").Server>} once it listens
 */
function listen(app, port, hostname) {
  return new Promise((resolve, reject) => {
    const server = /** @type {import("node:http").Server} */ (
      serve({ fetch: (request) => app(request), port, hostname })
    );
    server.once("listening", () => resolve(server));
    server.once("error", reject);
  });
}

/**
 * @param {(request: Request) => Promise<Response>} app
 * @param {{ port: number, isFixed: boolean }} wanted
 * @param {string} hostname
 */
async function listenOnFreePort(app, { port, isFixed }, hostname) {
  const last = isFixed ? port : port + PORTS_TO_TRY;
  for (let candidate = port; ; candidate++) {
    try {
      return await listen(app, candidate, hostname);
    } catch (error) {
      const isTaken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
      if (isTaken && candidate < last) continue;
      console.error(`Cannot listen: ${messageOf(error)}`);
      process.exit(1);
    }
  }
}

/**
 * @param {import("node:http").Server} server
 * @param {string} hostname
 */
function addressOf(server, hostname) {
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const isEverywhere = hostname === "0.0.0.0" || hostname === "::";
  const host = isEverywhere ? "localhost" : hostname.includes(":") ? `[${hostname}]` : hostname;
  return `http://${host}:${port}/`;
}

/**
 * Stops taking requests, lets those under way finish, and with them the process.
 *
 * @param {import("node:http").Server} server
 */
function closeOnSignal(server) {
  const close = () => {
    server.close();
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2000).unref();
  };
  process.once("SIGINT", close);
  process.once("SIGTERM", close);
}

/**
 * Tells whoever runs this that the store fails, why, and when it is over. Visitors learn none of it, and a store that
 * is down fails with every request: the same line comes once in ten seconds.
 *
 * @returns {(event: import("coatcheck").SessionEvent) => void}
 */
function createReporter() {
  /** @type {Map<string, number>} */
  const printedAt = new Map();
  let isFailing = false;
  return (event) => {
    if (event.type === "store-recovered" && isFailing) {
      isFailing = false;
      console.error("The store answers again");
    }
    if (event.type !== "store-failed") return;
    const line = `The store failed to ${event.operation}: ${event.message}`;
    const now = Date.now();
    if (now - (printedAt.get(line) ?? 0) < REPEAT_MS) return;
    printedAt.set(line, now);
    isFailing = true;
    console.error(line);
  };
}

/** @param {Awaited<ReturnType<typeof openStore>>} opened */
function makeApp({ secret, ...opened }) {
  try {
    return createApp({ ...opened, secrets: readSecrets(secret), onEvent: createReporter() });
  } catch (error) {
    return refuse(`Cannot start: ${messageOf(error)}`);
  }
}

/** @param {string | undefined} name */
async function tryOpenStore(name) {
  try {
    return await openStore(name);
  } catch (error) {
    return refuse(`Cannot open the store: ${messageOf(error)}`);
  }
}

const opened = await tryOpenStore(readArguments());
const wanted = readPort();
const app = makeApp(opened);
const hostname = process.env.HOST || "localhost";
const server = await listenOnFreePort(app, wanted, hostname);
closeOnSignal(server);
console.log(`Sessions are held in ${opened.storeName}`);
console.log(`Listening on ${addressOf(server, hostname)}`);
