// The page on the environment and the guide in both languages: every line of a log, every reason, variable, command and
// figure in them is held to what the library does. Their programs are run by readme.test.ts.

import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createSessions, memoryStore, type Store, StoreError } from "coatcheck";
import { findRedis, storeFromEnv, type StoreFromEnvOptions } from "coatcheck/env";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../../scripts/system.js";
import { checkEnvOptions } from "../../src/env/options.ts";
import { ENTRIES } from "../../src/env/names.ts";
import { coatcheck } from "../cli/command.ts";
import { withClock } from "../support/clock.ts";
import { cookieJar } from "../support/jar.ts";
import { keepLines } from "../support/lines.ts";
import { describeWithRedis } from "../support/needs.ts";
import { freePort, type RedisProcess, startRedis } from "../support/redis.ts";
import { refusedUrl, startUpstash, type UpstashBridge } from "../support/upstash.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = ["environment.md", "deploy-upstash-vercel.md", "es/upstash-vercel.md"] as const;
const [page, english, spanish] = PAGES.map((name) =>
  readFileSync(join(ROOT, "docs", name), "utf8"),
);
const GUIDES = { English: english ?? "", Spanish: spanish ?? "" };
const execute = promisify(execFile);

/** The blocks of a language; those in a list are indented. */
function blocksOf(text: string, language: string): string[] {
  const blocks = text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\`$`, "gm"));
  return Array.from(blocks, ([, indent = "", body = ""]) =>
    body.replaceAll(`\n${indent}`, "\n").trim(),
  );
}

const linesOf = (text: string) => blocksOf(text, "log").flatMap((block) => block.split("\n"));
const sections = (text: string) => text.split(/^#+ /m);
/** First cells of a table's rows that are nothing but code. */
const firstCells = (text: string) =>
  Array.from(text.matchAll(/^\| `([^`]+)` \|/gm), ([, cell = ""]) => cell);

let redis: RedisProcess;
let bridge: UpstashBridge;

function shared(): Store {
  const { read, write } = memoryStore();
  return { read, write };
}

const PREFIX = "[Session Store] ";
const FAILED = `${PREFIX}Redis connection failed: `;

/** What a store has written when it was asked once or, with `seconds`, again after that time, when all is well again. */
async function written(env: object, options: StoreFromEnvOptions = {}, heal?: () => void) {
  const lines = keepLines();
  await withClock(async (clock) => {
    const store = storeFromEnv(env, { logger: lines.logger, ...options });
    const write = () => store.write(crypto.randomUUID(), "v1", Date.now() + 60_000, null);
    const key = crypto.randomUUID();
    // What is not certain is tried again, as sessions do.
    await write().catch(write);
    await store.read(key).catch(() => undefined);
    heal?.();
    clock.advance(20);
    if (heal) await write();
  });
  return lines.all.map((line) => line.slice(line.indexOf(" ") + 1));
}

/** Everything that is written in the situations that the pages speak of. */
async function produce(): Promise<string[]> {
  const { url, token, readOnlyToken } = bridge;
  const pair = (address: string, secret: string) => ({
    UPSTASH_REDIS_REST_URL: address,
    UPSTASH_REDIS_REST_TOKEN: secret,
  });
  const prisma = shared();
  const refused = await refusedUrl();
  const real = globalThis.fetch;
  /** Where a name cannot be looked up, or a host of Upstash's would be asked. */
  async function withFetch(fetch: typeof real, env: object) {
    globalThis.fetch = fetch;
    return written(env, { prisma }).finally(() => (globalThis.fetch = real));
  }
  let isBroken = true;
  const unsteady: Store = {
    async read() {
      if (isBroken) throw new StoreError("none", "Cannot use Redis: ECONNREFUSED");
      return null;
    },
    write: async () => ({ swapped: true }),
  };
  const hanging = await startUpstash({ redisPort: redis.port, token });
  const full = await startUpstash({ redisPort: redis.port, token });
  hanging.fault({ kind: "hang", times: Number.POSITIVE_INFINITY });
  full.fault({ kind: "quota", times: Number.POSITIVE_INFINITY });
  try {
    return [
      await written(pair(url, token), { prisma }),
      await written(pair(refused, token), { prisma }),
      await written({}, { redis: unsteady, prisma }, () => (isBroken = false)),
      await written({}, { prisma }),
      await written({}),
      await written(pair(url, token), { prisma, mode: "cached" }),
      await written(pair(url, "wrong"), { prisma }),
      await withFetch((_, init) => real(url, init), {
        REDIS_URL: "rediss://default:password@old.upstash.io:6379",
      }),
      await written(pair(url, readOnlyToken), { prisma }),
      await written({ UPSTASH_REDIS_REST_URL: "https://example.upstash.io" }, { prisma }),
      await written(pair(token, "https://example.upstash.io"), { prisma }),
      await written({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` }, { prisma }),
      await withFetch(
        async () => {
          const cause = Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" });
          throw new TypeError("fetch failed", { cause });
        },
        pair("https://example.upstash.io", "token"),
      ),
      await written(pair(hanging.url, token), { prisma }),
      await written(pair(full.url, token), { prisma }),
    ].flat();
  } finally {
    await hanging.stop();
    await full.stop();
  }
}

