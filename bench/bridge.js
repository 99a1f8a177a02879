// Upstash's protocol over a plain Redis, in a process of its own: commands in HTTP, one or a pipeline.
// https://upstash.com/docs/redis/features/restapi

// @ts-check

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { createClient } from "redis";

/** By it a script tells Upstash that it locks its key alone. Every other Redis refuses the line. */
const LOCKING = "#!lua flags=allow-key-locking\n";
/**
 * SHA-1 of a script with the line -> of the same without.
 * @type {Map<string, string>}
 */
const shas = new Map();

const [url, token] = process.argv.slice(2);
process.once("disconnect", () => process.exit());
const client = createClient({ url: url ?? "" });
await client.connect();

const server = createServer(async (request, response) => {
  const [status, value] = await answer(request);
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
});
// Else Node closes idle connections after 5 seconds, perhaps just when one is taken up again.
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => process.send?.(server.address()));

/**
 * @param {import("node:http").IncomingMessage} request
 * @returns {Promise<[status: number, value: unknown]>}
 */
async function answer(request) {
  const { authorization, "upstash-encoding": encoding } = request.headers;
  if (authorization !== `Bearer ${token}`) return [401, { error: "WRONGPASS" }];
  const body = JSON.parse(await readText(request));
  const inBase64 = encoding === "base64";
  if (request.url === "/pipeline") {
    const commands = /** @type {unknown[][]} */ (body);
    return [200, await Promise.all(commands.map((command) => execute(command, inBase64)))];
  }
  const outcome = await execute(body, inBase64);
  return ["error" in outcome ? 400 : 200, outcome];
}

/**
 * @param {unknown[]} command
 * @param {boolean} inBase64
 * @returns {Promise<{ result: unknown } | { error: string }>}
 */
async function execute(command, inBase64) {
  try {
    const result = await client.sendCommand(translate(command.map(String)));
    return { result: inBase64 ? encode(result) : result };
  } catch (error) {
    // Redis's own text.
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** @param {string[]} command */
function translate([name = "", script = "", ...rest]) {
  if (/^evalsha$/i.test(name)) return [name, shas.get(script) ?? script, ...rest];
  if (!/^eval$/i.test(name) || !script.startsWith(LOCKING)) return [name, script, ...rest];
  const plain = script.slice(LOCKING.length);
  shas.set(sha1(script), sha1(plain));
  return [name, plain, ...rest];
}

/** @param {string} text */
function sha1(text) {
  return createHash("sha1").update(text).digest("hex");
}

/**
 * The status OK is never encoded.
 * @param {unknown} reply
 * @returns {unknown}
 */
function encode(reply) {
  if (Array.isArray(reply)) return reply.map(encode);
  return typeof reply === "string" && reply !== "OK"
    ? Buffer.from(reply).toString("base64")
    : reply;
}

/** @param {import("node:http").IncomingMessage} request */
async function readText(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}
