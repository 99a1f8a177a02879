// The demonstration as a program: reads arguments and variables, opens a port, closes on a signal.
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { serve } from "@hono/node-server";
import { createApp } from "./app.js";
import { isLoopback } from "./guard.js";
import { createReporter } from "./report.js";
import { HELP, openShops, USAGE } from "./shops.js";
import { createTown } from "./town.js";

const DEFAULT_PORT = 3000;
const PORTS_TO_TRY = 20;

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
  console.log(HELP);
  process.exit(0);
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
 * @param {string | undefined} name
 * @param {import("./shops.js").OnStep} onStep
 */
async function tryOpenShops(name, onStep) {
  try {
    const opened = await openShops(name, onStep);
    return typeof opened === "string" ? refuse(opened) : opened;
  } catch (error) {
    return refuse(`Cannot open the store: ${messageOf(error)}`);
  }
}

/**
 * @param {import("./shops.js").Opened} opened
 * @param {boolean} isLocal
 * @param {(event: import("coatcheck").SessionEvent) => void} onEvent
 */
function makeApp({ shops, secret }, isLocal, onEvent) {
  try {
    const secrets = readSecrets(secret);
    return createTown(shops.map((shop) => createApp({ ...shop, secrets, onEvent, isLocal })));
  } catch (error) {
    return refuse(`Cannot start: ${messageOf(error)}`);
  }
}

const { onEvent, onStep } = createReporter();
const name = readArguments();
const wanted = readPort();
const hostname = process.env.HOST || "localhost";
const opened = await tryOpenShops(name, onStep);
const app = makeApp(opened, isLoopback(hostname), onEvent);
const server = await listenOnFreePort(app, wanted, hostname);
closeOnSignal(server);
server.once("close", () => void opened.close?.());
for (const line of opened.lines) console.log(line);
console.log(`Listening on ${addressOf(server, hostname)}`);
