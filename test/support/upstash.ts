// Upstash's REST protocol over a real Redis, with faults on demand, for tests.
// https://upstash.com/docs/redis/features/restapi; error texts are those seen from the service.

import { Buffer } from "node:buffer";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./redis.ts";
import { type Argument, RedisError, type Reply, type RespClient, respClient } from "./resp.ts";

/**
 * What happens to a request. Nothing reaches the Redis:
 * - `refuse`: the socket is destroyed without an answer; `hang`: no answer ever
 * - `500`, `502-html`: a gateway's HTML page; `redirect`: 302 to `plan.location`
 * - `401`: the token is refused; `quota`, `readonly`: each command is refused, as a pipeline's are inside HTTP 200
 * - `garbage`: 200 with text that is not JSON; `wrong-shape`: 200 with `{"result":{"a":1}}`
 *
 * The commands are executed:
 * - `slow`: `plan.ms` later, then answered well; also when the client has gone meanwhile
 * - `lost`: no answer, the socket is destroyed; `lost-500`: answered with a 500
 * - `half`: 200 with less body than Content-Length says, then the socket is destroyed
 * - `half-json`: 200, a complete body with the second half of its JSON missing
 */
export type FaultKind =
  | "refuse"
  | "hang"
  | "slow"
  | "500"
  | "502-html"
  | "401"
  | "quota"
  | "readonly"
  | "garbage"
  | "half"
  | "half-json"
  | "lost"
  | "lost-500"
  | "wrong-shape"
  | "redirect";

export interface FaultPlan {
  readonly kind: FaultKind;
  /** Strikes requests with such a command: by name, in any case, or by predicate. Default: every request. */
  readonly when?: string | ((command: string[]) => boolean);
  /** How many such requests pass first. Default 0: the next one is struck. */
  readonly after?: number;
  /** How many are struck. Default 1; `Infinity` until `clearFaults()`. */
  readonly times?: number;
  /** The delay of `slow`, in milliseconds. Default 1000. */
  readonly ms?: number;
  /** The error text of `401`, `quota` and `readonly`, in place of the usual one. */
  readonly text?: string;
  /** The target of `redirect`. Default: a host that does not exist. */
  readonly location?: string;
}

export interface LogEntry {
  /** The path as asked, without the query: `/`, `/pipeline`, `/multi-exec`, `/get/key`. */
  readonly path: string;
  /** As sent; one, unless pipelined. Empty when refused before it was read as commands. */
  readonly commands: string[][];
  /** The sync token the client sent back; null: no such header. */
  readonly syncToken: string | null;
  /** The `Upstash-Encoding` header. */
  readonly encoding: string | null;
  /** The fault that struck it. */
  readonly fault: FaultKind | null;
}

export interface UpstashOptions {
  readonly redisPort: number;
  /** Of a replica that answers what only reads, as those of Upstash do. It may lag. Default: the Redis itself. */
  readonly replicaPort?: number;
  /** Default: a random one. */
  readonly token?: string;
  /** Default: a random one. */
  readonly readOnlyToken?: string;
  /** Default: a free one. */
  readonly port?: number;
}

export interface UpstashBridge {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  readonly readOnlyToken: string;
  /** Every request that had a valid token, struck by a fault or not, oldest first. */
  readonly log: readonly LogEntry[];
  /** How many commands `log` holds: what Upstash would bill, but for those that scripts call. */
  readonly commandCount: number;
  /** Empties the log. */
  reset(): void;
  /** Adds a fault. Plans are tried in the order they were added; a request is struck by one at most. */
  fault(plan: FaultPlan | FaultKind): void;
  clearFaults(): void;
  /** Destroys every connection; what hangs fails. */
  stop(): Promise<void>;
}

type Outcome = { readonly result: unknown } | { readonly error: string };

/** What was asked: commands, each perhaps an error already, as a row with a null in it is. */
interface Asked {
  readonly form: "single" | "pipeline" | "multi-exec";
  readonly rows: readonly (Argument[] | RedisError)[];
}

interface CommandInfo {
  readonly write: boolean;
  /** A read that the read-only token may not do. */
  readonly powerful: boolean;
  readonly blocking: boolean;
}

/** A command as a plain Redis takes it, and its reply as the asker of the original reads it. */
interface Translated {
  readonly command: Argument[];
  readonly restore: (reply: Reply) => Reply;
}