describeWithRedis("what the pages say of the log", () => {
  let produced: ReadonlySet<string>;

  beforeAll(async () => {
    redis = await startRedis();
    bridge = await startUpstash({ redisPort: redis.port });
    produced = new Set(await produce());
  });

  afterAll(async () => {
    await bridge?.stop();
    await redis?.stop();
  });

  test.each(PAGES)("every line in %s is one that is written, word for word", (name) => {
    const lines = linesOf(readFileSync(join(ROOT, "docs", name), "utf8"));
    expect(lines.length).toBeGreaterThanOrEqual(5);
    expect(lines.filter((line) => !produced.has(line))).toEqual([]);
  });

  test("every kind of line that is written is on the page of the environment", () => {
    const kind = (line: string) => line.replace(/(failed|not used): .*|\(.*\)/, "$1");
    const kinds = new Set(linesOf(page ?? "").map(kind));
    expect([...produced].filter((line) => !kinds.has(kind(line)))).toEqual([]);
  });

  test.each(Object.entries(GUIDES))(
    "every reason in the %s guide is one that is given",
    (_, text) => {
      const [table] = sections(text).filter((each) => each.startsWith("Redis connection failed"));
      const reasons = firstCells(table ?? "");
      const given = [...produced].flatMap((line) => (line.startsWith(FAILED) ? [line] : []));
      expect(reasons).toHaveLength(10);
      expect(new Set(reasons.map((reason) => FAILED + reason))).toEqual(new Set(given));
    },
  );

  test.each(Object.entries(GUIDES))(
    "the commands that the %s guide says are billed are",
    async (_, text) => {
      const sessions = createSessions<{ n: number }>({
        secrets: ["a secret of more than thirty-two bytes, for tests"],
        store: storeFromEnv(
          { KV_REST_API_URL: bridge.url, KV_REST_API_TOKEN: bridge.token },
          { logger: keepLines().logger },
        ),
        initial: () => ({ n: 0 }),
      });
      let jar = cookieJar();
      /** A script is billed as itself and what it calls. */
      const billed = async (act: (session: Awaited<ReturnType<typeof sessions.load>>) => void) => {
        bridge.reset();
        const session = await sessions.load(jar.request());
        act(session);
        jar.take(await sessions.commit(session, new Response()));
        const names = bridge.log.flatMap(({ commands }) => commands.map(([name]) => name));
        return names.reduce((sum, name) => sum + (name === "GET" ? 1 : 3), 0);
      };
      // Before it is counted, since a Redis that does not know the script yet is sent the whole of it.
      await billed((session) => void session.data.n++);
      jar = cookieJar();
      const none = await billed(() => undefined);
      const first = await billed((session) => void session.data.n++);
      const read = await billed(() => undefined);
      const change = await billed((session) => void session.data.n++);
      const signIn = await billed((session) => session.signIn("ada"));
      const signOut = await billed((session) => session.signOut());
      const [costs = ""] = sections(text).filter((each) => each.startsWith("10. "));
      const figures = Array.from(costs.matchAll(/^\| .* \| (\d+) \|$/gm), ([, figure]) =>
        Number(figure),
      );
      expect(figures).toEqual([none, read, change, first, signIn, signOut]);
      const month = 30 * (10_000 * read + 1000 * change);
      const numbers = costs
        .replaceAll(/(?<=\d)[ , ](?=\d{3})/g, "")
        .replaceAll(/(\d),(\d)/g, "$1.$2");
      expect(numbers).toMatch(new RegExp(`\\b${month}\\b`));
      expect(numbers).toMatch(new RegExp(`\\b${10 * month}\\b`));
      const dollars = (((10 * month) / 100_000) * 0.2).toFixed(2);
      expect(numbers).toMatch(new RegExp(`(\\$${dollars}|\\b${dollars} USD)`));
    },
  );
});

