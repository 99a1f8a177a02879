// Requests per second over HTTP with a real Redis: each contender a server of Node in a process of its own, visitors in
// this one. `npm run bench` has it in its report; `node bench/http.js` measures it alone.

// @ts-check

import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { findProgram, isMain } from "../scripts/system.js";
import { load, openConnection, wire } from "./load.js";
import { compare } from "./report.js";
import { SERVED } from "./served.js";
import { spread, table } from "./table.js";
import { importTests } from "./typescript.js";
import { versionOf } from "./version.js";
import { createVisitor, forge } from "./visitor.js";
import { DATA, NOBODY } from "./work.js";

/**
 * @typedef {import("./stopwatch.js").Taken} Taken
 * @typedef {import("./report.js").Comparison} Comparison
 * @typedef {import("./served.js").Way} Way
 * @typedef {typeof WORKS[number]} Work
 *
 * @typedef {object} Http
 * @property {number} rounds that were done
 * @property {number} ms
 * @property {readonly ServerResult[]} servers the floor comes first
 *
 * @typedef {object} ServerResult
 * @property {string} name
 * @property {string} version
 * @property {Way} way
 * @property {Record<Work, Comparison>} works
 *
 * @typedef {Awaited<ReturnType<typeof proveServer>>} Server
 */

/** Of all rounds together, on a machine that does something else as well: then there are fewer, but some. */
const MOST_MS = 45_000;
const LEAST_ROUNDS = 3;
const WORKS = /** @type {const} */ (["read", "write"]);
/** Who asks at once. */
const VISITORS = 16;
/** Before the first round, so that each is compiled. */
const WARMUP_MS = 300;
/** Before each turn, since others had the processor meanwhile. */
const REWARM_MS = 30;

/**
 * @param {{ rounds?: number, ms?: number }} [options] how often they take turns at most, and for how long with each work
 * @returns {Promise<Http | undefined>} nothing where there is no redis-server
 * @throws Error that says which answer is wrong
 */
export async function measureHttp({ rounds = 21, ms = 100 } = {}) {
  if (findProgram("redis-server") === null) return undefined;
  /** @type {(() => unknown)[]} */
  const stops = [];
  try {
    /** @type {typeof import("../test/support/redis.ts")} */
    const { startRedis } = await importTests('export { startRedis } from "./support/redis.ts";');
    const redis = await startRedis();
    stops.push(redis.stop);
    const token = randomUUID();
    const bridge = startProcess("bridge.js", [redis.url, token]);
    stops.push(bridge.stop);
    const restUrl = `http://127.0.0.1:${(await bridge.told()).port}`;
    const places = JSON.stringify({ redisUrl: redis.url, restUrl, token });
    const children = SERVED.map((served) => {
      const child = startProcess("server.js", [JSON.stringify(served), places]);
      stops.push(child.stop);
      return { ...child, way: served.way };
    });
    const opened = await Promise.all(children.map(({ told }) => told()));
    /** @type {Server[]} */
    const servers = [];
    for (const [at, child] of children.entries()) {
      servers.push(await proveServer(child, opened[at]));
    }
    for (const { time } of servers) {
      for (const work of WORKS) await time(work, WARMUP_MS);
    }
    return { ms, ...(await takeTurns(servers, rounds, ms)) };
  } finally {
    // Redis last: those who are connected to it would complain.
    for (const stop of stops.toReversed()) await stop();
  }
}

/**
 * @param {readonly Server[]} servers
 * @param {number} rounds
 * @param {number} ms
 * @returns {Promise<Omit<Http, "ms">>}
 */