/** A plan and what is left of it. */
interface Pending {
  readonly plan: FaultPlan;
  after: number;
  times: number;
}

const MAX_COMMAND_BYTES = 10 * 1024 * 1024;
const SLOW_MS = 1_000;
const JSON_TYPE = "application/json; charset=utf-8";
const HTML_TYPE = "text/html; charset=utf-8";

const DOCS = "https://upstash.com/docs/redis";
const WRONGPASS = `WRONGPASS invalid or missing auth token. See ${DOCS}/troubleshooting/http_unauthorized for details`;
const QUOTA = `ERR max daily request limit exceeded. Limit: 10000, Usage: 10000. See ${DOCS}/troubleshooting/max_daily_request_limit for details`;

/** Starts the bridge in front of the Redis on `redisPort`; several may stand before one Redis. */
export async function startUpstash(options: UpstashOptions): Promise<UpstashBridge> {
  const { token = randomUUID(), readOnlyToken = randomUUID() } = options;
  const redis = respClient(options.redisPort);
  const replica = options.replicaPort === undefined ? undefined : respClient(options.replicaPort);
  const commandTable = await readCommandTable(redis);
  const stopped = new AbortController();
  const log: LogEntry[] = [];
  let faults: Pending[] = [];
  let writes = 0;

  const server = createServer((request, response) => {
    handle(request, response).catch(() => {
      // The client has gone, the bridge is stopping, or the Redis is out of reach: for the client, a gateway that fails.
      if (!response.headersSent) send(response, 502, HTML_TYPE, page("502 Bad Gateway"));
    });
  });
  // Longer than a test: Node would close idle connections after 5 seconds, just when a client takes one up again.
  server.keepAliveTimeout = 120_000;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot start the bridge");
  const { port } = address;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const [path = "/", query = ""] = splitOnce(request.url ?? "/", "?");
    const parameters = new URLSearchParams(query);
    if (!["HEAD", "GET", "POST", "PUT"].includes(request.method ?? "")) {
      response.writeHead(405).end();
      return;
    }
    const given = tokenOf(request, parameters);
    if (given !== token && given !== readOnlyToken) {
      sendJson(response, 401, { error: WRONGPASS });
      return;
    }
    const asked = parseRequest(path, parameters, body);
    const commands = asked instanceof RedisError ? [] : commandsOf(asked);
    const plan = takeFault(commands);
    const encoding = header(request, "upstash-encoding");
    const syncToken = header(request, "upstash-sync-token");
    log.push({ path, commands, syncToken, encoding, fault: plan?.kind ?? null });

    if (plan !== null && strikeBefore(plan, response)) return;
    if (plan?.kind === "slow") {
      await sleep(plan.ms ?? SLOW_MS, undefined, { signal: stopped.signal });
    }
    const replies =
      asked instanceof RedisError
        ? asked
        : await execute(refuseRows(asked, plan), given === readOnlyToken);
    if (replies instanceof RedisError) {
      finish(plan, response, 400, { error: replies.text });
      return;
    }
    const outcomes = replies.map((reply) => outcomeOf(reply, encoding === "base64"));
    const [first] = outcomes;
    if (path === "/pipeline" || path === "/multi-exec" || first === undefined) {
      finish(plan, response, 200, outcomes);
      return;
    }
    finish(plan, response, "error" in first ? 400 : 200, first);
  }

  /** One reply for each row; an error alone when nothing was executed. */
  async function execute(asked: Asked, readOnly: boolean): Promise<Reply[] | RedisError> {
    const rows = asked.rows.map((row) =>
      row instanceof RedisError ? row : (refusalOf(row, readOnly) ?? translate(row)),
    );
    const refused = rows.find((row) => row instanceof RedisError);
    if (asked.form === "multi-exec" && refused !== undefined) return refused;

    const accepted = rows.flatMap((row) => (row instanceof RedisError ? [] : [row]));
    const commands = accepted.map(({ command }) => command);
    const isWriting = commands.some((command) => commandTable.get(nameOf(command))?.write);
    if (isWriting) writes++;
    const server = isWriting ? redis : (replica ?? redis);
    const replies =
      asked.form === "multi-exec" ? await transact(redis, commands) : await server.send(commands);
    if (replies instanceof RedisError) return replies;
    const restored = accepted.map(({ restore }, index) => restore(replies[index] ?? null));
    return rows.map((row) => (row instanceof RedisError ? row : (restored.shift() ?? null)));
  }

  /** Why this command is not executed, or null. */
  function refusalOf(command: Argument[], readOnly: boolean): RedisError | null {
    const name = nameOf(command);
    const info = commandTable.get(name);
    if (info === undefined || (info.blocking && blocks(command))) {
      const text = `ERR Command is not available: '${name.toUpperCase()}'`;
      return new RedisError(`${text}. See ${DOCS}/overall/rediscompatibility for details`);
    }
    const size = command.reduce((sum, argument) => sum + Buffer.byteLength(argument), 0);
    if (size > MAX_COMMAND_BYTES) {
      const text = `ERR max request size exceeded. Limit: ${MAX_COMMAND_BYTES} bytes, Actual: ${size} bytes`;
      return new RedisError(
        `${text}. See ${DOCS}/troubleshooting/max_request_size_exceeded for details`,
      );
    }
    return readOnly && (info.write || info.powerful) ? noPermission(command) : null;
  }

  /** The faults that come before execution; true when they were the end of the request. */
  function strikeBefore(plan: FaultPlan, response: ServerResponse): boolean {
    switch (plan.kind) {
      case "refuse":
        response.destroy();
        return true;
      case "hang":
        return true;
      case "500":
        send(response, 500, HTML_TYPE, page("500 Internal Server Error"));
        return true;
      case "502-html":
        send(response, 502, HTML_TYPE, page("502 Bad Gateway"));
        return true;
      case "401":
        sendJson(response, 401, { error: plan.text ?? WRONGPASS });
        return true;
      case "garbage":
        send(response, 200, JSON_TYPE, "upstream connect error");
        return true;
      case "wrong-shape":
        sendJson(response, 200, { result: { a: 1 } });
        return true;
      case "redirect":
        response.setHeader("location", plan.location ?? "http://elsewhere.invalid/");
        send(response, 302, HTML_TYPE, page("302 Found"));
        return true;
      default:
        return false;
    }
  }

  /** Answers, or does what happens to the answer of commands that were executed. */
  function finish(
    plan: FaultPlan | null,
    response: ServerResponse,
    status: number,
    value: unknown,
  ): void {
    const bytes = Buffer.from(JSON.stringify(value));
    const half = bytes.subarray(0, bytes.length >> 1);
    switch (plan?.kind) {
      case "lost":
        response.destroy();
        return;
      case "lost-500":
        send(response, 500, HTML_TYPE, page("500 Internal Server Error"));
        return;
      case "half":
        response.writeHead(200, { ...jsonHeaders(), "content-length": bytes.length });
        response.write(half, () => response.destroy());
        return;
      case "half-json":
        response.writeHead(200, { ...jsonHeaders(), "content-length": half.length }).end(half);
        return;
      default:
        sendJson(response, status, value);
    }
  }

  function takeFault(commands: string[][]): FaultPlan | null {
    for (const pending of faults) {
      if (!commandMatches(pending.plan, commands)) continue;
      if (pending.after > 0) {
        pending.after--;
        continue;
      }
      pending.times--;
      faults = faults.filter(({ times }) => times > 0);
      return pending.plan;
    }
    return null;
  }

  function sendJson(response: ServerResponse, status: number, value: unknown): void {
    response.writeHead(status, jsonHeaders()).end(JSON.stringify(value));
  }

  /** Upstash's token is opaque as well: it moves with each write. */
  function jsonHeaders(): Record<string, string> {
    return { "content-type": JSON_TYPE, "upstash-sync-token": writes.toString(32) };
  }

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    token,
    readOnlyToken,
    log,
    get commandCount() {
      return log.reduce((sum, { commands }) => sum + commands.length, 0);
    },
    reset() {
      log.length = 0;
    },
    fault(given) {
      const plan = typeof given === "string" ? { kind: given } : given;
      faults.push({ plan, after: plan.after ?? 0, times: plan.times ?? 1 });
    },
    clearFaults() {
      faults = [];
    },
    async stop() {
      if (stopped.signal.aborted) return;
      stopped.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      redis.close();
      replica?.close();
      await closed;
    },
  };
}