describeWithRedis("the doctor", () => {
  test("names the variables of the guide, and goes through a session's life with them", async () => {
    const server = await startRedis();
    const front = await startUpstash({ redisPort: server.port });
    try {
      const command = blocksOf(GUIDES.English, "sh").at(-1) ?? "";
      const secret = (await coatcheck(["secret"])).out.trim();
      const { code, out } = await coatcheck(command.replace("npx coatcheck ", "").split(" "), {
        env: {
          UPSTASH_REDIS_REST_URL: front.url,
          UPSTASH_REDIS_REST_TOKEN: front.token,
          SESSION_SECRET: secret,
        },
      });
      expect(out).toMatch(/env\.redis: UPSTASH_REDIS_REST_URL.* is used/);
      expect(out).toMatch(/redis\.token: /);
      expect(out).toMatch(/All is well: \d+ ok, 2 skipped/);
      expect(code).toBe(0);
      expect(front.commandCount).toBeGreaterThan(2);
      expect(await server.command(["DBSIZE"])).toBe(0);
    } finally {
      await front.stop();
      await server.stop();
    }
  });
});

describe("the variables on the pages", () => {
  test.each(Object.entries(GUIDES))("of the %s guide lead to a Redis as they stand", (_, text) => {
    const blocks = blocksOf(text, "env");
    expect(blocks).toHaveLength(2);
    for (const block of blocks) {
      const env = Object.fromEntries(
        block.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
      );
      const { chosen, credentials } = findRedis(env);
      expect(chosen?.names).toEqual(Object.keys(env));
      expect(credentials?.().url).toBe("https://example-12345.upstash.io");
    }
  });

  test("of the environment's page are those that are looked for", () => {
    const [table = ""] = sections(page ?? "").filter((each) => each.startsWith("The variables"));
    const rows = Array.from(table.matchAll(/^\| [1-4] \| `(\w+)` \| (.*) \|$/gm));
    const names = rows.flatMap(([, address = "", token = ""]) => [
      address,
      ...(/^`(\w+)`$/.exec(token)?.slice(1) ?? []),
    ]);
    expect([...names, "REDIS_TOKEN"]).toEqual(ENTRIES);
    const inOrder = findRedis(
      Object.fromEntries(
        names.map((name) => [name, name.endsWith("URL") ? "https://a.upstash.io" : "token"]),
      ),
    );
    expect(inOrder.findings.map(({ names: [first] }) => first)).toEqual(
      names.filter((name) => name.endsWith("URL")),
    );
    for (const [name] of table.matchAll(/\w+_KV_REST_API_URL|UPSTASH_REDIS_URL/g)) {
      expect(findRedis({ [name]: "rediss://:password@a.upstash.io" }).chosen?.names).toEqual([
        name,
      ]);
    }
  });
});