async function takeTurns(servers, rounds, ms) {
  const taken = servers.map(() => ({
    read: /** @type {Taken[]} */ ([]),
    write: /** @type {Taken[]} */ ([]),
  }));
  const order = [...servers.keys()];
  const from = performance.now();
  let done = 0;
  while (done < rounds && (done < LEAST_ROUNDS || performance.now() - from < MOST_MS)) {
    done++;
    for (const work of WORKS) {
      for (const at of order) {
        const each = await servers[at]?.time(work, ms);
        if (each) taken[at]?.[work].push(each);
      }
    }
    // Who begins moves on.
    order.push(...order.splice(0, 1));
  }
  const [floor] = taken;
  const results = servers.map(({ name, version, way }, at) => {
    /** @param {Work} work */
    const compared = (work) => compare(taken[at]?.[work] ?? [], floor?.[work] ?? []);
    return { name, version, way, works: { read: compared("read"), write: compared("write") } };
  });
  return { rounds: done, servers: results };
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 */
function startProcess(file, args) {
  const child = fork(new URL(file, import.meta.url), args, {
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const gone = once(child, "exit");

  return {
    /**
     * The next that it tells.
     * @returns {Promise<any>}
     */
    async told() {
      const ended = gone.then(([code]) => {
        throw new Error(`${file} ${args[0]} has ended with ${code}`);
      });
      const [value] = await Promise.race([once(child, "message"), ended]);
      return value;
    },
    ask: () => child.send("cpu"),
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/**
 * @param {ReturnType<typeof startProcess> & { way: Way }} child
 * @param {import("./server.js").Opened} opened
 */
async function proveServer({ told, ask, way }, { name, library, ports }) {
  /** @returns {Promise<number>} microseconds of the processor that it has taken */
  async function usage() {
    const answer = told();
    ask();
    return answer;
  }

  /**
   * @param {string} what
   * @param {import("./load.js").Reply | import("./work.js").Answer} answer
   * @param {string} body
   */
  function expect(what, answer, body) {
    if (answer.status === 200 && answer.body === body) return;
    const title = `${name} over ${way}`;
    throw new Error(`${title}: ${what} gives ${answer.status} ${answer.body}, not 200 ${body}`);
  }

  /** A visitor who has a session, once its answers and those to a forged cookie are right. */
  async function beginSession() {
    const visitor = createVisitor(wire);
    const [begin, read, write] = await Promise.all(
      [ports.begin, ports.read, ports.write].map(openConnection),
    );
    if (!begin || !read || !write) throw new Error("Cannot connect");
    expect("a visit without a cookie", await visitor.visit(read.ask), NOBODY);
    expect("the begin", await visitor.visit(begin.ask), "begun");
    expect("what was stored", await visitor.visit(read.ask), DATA.name);
    expect("a write", await visitor.visit(write.ask), String(DATA.counter + 1));
    expect("what stood beside the counter", await visitor.visit(read.ask), DATA.name);
    const cookie = visitor.header() ?? "";
    const [forged] = forge(cookie, 1);
    expect("a forged cookie", await read.ask(wire.request(forged)), NOBODY);
    begin.close();
    const request = wire.request(cookie);
    return { connections: { read, write }, request, counter: DATA.counter + 1 };
  }

  const visitors = await Promise.all(Array.from({ length: VISITORS }, beginSession));

  return {
    name,
    way,
    version: library === "floor" ? "" : versionOf(library),
    /**
     * Every answer is looked at; writes are counted on.
     * @param {Work} work
     * @param {number} ms
     * @returns {Promise<Taken>} microseconds for each request
     */
    async time(work, ms) {
      const visits = visitors.map((visitor) => async () => {
        if (work === "write") visitor.counter++;
        const body = work === "read" ? DATA.name : String(visitor.counter);
        expect(work, await visitor.connections[work].ask(visitor.request), body);
      });
      await load(visits, REWARM_MS);
      const before = await usage();
      const { count, micros } = await load(visits, ms);
      return { wall: micros / count, cpu: ((await usage()) - before) / count };
    },
  };
}

/** @param {Http | undefined} http */
export function formatHttp(http) {
  if (http === undefined) {
    return "Requests over HTTP: not measured, since redis-server is not installed; npm test installs it";
  }
  const { rounds, ms, servers } = http;
  const rows = servers.map(({ name, version, way, works }, at) => [
    `${name} ${version}`.trim(),
    way,
    ...WORKS.map((work) => {
      const { micros, ratios } = works[work];
      return at === 0 ? `${Math.round(1e6 / micros.wall.median)} a second` : spread(ratios.wall);
    }),
    ...WORKS.map((work) => {
      const { micros, ratios } = works[work];
      return at === 0 ? `${micros.cpu.median.toFixed(0)} µs` : spread(ratios.cpu);
    }),
  ]);
  return [
    `Requests over HTTP from ${VISITORS} visitors at once, sessions in a real Redis: times as many a second as the floor, ` +
      `median of ${rounds} rounds of ${ms} ms and quartiles; and times as cheap in the server's processor time`,
    table(["", "to Redis by", ...WORKS, ...WORKS.map((work) => `${work}, processor`)], rows),
  ].join("\n");
}

if (isMain(import.meta.url)) console.log(formatHttp(await measureHttp()));