/** A loopback URL where nothing listens: connecting is refused at once. */
export async function refusedUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

// What Upstash executes over REST: commands on data and scripts, and these.
const DATA = "keyspace string hash list set sortedset bitmap hyperloglog geo stream scripting";
const WRITING_EXTRAS = ["publish", "script", "function", "xgroup"];
const READING_EXTRAS = ["ping", "echo", "info", "time", "object", "xinfo", "pubsub"];

/** Asks the Redis what its commands do. Absent: not available over REST. */
async function readCommandTable(redis: RespClient): Promise<Map<string, CommandInfo>> {
  const table = new Map<string, CommandInfo>();
  const categories = new Set(DATA.split(" ").map((category) => `@${category}`));
  const [reply] = await redis.send([["COMMAND"]]);
  for (const row of Array.isArray(reply) ? reply : []) {
    if (!Array.isArray(row)) continue;
    const name = String(row[0]);
    const flags = list(row[2]);
    const isReadingExtra = READING_EXTRAS.includes(name);
    const isData = list(row[6]).some((category) => categories.has(category));
    if (!isData && !isReadingExtra && !WRITING_EXTRAS.includes(name)) continue;
    table.set(name, {
      write: !flags.includes("readonly") && !isReadingExtra,
      powerful: name === "keys" || name === "scan",
      blocking: flags.includes("blocking"),
    });
  }
  return table;
}