describe("the environment's page", () => {
  test("names every option and its default as the code has them", () => {
    const checked = checkEnvOptions({}) as unknown as Readonly<Record<string, unknown>>;
    const [table = ""] = sections(page ?? "").filter((each) => each.startsWith("Options"));
    expect(firstCells(table)).toEqual(Object.keys(checked));
    for (const name of ["mode", "strict", "prefix"]) {
      expect(table).toContain(`| \`${name}\` | \`${JSON.stringify(checked[name])}\` |`);
    }
    for (const name of ["timeoutMs", "budgetMs"]) {
      expect(table).toContain(`| \`${name}\` | ${Number(checked[name]).toLocaleString("en")} ms |`);
    }
  });
});

describe("the guide in both languages", () => {
  const shape = (text: string) => Array.from(text.matchAll(/^(#+)/gm), ([, hashes]) => hashes);

  test("has the same sections, blocks, reasons and names", () => {
    expect(shape(GUIDES.Spanish)).toEqual(shape(GUIDES.English));
    for (const language of ["sh", "ts", "env", "log", "http"]) {
      expect(blocksOf(GUIDES.Spanish, language)).toEqual(blocksOf(GUIDES.English, language));
    }
    const code = (text: string) => {
      const prose = text.replaceAll(/^ *```[^]*?^ *```$/gm, "");
      return new Set(Array.from(prose.matchAll(/`([^`]+)`/g), ([, each]) => each));
    };
    expect(code(GUIDES.Spanish)).toEqual(code(GUIDES.English));
  });

  test.each(PAGES)("%s links to files that exist", (name) => {
    const text = readFileSync(join(ROOT, "docs", name), "utf8");
    const links = Array.from(text.matchAll(/\]\((?!https?:)([^)#]+)/g), ([, link = ""]) => link);
    expect(links.length).toBeGreaterThan(0);
    const broken = links.filter((link) => !existsSync(join(ROOT, "docs", name, "..", link)));
    expect(broken).toEqual([]);
  });
});

describe("the commands of the guide", () => {
  const commands = blocksOf(GUIDES.English, "sh");

  test("are these, of which package.test.ts runs the first", () => {
    expect(commands).toEqual([
      "npm install coatcheck",
      "npx coatcheck secret",
      "npx vercel link\nnpx vercel env pull .env.local",
      "curl -si https://your-project.vercel.app/ | grep -i '^set-cookie'",
      "npx coatcheck doctor",
    ]);
  });

  /** The words after `npx coatcheck`. */
  const wordsOf = (at: number) => (commands[at] ?? "").replace("npx coatcheck ", "").split(" ");

  test("a secret is one that sessions take", async () => {
    const { code, out } = await coatcheck(wordsOf(1));
    expect(code).toBe(0);
    expect(() =>
      createSessions({ secrets: [out.trim()], store: memoryStore(), initial: () => ({}) }),
    ).not.toThrow();
  });

  // Without curl there is nothing to run; Debian and macOS have it.
  const testWithCurl = process.env["CI"] === "true" || findProgram("curl") ? test : test.skip;

  testWithCurl("curl shows the cookie as the guide does", async () => {
    const store = storeFromEnv({}, { logger: keepLines().logger });
    const sessions = createSessions({
      secrets: ["s".repeat(32)],
      store,
      initial: () => ({ n: 0 }),
    });
    const handle = sessions.handler(async (_request, getSession) => {
      (await getSession()).data.n++;
      return new Response("ok");
    });
    const server = createServer(async (_request, response) => {
      const answer = await handle(new Request("https://your-project.vercel.app/"));
      response.setHeaders(answer.headers).end(await answer.text());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      const command = commands.find((each) => each.startsWith("curl")) ?? "";
      const local = command.replace(
        "https://your-project.vercel.app/",
        `http://127.0.0.1:${port}/`,
      );
      const { stdout } = await execute("/bin/sh", ["-c", local]);
      const [shown] = blocksOf(GUIDES.English, "http");
      expect(stdout.trim().replace(/=[\w-]{43}\.[\w-]{43};/, "=…;")).toBe(shown);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
