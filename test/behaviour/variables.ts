// A shop whose store is made of what the environment names, and what its log says.

import { expect } from "chai";
import { createSessions, memoryStore, perEnv, type Store } from "coatcheck";
import { type Environment, storeFromEnv, type StoreFromEnvOptions } from "coatcheck/env";
import { cookieJar } from "../support/jar.ts";
import { keepLines } from "../support/lines.ts";
import type { Case, World } from "../support/suite.ts";
import { codeOf, openShop, rejection, SECRET, type Shop } from "./setup.ts";

const READY = "info [Session Store] ✅ Redis store initialized successfully";
const FALLBACK = "info [Session Store] ✅ PrismaSessionStore initialized as fallback";

/** What stands in for a database here, where Prisma may not run: rows that every instance sees. */
function sharedStore(): Store {
  const { read, write } = memoryStore();
  return { read, write };
}

/** Variables as somebody may have pasted them. */
function variables({ url, token }: Pick<World, "url" | "token">): Environment {
  return { UPSTASH_REDIS_REST_URL: `"${url}"\n`, UPSTASH_REDIS_REST_TOKEN: ` ${token} ` };
}

function openFrom(env: Environment, options: StoreFromEnvOptions = {}) {
  const lines = keepLines();
  const own = { prefix: `${crypto.randomUUID()}:`, timeoutMs: 10_000, budgetMs: 20_000 };
  const store = storeFromEnv(env, { ...own, logger: lines.logger, ...options });
  return { shop: openShop(store), lines: lines.all };
}

/** Adds tea in one request, and counts it in another. */
async function shopTwice(shop: Shop, jar = cookieJar()): Promise<number> {
  const added = await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
  expect(added.status).to.equal(200);
  return (await shop.open(jar)).data.cart.length;
}

export const cases: readonly Case[] = [
  {
    name: "Redis is found by its variables, keeps the session, and the log says so once",
    async run(world) {
      const { shop, lines } = openFrom(variables(world), { memory: false });
      const jar = cookieJar();
      expect(await shopTwice(shop, jar)).to.equal(1);
      expect(await shopTwice(shop, jar)).to.equal(2);
      expect(lines).to.deep.equal([READY]);
    },
  },
  {
    name: "where Redis cannot be reached the second store takes over, and the log says why, once",
    async run(world) {
      const env = variables({ url: world.faulty.refused, token: world.token });
      const { shop, lines } = openFrom(env, { prisma: sharedStore(), memory: false });
      const jar = cookieJar();
      // Runtimes have words of their own for it; where they say nothing certain, the first try is given up.
      const [first] = await Promise.allSettled([shopTwice(shop, jar)]);
      if (first?.status === "fulfilled") expect(first.value).to.equal(1);
      expect(await shopTwice(shop, cookieJar())).to.equal(1);
      expect(lines).to.have.lengthOf(2);
      expect(lines[0]).to.match(/^warn \[Session Store\] Redis connection failed: [^]+$/);
      expect(lines[1]).to.equal(FALLBACK);
    },
  },
  {
    name: "a wrong token is an error line that names the variables, and the second store takes over",
    async run({ url }) {
      const env = variables({ url, token: "wrong" });
      const { shop, lines } = openFrom(env, { prisma: sharedStore(), memory: false });
      expect(await shopTwice(shop)).to.equal(1);
      expect(lines).to.deep.equal([
        "error [Session Store] Redis connection failed: WRONGPASS; UPSTASH_REDIS_REST_TOKEN is not the token of the database in UPSTASH_REDIS_REST_URL: copy both from Upstash's console",
        FALLBACK,
      ]);
    },
  },
  {
    name: "strict stops at a wrong token",
    async run({ url }) {
      const env = variables({ url, token: "wrong" });
      const { shop } = openFrom(env, { prisma: sharedStore(), strict: true });
      const response = await shop.visit(cookieJar(), ({ data }) => void data.cart.push("tea"));
      expect(response.status).to.equal(503);
      const session = await shop.open(null);
      session.data.cart.push("tea");
      expect(codeOf(await rejection(shop.sessions.save(session)))).to.equal("STORE_MISCONFIGURED");
    },
  },
  {
    name: "without any variable memory keeps the session, with a warning that says why",
    async run() {
      const { shop, lines } = openFrom({});
      expect(await shopTwice(shop)).to.equal(1);
      expect(lines).to.have.lengthOf(2);
      expect(lines[1]).to.match(
        /^warn \[Session Store\] ⚠️ Memory store in use \(no variable names a Redis; prisma is not given\): /,
      );
    },
  },
  {
    name: "in mode cached the session outlives Redis",
    async run(world) {
      const [prefix, prisma] = [`${crypto.randomUUID()}:`, sharedStore()];
      const up = openFrom(variables(world), { mode: "cached", prisma, prefix });
      const jar = cookieJar();
      expect(await shopTwice(up.shop, jar)).to.equal(1);
      const broken = variables({ url: world.faulty["500"], token: world.token });
      const down = openFrom(broken, { mode: "cached", prisma, prefix });
      expect((await down.shop.open(jar)).data.cart).to.deep.equal(["tea"]);
      expect(await shopTwice(down.shop, jar)).to.equal(2);
    },
  },
  {
    name: "R45 no request waits for what another has begun: the first may hang or be given up",
    async run(world) {
      const prefix = `${crypto.randomUUID()}:`;
      const silent = { read: () => new Promise<never>(() => undefined) };
      let calls = 0;
      const { read, write } = sharedStore();
      const redis: Store = {
        read: (key) => (calls++ === 0 ? silent.read() : read(key)),
        write: (...row) => (calls++ === 0 ? silent.read() : write(...row)),
      };
      const { shop } = openFrom(variables(world), { redis, prefix, memory: false });
      const first = shopTwice(shop).catch(() => "given up");
      expect(await shopTwice(shop)).to.equal(1);
      expect(calls).to.be.greaterThan(1);
      void first;
    },
  },
  {
    name: "on Workers each env gets a store of its own, made once",
    async run(world) {
      let made = 0;
      const prefixes = new Map<object, string>();
      const sessionsOf = perEnv((env: object) => {
        made++;
        const prefix = prefixes.get(env) ?? "";
        const store = storeFromEnv(env, { prefix, timeoutMs: 10_000, logger: keepLines().logger });
        return createSessions<{ n: number }>({
          secrets: [SECRET],
          store,
          initial: () => ({ n: 0 }),
        });
      });
      const [one, two] = [variables(world), variables(world)];
      for (const env of [one, two]) prefixes.set(env, `${crypto.randomUUID()}:`);
      const jar = cookieJar();
      const visit = async (env: object) => {
        const handle = sessionsOf(env).handler(async (_request, getSession) => {
          const session = await getSession();
          return Response.json(++session.data.n);
        });
        const response = await handle(jar.request());
        jar.take(response);
        return response.json() as Promise<unknown>;
      };
      expect([await visit(one), await visit(one)]).to.deep.equal([1, 2]);
      expect(await visit(two)).to.equal(1);
      expect(made).to.equal(2);
    },
  },
];