function list(reply: Reply | undefined): string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}

/** XREAD and XREADGROUP wait only where told to. */
function blocks(command: Argument[]): boolean {
  if (!nameOf(command).startsWith("xread")) return true;
  return command.some((argument) => textOf(argument).toLowerCase() === "block");
}

function nameOf(command: readonly Argument[]): string {
  return textOf(command[0] ?? "").toLowerCase();
}

function textOf(argument: Argument): string {
  return typeof argument === "string" ? argument : Buffer.from(argument).toString("utf8");
}

function commandsOf(asked: Asked): string[][] {
  return asked.rows.flatMap((row) => (row instanceof RedisError ? [] : [row.map(textOf)]));
}

function noPermission(command: Argument[], text?: string): RedisError {
  const usual = `NOPERM this user has no permissions to run the '${nameOf(command)}' command or its subcommand`;
  return new RedisError(text ?? usual);
}

function commandMatches({ when }: FaultPlan, commands: string[][]): boolean {
  if (when === undefined) return true;
  if (typeof when === "function") return commands.some(when);
  return commands.some((command) => nameOf(command) === when.toLowerCase());
}

/** Quota and permission refuse each command for itself: a pipeline's answer stays HTTP 200. */
function refuseRows(asked: Asked, plan: FaultPlan | null): Asked {
  if (plan?.kind !== "quota" && plan?.kind !== "readonly") return asked;
  const rows = asked.rows.map((row) => {
    if (row instanceof RedisError) return row;
    if (plan.kind === "readonly") return noPermission(row, plan.text);
    return new RedisError(plan.text ?? QUOTA);
  });
  return { ...asked, rows };
}

async function transact(redis: RespClient, commands: Argument[][]): Promise<Reply[] | RedisError> {
  const replies = await redis.send([["MULTI"], ...commands, ["EXEC"]]);
  const executed = replies.at(-1);
  if (Array.isArray(executed)) return executed;
  return (
    replies.find((reply) => reply instanceof RedisError) ?? new RedisError("ERR no transaction")
  );
}

function parseRequest(path: string, parameters: URLSearchParams, body: Buffer): Asked | RedisError {
  if (path === "/") {
    const value = parseJson(body);
    if (value instanceof RedisError) return value;
    if (!Array.isArray(value)) return new RedisError("expected JSON array");
    return { form: "single", rows: [parseCommand(value)] };
  }
  if (path === "/pipeline" || path === "/multi-exec") {
    const form = path === "/pipeline" ? "pipeline" : "multi-exec";
    const value = parseJson(body);
    if (!Array.isArray(value)) return new RedisError(`ERR failed to parse ${form} request`);
    if (value.length === 0) return new RedisError(`ERR empty ${form} request`);
    if (!value.every(Array.isArray)) return new RedisError(`ERR failed to parse ${form} command`);
    return { form, rows: value.map(parseCommand) };
  }
  const command: Argument[] = path.slice(1).split("/").map(decodePercent);
  if (body.length > 0) command.push(body);
  for (const [name, value] of parameters) {
    if (name === "_token") continue;
    command.push(name);
    // A flag without a value, as NX is.
    if (value !== "") command.push(value);
  }
  return { form: "single", rows: [command] };
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return new RedisError("EOF");
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    // The only thing that parse throws: it is not JSON.
    return new RedisError("ERR failed to parse command");
  }
}

