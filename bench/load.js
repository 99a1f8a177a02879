// Visitors over HTTP/1.1, each with a session and a connection that is kept: as soon as one is answered, it asks again.
// On sockets, since a whole client takes more of the processor than the servers that are measured on the same machine.

// @ts-check

import { once } from "node:events";
import { connect } from "node:net";

/**
 * @typedef {object} Reply
 * @property {number} status
 * @property {string} head
 * @property {string} body
 *
 * @typedef {Awaited<ReturnType<typeof openConnection>>} Connection
 */

/** A server that is silent for so long has failed. */
const SILENCE_MS = 10_000;

/** @type {import("./work.js").Platform<string, Reply>} */
export const wire = {
  speaks: "Web",
  // As behind a proxy that speaks TLS, so that a Secure cookie may be set.
  request: (cookie, query = "") =>
    [
      `GET /${query} HTTP/1.1`,
      "Host: shop.example",
      "X-Forwarded-Proto: https",
      ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
      "\r\n",
    ].join("\r\n"),
  answer: ({ status, head, body }) => ({
    status,
    body,
    cookies: [...head.matchAll(/^set-cookie: (.*)\r$/gim)].map(([, value = ""]) => value),
  }),
};

/** @param {number} port */
export async function openConnection(port) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  let text = "";
  /** @type {{ resolve: (reply: Reply) => void, reject: (error: Error) => void } | undefined} */
  let waiting;
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => {
    text += chunk;
    const reply = readReply(text);
    if (reply === undefined) return;
    text = "";
    waiting?.resolve(reply);
    waiting = undefined;
  });
  socket.setTimeout(SILENCE_MS, () => {
    if (waiting) socket.destroy(new Error("A server does not answer"));
  });
  socket.on("error", (error) => waiting?.reject(error));
  socket.on("close", () => waiting?.reject(new Error("A server has closed the connection")));

  return {
    /**
     * One request at a time.
     * @param {string} request
     * @returns {Promise<Reply>}
     */
    ask(request) {
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      });
    },
    close: () => void socket.destroy(),
  };
}

/**
 * @param {string} text what has come
 * @returns {Reply | undefined} nothing while there is more to come
 */
function readReply(text) {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const head = text.slice(0, end + 2);
  const body = text.slice(end + 4);
  const status = Number(head.slice(9, 12));
  const [, length] = /^content-length: (\d+)/im.exec(head) ?? [];
  if (length !== undefined) {
    return body.length < Number(length) ? undefined : { status, head, body };
  }
  // In chunks: our bodies are of one.
  if (!body.endsWith("0\r\n\r\n")) return undefined;
  const [, size = "", rest = ""] = /^([\da-f]+)\r\n([^]*)$/i.exec(body) ?? [];
  return { status, head, body: rest.slice(0, Number.parseInt(size, 16)) };
}

/**
 * All visitors ask for so long, and have the answers to what they asked.
 * @param {readonly (() => Promise<void>)[]} visits each asks once, and throws where the answer is wrong
 * @param {number} ms
 * @returns {Promise<{ count: number, micros: number }>} answers, and the time until the last of them
 */
export async function load(visits, ms) {
  const from = performance.now();
  let count = 0;
  await Promise.all(
    visits.map(async (visit) => {
      while (performance.now() - from < ms) {
        await visit();
        count++;
      }
    }),
  );
  return { count, micros: (performance.now() - from) * 1000 };
}
