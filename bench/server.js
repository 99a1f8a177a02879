// One contender as an HTTP server of Node, in a process of its own. Each route has a port, so that finding it costs
// nothing. Asked for it, tells the time of the processor that it has taken.

// @ts-check

import { once } from "node:events";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { open } from "./served.js";

/**
 * @typedef {"begin" | "read" | "write"} Route
 *
 * @typedef {object} Opened
 * @property {string} name
 * @property {string} library
 * @property {Record<Route, number>} ports
 */

const [served, places] = process.argv.slice(2).map((text) => JSON.parse(text));
process.once("disconnect", () => process.exit());

const { contender, routes } = await open(served, places);
const { name, library = name, platform } = contender;
const ports = {
  begin: await listen(routes.begin),
  read: await listen(routes.read),
  write: await listen(routes.write),
};
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
process.send?.(/** @type {Opened} */ ({ name, library, ports }));

/** @param {any} handle of Web requests, or of Node's */
async function listen(handle) {
  const server = createServer(platform.speaks === "Web" ? getRequestListener(handle) : handle);
  // Else Node closes connections that have nothing to do for 5 seconds, as between two turns.
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
}
