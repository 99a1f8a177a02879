// The way from the library to Redis: Upstash's protocol over HTTP on loopback, as far as sessions need it, and the
// switches. What they do happens to real connections; the library is told nothing.
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * @typedef {"up" | "slow" | "cut"} LinkState
 * @typedef {(command: string[]) => Promise<unknown>} Execute carries a command out; rejects with Redis's own text
 * @typedef {{
 *   url: string,
 *   state: () => LinkState,
 *   set: (wanted: LinkState) => Promise<void>,
 *   close: () => Promise<void>,
 * }} Link
 */

/** How late each answer comes on a slow link: twice as long as the library waits for one. */
export const LATE_MS = 2000;
const MAX_BYTES = 1_000_000;

/**
 * @param {Execute} execute
 * @param {string} token whoever sends another is refused
 * @returns {Promise<Link>}
 */
export async function openLink(execute, token) {
  /** @type {LinkState} */
  let state = "up";
  /** One switch is thrown after another. */
  let switching = Promise.resolve();

  const server = createServer(async (request, response) => {
    const [status, body] = await answer(request);
    // Carried out already: what is slow is the answer.
    if (state === "slow") await sleep(LATE_MS, undefined, { ref: false });
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  });
  // Else Node closes idle connections after 5 seconds, perhaps just when the library takes one up again.
  server.keepAliveTimeout = 120_000;
  const port = await listen(0);

  /**
   * @param {import("node:http").IncomingMessage} request
   * @returns {Promise<[status: number, body: object]>}
   */
  async function answer(request) {
    if (request.headers.authorization !== `Bearer ${token}`) {
      return [401, { error: "WRONGPASS invalid or missing auth token" }];
    }
    try {
      return [200, { result: await execute(JSON.parse(await readText(request))) }];
    } catch (error) {
      return [400, { error: error instanceof Error ? error.message : "ERR failed" }];
    }
  }

  /** @param {number} wanted */
  async function listen(wanted) {
    server.listen(wanted, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address !== "object" || !address) throw new Error("Cannot open link: no port");
    return address.port;
  }

  /** From now on connections are refused, and those that are open break. */
  async function shut() {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** @param {LinkState} wanted */
  async function change(wanted) {
    if (wanted === "cut") await shut();
    else if (!server.listening) await listen(port);
    state = wanted;
  }

  return {
    url: `http://127.0.0.1:${port}`,
    state: () => state,
    set(wanted) {
      const changed = switching.then(() => change(wanted));
      switching = changed.catch(() => undefined);
      return changed;
    },
    close: shut,
  };
}

/** @param {import("node:http").IncomingMessage} request */
async function readText(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MAX_BYTES) throw new Error("ERR max request size exceeded");
  }
  return text;
}
