// The heap that sessions take in a library's own store in memory, one visitor each. `node --expose-gc bench/heap.js
// coatcheck` does it in this process, which has nothing else to hold.

// @ts-check

import { setTimeout as sleep } from "node:timers/promises";
import { isMain } from "../scripts/system.js";
import { createVisitor } from "./visitor.js";
import { DATA } from "./work.js";

/**
 * @typedef {import("./work.js").Contender<unknown, unknown>} Contender
 *
 * @typedef {object} Heap
 * @property {string} name
 * @property {string} library
 * @property {number} bytes of {@link SESSIONS}
 */

export const SESSIONS = 10_000;
/** Before anything is counted, so that what is compiled and kept once is there. */
const WARMUP = 500;

/**
 * Who has a store in memory, by file; each answers a new one.
 * @type {Readonly<Record<string, () => Promise<unknown>>>}
 */
const STORES = {
  coatcheck: async () => {
    const { memoryStore } = await import("../dist/index.js");
    return memoryStore({ maxEntries: SESSIONS });
  },
  "react-router": async () => {
    const { createMemorySessionStorage } = await import("react-router");
    const { COOKIE } = await import("./contenders/react-router.js");
    return createMemorySessionStorage({ cookie: COOKIE });
  },
  "remix-session": async () => {
    const { createMemorySessionStorage } = await import("@remix-run/session/memory-storage");
    return createMemorySessionStorage();
  },
  "hono-sessions": async () => {
    const { MemoryStore } = await import("hono-sessions");
    return new MemoryStore();
  },
  // It makes one where it is given none.
  "express-session": async () => undefined,
};

export const FILES = Object.keys(STORES);

/**
 * @param {string} file one of {@link FILES}
 * @returns {Promise<Heap>}
 */
async function measureHeap(file) {
  /** @type {{ contender: Contender, routesIn: (store: unknown) => ReturnType<Contender["create"]> }} */
  const { contender, routesIn } = await import(`./contenders/${file}.js`);
  const { platform, name, library = name } = contender;

  /** @param {number} count of visitors, of whom the first and the last come again */
  async function fill(count) {
    const { begin, read } = await routesIn(await STORES[file]?.());
    const first = createVisitor(platform);
    const last = createVisitor(platform);
    await first.visit(begin);
    for (let others = count - 2; others > 0; others--) {
      await platform.answer(await begin(platform.request(undefined)));
    }
    await last.visit(begin);
    return async function prove() {
      for (const visitor of [first, last]) {
        const { body } = await visitor.visit(read);
        if (body !== DATA.name) throw new Error(`${name}: a session in memory gives ${body}`);
      }
    };
  }

  await (
    await fill(WARMUP)
  )();
  const before = await heapUsed();
  const prove = await fill(SESSIONS);
  const bytes = (await heapUsed()) - before;
  // After the count: what is still asked for has not been collected.
  await prove();
  return { name, library, bytes };
}

async function heapUsed() {
  if (globalThis.gc === undefined) throw new Error("Cannot measure the heap without --expose-gc");
  // What is finalized in one turn frees more in the next.
  for (let times = 0; times < 4; times++) {
    globalThis.gc();
    await sleep(20);
  }
  return process.memoryUsage().heapUsed;
}

const [file] = process.argv.slice(2);
if (isMain(import.meta.url) && file !== undefined) {
  console.log(JSON.stringify(await measureHeap(file)));
}