function parseCommand(values: unknown[]): Argument[] | RedisError {
  if (values.length === 0) return new RedisError("ERR empty command");
  const command: string[] = [];
  for (const value of values) {
    if (value === null) return new RedisError("ERR null args are not supported");
    if (typeof value === "object") {
      const delimiter = Array.isArray(value) ? "[" : "{";
      return new RedisError(`ERR unsupported arg type: "${delimiter}": json.Delim`);
    }
    command.push(String(value));
  }
  return command;
}

/** Percent-decoding to bytes: what is not UTF-8 stays what it is. */
function decodePercent(segment: string): Buffer {
  const bytes = segment.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1");
}

// sha1 of a script as sent -> sha1 of what the Redis got. By content, so right for every bridge and every Redis:
// whether the script is loaded, the Redis decides.
const strippedShas = new Map<string, string>();

/** Scripts may carry a flag that only Upstash knows; a plain Redis gets them without it. */
function translate(command: Argument[]): Translated {
  const [name, first, ...rest] = command;
  const asSent: Translated = { command, restore: (reply) => reply };
  if (name === undefined || first === undefined) return asSent;
  switch (nameOf(command)) {
    case "eval":
    case "eval_ro":
      return { ...asSent, command: [name, stripLockingFlag(first), ...rest] };
    case "evalsha":
    case "evalsha_ro":
      return { ...asSent, command: [name, strippedSha(first), ...rest] };
    case "script":
      return translateScript(asSent, textOf(first).toLowerCase());
    default:
      return asSent;
  }
}

function translateScript(asSent: Translated, subcommand: string): Translated {
  const [name = "", sub = "", ...rest] = asSent.command;
  const [script] = rest;
  if (subcommand === "exists") {
    return { ...asSent, command: [name, sub, ...rest.map(strippedSha)] };
  }
  if (subcommand !== "load" || script === undefined) return asSent;
  return {
    command: [name, sub, stripLockingFlag(script), ...rest.slice(1)],
    restore: (reply) => (Buffer.isBuffer(reply) ? Buffer.from(sha1(script)) : reply),
  };
}

function strippedSha(sha: Argument): Argument {
  return strippedShas.get(textOf(sha).toLowerCase()) ?? sha;
}

/** Keeps the line itself when nothing is left on it, so that errors name the right one. */
function stripLockingFlag(script: Argument): Argument {
  const text = Buffer.from(script).toString("latin1");
  const shebang = /^#!lua\s+flags=(\S+)[^\n]*/.exec(text);
  const flags = shebang?.[1]?.split(",") ?? [];
  if (shebang === null || !flags.includes("allow-key-locking")) return script;
  const kept = flags.filter((flag) => flag !== "allow-key-locking");
  const line = kept.length > 0 ? `#!lua flags=${kept.join(",")}` : "";
  const stripped = Buffer.from(line + text.slice(shebang[0].length), "latin1");
  strippedShas.set(sha1(script), sha1(stripped));
  return stripped;
}

function sha1(script: Argument): string {
  return createHash("sha1").update(script).digest("hex");
}

function outcomeOf(reply: Reply, base64: boolean): Outcome {
  return reply instanceof RedisError ? { error: reply.text } : { result: encode(reply, base64) };
}

/** Invalid UTF-8 becomes U+FFFD, unless in base64; the status OK is never encoded. */
function encode(reply: Reply, base64: boolean): unknown {
  if (Array.isArray(reply)) return reply.map((item) => encode(item, base64));
  if (Buffer.isBuffer(reply)) return reply.toString(base64 ? "base64" : "utf8");
  const text = reply instanceof RedisError ? reply.text : reply;
  if (typeof text !== "string" || text === "OK" || !base64) return text;
  return Buffer.from(text).toString("base64");
}

/** The parameter goes before the header. */
function tokenOf(request: IncomingMessage, parameters: URLSearchParams): string | null {
  const given = parameters.get("_token");
  if (given) return given;
  return header(request, "authorization")?.replace(/^bearer\s+/i, "") ?? null;
}

function header(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === "string" ? value : null;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function splitOnce(text: string, separator: string): string[] {
  const index = text.indexOf(separator);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + separator.length)];
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { "content-type": type }).end(text);
}

function page(title: string): string {
  return `<html>\n<head><title>${title}</title></head>\n<body><h1>${title}</h1></body>\n</html>\n`;
}
