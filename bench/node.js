// Requests and answers of Node, for middleware of Express and Connect: Node's own objects, with no connection behind
// them. The response is made while the time runs, as the Response of the others is; its bytes go nowhere.

// @ts-check

import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";

/** @typedef {IncomingMessage & { session?: Record<string, any> }} Incoming */
/** @typedef {(request: Incoming, response: ServerResponse, next: (error?: unknown) => void) => void} Middleware */

/** As over TLS, so that a Secure cookie may be set. */
const socket = Object.assign(new Socket(), { encrypted: true });

/** @type {import("./work.js").Platform<Incoming, ServerResponse>} */
export const node = {
  speaks: "Node",
  request(cookie, query = "") {
    const request = new IncomingMessage(socket);
    request.method = "GET";
    request.url = `/${query}`;
    request.headers = { host: "shop.example", ...(cookie === undefined ? {} : { cookie }) };
    return request;
  },
  answer(response) {
    // What waits for a connection. No public member has it.
    const { outputData } = /** @type {{ outputData: { data: string | Uint8Array }[] }} */ (
      /** @type {unknown} */ (response)
    );
    const text = outputData.map(({ data }) => Buffer.from(data).toString()).join("");
    return {
      status: response.statusCode,
      body: text.slice(text.indexOf("\r\n\r\n") + 4),
      cookies: [response.getHeader("set-cookie") ?? []].flat().map(String),
    };
  },
};

/**
 * Runs the middleware, then the handler, whose text is sent as Express sends one; done when the response has ended,
 * which is when the middleware has saved.
 * @param {Middleware} middleware
 * @param {(request: Incoming) => string | Promise<string>} handle
 * @returns {(request: Incoming, response?: ServerResponse) => Promise<ServerResponse>}
 */
export function behind(middleware, handle) {
  return async (request, response = new ServerResponse(request)) => {
    const { end } = response;
    const ended = new Promise((resolve) => {
      // The middleware puts its own in front of this one.
      response.end = (/** @type {any[]} */ ...given) => {
        Reflect.apply(end, response, given);
        resolve(undefined);
        return response;
      };
    });
    await new Promise((resolve, reject) => {
      middleware(request, response, (error) => (error ? reject(error) : resolve(undefined)));
    });
    const text = await handle(request);
    response.setHeader("Content-Type", "text/plain; charset=utf-8");
    response.setHeader("Content-Length", Buffer.byteLength(text));
    response.end(text);
    await ended;
    return response;
  };
}
