// The environment table: every name and form, right and wrong, with what comes of it.

import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { findRedis } from "../../../src/env/variables.ts";

/** What no printed line may hold. */
const TOKEN = "AYxASQgNDc-secret-token-of-forty-characters-0123456789==";
const OTHER = "AZother-secret-token-that-belongs-to-another-database";
const READ_ONLY = "Aread-only-secret-token-that-cannot-write-0123456789";
const PASSWORD = "s3cret/pass+word";
const ESCAPED = encodeURIComponent(PASSWORD);
const HOST = "eu1-apt-fox-12345.upstash.io";
const SECOND = "us1-big-owl-67890.upstash.io";
const REST = `https://${HOST}`;
const REDIS = `rediss://default:${ESCAPED}@${HOST}:6379`;

type Env = Readonly<Record<string, unknown>>;

/** An environment, then the address and the token that are found in it. */
const RIGHT: Readonly<
  Record<string, readonly [env: Env, names: string, url?: string, token?: string]>
> = {
  "Upstash's own names": [
    { UPSTASH_REDIS_REST_URL: REST, UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "Vercel's five": [
    {
      KV_REST_API_URL: REST,
      KV_REST_API_TOKEN: TOKEN,
      KV_REST_API_READ_ONLY_TOKEN: READ_ONLY,
      KV_URL: REDIS,
      REDIS_URL: REDIS,
    },
    "KV_REST_API_URL KV_REST_API_TOKEN",
  ],
  "Vercel's five behind a prefix": [
    {
      cache_KV_REST_API_URL: REST,
      cache_KV_REST_API_TOKEN: TOKEN,
      cache_KV_REST_API_READ_ONLY_TOKEN: READ_ONLY,
      cache_KV_URL: REDIS,
      cache_REDIS_URL: REDIS,
    },
    "cache_KV_REST_API_URL cache_KV_REST_API_TOKEN",
  ],
  "a prefix that is a name itself": [
    {
      UPSTASH_REDIS_REST_KV_REST_API_URL: REST,
      UPSTASH_REDIS_REST_KV_REST_API_TOKEN: TOKEN,
      UPSTASH_REDIS_REST_KV_REST_API_READ_ONLY_TOKEN: READ_ONLY,
      UPSTASH_REDIS_REST_KV_URL: REDIS,
      UPSTASH_REDIS_REST_REDIS_URL: REDIS,
    },
    "UPSTASH_REDIS_REST_KV_REST_API_URL UPSTASH_REDIS_REST_KV_REST_API_TOKEN",
  ],
  "Upstash's names behind a prefix": [
    { SHOP_UPSTASH_REDIS_REST_URL: REST, SHOP_UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "SHOP_UPSTASH_REDIS_REST_URL SHOP_UPSTASH_REDIS_REST_TOKEN",
  ],
  "two prefixes of one database": [
    {
      a_KV_REST_API_URL: REST,
      a_KV_REST_API_TOKEN: TOKEN,
      b_KV_REST_API_URL: REST,
      b_KV_REST_API_TOKEN: TOKEN,
    },
    "a_KV_REST_API_URL a_KV_REST_API_TOKEN",
  ],
  "Upstash's names before Vercel's": [
    {
      KV_REST_API_URL: `https://${SECOND}`,
      KV_REST_API_TOKEN: OTHER,
      UPSTASH_REDIS_REST_URL: REST,
      UPSTASH_REDIS_REST_TOKEN: TOKEN,
    },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "Vercel's pair before an address": [
    { REDIS_URL: `rediss://default:x@${SECOND}`, KV_REST_API_URL: REST, KV_REST_API_TOKEN: TOKEN },
    "KV_REST_API_URL KV_REST_API_TOKEN",
  ],
  "no prefix before a prefix": [
    { a_KV_REST_API_URL: `https://${SECOND}`, a_KV_REST_API_TOKEN: OTHER, REDIS_URL: REDIS },
    "REDIS_URL",
    REST,
    PASSWORD,
  ],
  "a pair behind a prefix before an address behind one": [
    {
      a_REDIS_URL: `rediss://default:x@${SECOND}`,
      b_KV_REST_API_URL: REST,
      b_KV_REST_API_TOKEN: TOKEN,
    },
    "b_KV_REST_API_URL b_KV_REST_API_TOKEN",
  ],
  "REDIS_URL before KV_URL": [
    { KV_URL: `rediss://default:x@${SECOND}:6379`, REDIS_URL: REDIS },
    "REDIS_URL",
    REST,
    PASSWORD,
  ],
  "REDIS_URL of Upstash": [{ REDIS_URL: REDIS }, "REDIS_URL", REST, PASSWORD],
  "REDIS_URL of Upstash without TLS": [
    { REDIS_URL: `redis://default:${ESCAPED}@${HOST}:6379` },
    "REDIS_URL",
    REST,
    PASSWORD,
  ],
  "REDIS_URL without a user": [
    { REDIS_URL: `redis://:${ESCAPED}@${HOST}:6379` },
    "REDIS_URL",
    REST,
    PASSWORD,
  ],
  "REDIS_URL in capitals": [
    { REDIS_URL: `REDISS://default:${ESCAPED}@${HOST.toUpperCase()}:6379/0` },
    "REDIS_URL",
    REST,
    PASSWORD,
  ],
  "a password with a percent sign of its own": [
    { REDIS_URL: `redis://default:100%secret@${HOST}:6379` },
    "REDIS_URL",
    REST,
    "100%secret",
  ],
  "KV_URL of Upstash": [{ KV_URL: REDIS }, "KV_URL", REST, PASSWORD],
  "UPSTASH_REDIS_URL, which is REDIS_URL behind a prefix": [
    { UPSTASH_REDIS_URL: REDIS },
    "UPSTASH_REDIS_URL",
    REST,
    PASSWORD,
  ],
  "the REST URL in REDIS_URL, and Upstash's token": [
    { REDIS_URL: REST, UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "REDIS_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "the REST URL in REDIS_URL, and Vercel's token": [
    { REDIS_URL: REST, KV_REST_API_TOKEN: TOKEN },
    "REDIS_URL KV_REST_API_TOKEN",
  ],
  "the REST URL in REDIS_URL, and REDIS_TOKEN": [
    { REDIS_URL: REST, REDIS_TOKEN: TOKEN },
    "REDIS_URL REDIS_TOKEN",
  ],
  "a token beside a redis:// address, for an old database": [
    { REDIS_URL: REDIS, UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "REDIS_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "redis:// where the REST URL belongs": [
    { UPSTASH_REDIS_REST_URL: REDIS, UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "redis:// where the REST URL belongs, alone": [
    { UPSTASH_REDIS_REST_URL: REDIS },
    "UPSTASH_REDIS_REST_URL",
    REST,
    PASSWORD,
  ],
  "the whole redis-cli command": [
    { REDIS_URL: `redis-cli --tls -u redis://default:${ESCAPED}@${HOST}:6379` },
    "REDIS_URL",
    REST,
    PASSWORD,
  ],
  "the whole redis-cli command in quotes": [
    { REDIS_URL: `"redis-cli --tls -u 'redis://default:${ESCAPED}@${HOST}:6379'"\n` },
    "REDIS_URL",
    REST,
    PASSWORD,
  ],
  "quotes and line ends": [
    { UPSTASH_REDIS_REST_URL: ` "${REST}"\r\n`, UPSTASH_REDIS_REST_TOKEN: `'${TOKEN}'\n` },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "a line end that was written out, and curly quotes": [
    { UPSTASH_REDIS_REST_URL: `"${REST}\\n"`, UPSTASH_REDIS_REST_TOKEN: `“${TOKEN}\\r\\n”` },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "the line of an .env file": [
    {
      UPSTASH_REDIS_REST_URL: `UPSTASH_REDIS_REST_URL="${REST}"`,
      UPSTASH_REDIS_REST_TOKEN: `export UPSTASH_REDIS_REST_TOKEN='${TOKEN}'`,
    },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "a token with its word": [
    { UPSTASH_REDIS_REST_URL: REST, UPSTASH_REDIS_REST_TOKEN: `Bearer ${TOKEN}` },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "the endpoint without a scheme": [
    { UPSTASH_REDIS_REST_URL: `${HOST}:6379`, UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "a REST URL with Redis's port, a path and a slash": [
    { UPSTASH_REDIS_REST_URL: `${REST}:6379/`, UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "http to Upstash, which becomes https": [
    { UPSTASH_REDIS_REST_URL: `http://${HOST}`, UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
  ],
  "http to this machine": [
    { UPSTASH_REDIS_REST_URL: "http://127.0.0.1:8079", UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
    "http://127.0.0.1:8079",
  ],
  "http to IPv6's loopback": [
    { UPSTASH_REDIS_REST_URL: "http://[::1]:8079", UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
    "http://[::1]:8079",
  ],
  "http to a neighbour in Docker, with a path": [
    { UPSTASH_REDIS_REST_URL: "http://redis-rest/v1", UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
    "http://redis-rest/v1",
  ],
  "https to a proxy of one's own": [
    { UPSTASH_REDIS_REST_URL: "https://redis.example.com:8443", UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL UPSTASH_REDIS_REST_TOKEN",
    "https://redis.example.com:8443",
  ],
  "blank values, which are none": [
    {
      UPSTASH_REDIS_REST_URL: "",
      UPSTASH_REDIS_REST_TOKEN: ' "" ',
      KV_REST_API_URL: "undefined",
      KV_REST_API_TOKEN: "null",
      REDIS_URL: REDIS,
    },
    "REDIS_URL",
    REST,
    PASSWORD,
  ],
  "bindings of Workers, which are no text": [
    { KV_REST_API_URL: { get: () => REST }, KV_URL: 7, REDIS_URL: REDIS },
    "REDIS_URL",
    REST,
    PASSWORD,
  ],
  "half a pair is passed over": [
    {
      UPSTASH_REDIS_REST_URL: `https://${SECOND}`,
      KV_REST_API_URL: REST,
      KV_REST_API_TOKEN: TOKEN,
    },
    "KV_REST_API_URL KV_REST_API_TOKEN",
  ],
  "Redis Inc.'s REDIS_URL is passed over": [
    {
      REDIS_URL: `redis://default:${ESCAPED}@redis-1.c1.eu-1.ec2.redns.redis-cloud.com:19136`,
      cache_KV_REST_API_URL: REST,
      cache_KV_REST_API_TOKEN: TOKEN,
    },
    "cache_KV_REST_API_URL cache_KV_REST_API_TOKEN",
  ],
};

/** An environment that names no usable Redis, then why, and what to do. */
const WRONG: Readonly<Record<string, readonly [env: Env, why: string, mend?: string]>> = {
  "nothing is set": [{ PATH: "/bin", KV: {} }, "no variable names a Redis"],
  "all are blank": [{ REDIS_URL: " ", KV_URL: '""' }, "no variable names a Redis"],
  "the token is missing": [
    { UPSTASH_REDIS_REST_URL: REST },
    "UPSTASH_REDIS_REST_URL: UPSTASH_REDIS_REST_TOKEN is missing",
    "set it to the REST token from Upstash's console",
  ],
  "the URL is missing": [
    { UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_TOKEN: UPSTASH_REDIS_REST_URL is missing",
    "set it to the REST URL from Upstash's console",
  ],
  "the token is missing behind a prefix": [
    { cache_KV_REST_API_URL: REST },
    "cache_KV_REST_API_URL: cache_KV_REST_API_TOKEN is missing",
    "set it to the REST token from Upstash's console",
  ],
  "the token belongs to another prefix": [
    { a_KV_REST_API_URL: REST, b_KV_REST_API_TOKEN: TOKEN },
    "a_KV_REST_API_URL: a_KV_REST_API_TOKEN is missing",
    "set it to the REST token from Upstash's console",
  ],
  "only the read-only token is there": [
    { KV_REST_API_URL: REST, KV_REST_API_READ_ONLY_TOKEN: READ_ONLY },
    "KV_REST_API_URL: KV_REST_API_TOKEN is missing, and the read-only token cannot write",
    "set it to the REST token from Upstash's console",
  ],
  "the read-only token stands where the other belongs": [
    { KV_REST_API_URL: REST, KV_REST_API_TOKEN: READ_ONLY, KV_REST_API_READ_ONLY_TOKEN: READ_ONLY },
    "KV_REST_API_URL and KV_REST_API_TOKEN: the token is the read-only one, which cannot write",
    "copy the other one",
  ],
  "address and token are exchanged": [
    { UPSTASH_REDIS_REST_URL: TOKEN, UPSTASH_REDIS_REST_TOKEN: REST },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: address and token are exchanged",
    "put each in the place of the other",
  ],
  "the REST URL stands in REDIS_URL alone": [
    { REDIS_URL: REST },
    "REDIS_URL: UPSTASH_REDIS_REST_TOKEN is missing",
    "set it to the REST token from Upstash's console",
  ],
  "the only token belongs to another address": [
    { REDIS_URL: REST, UPSTASH_REDIS_REST_URL: "nonsense", UPSTASH_REDIS_REST_TOKEN: OTHER },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: it is no address",
    "copy the REST URL from the database's page in Upstash's console",
  ],
  "REDIS_URL has no password": [
    { REDIS_URL: `redis://${HOST}:6379` },
    "REDIS_URL: UPSTASH_REDIS_REST_TOKEN is missing",
    "set it to the REST token from Upstash's console",
  ],
  "the user is not default": [
    { REDIS_URL: `rediss://default_ro:${ESCAPED}@${HOST}:6379` },
    "REDIS_URL: its user is not default, and only default has a token",
    "copy the REST URL from the database's page in Upstash's console",
  ],
  "a database of Fly.io over TCP": [
    { REDIS_URL: `redis://default:${ESCAPED}@fly-shop.upstash.io:6379` },
    "REDIS_URL: no REST answers there, so that it takes a client over TCP",
    "pass node-redis or ioredis, connected to REDIS_URL, as redis; on the edge, where no TCP is, use Upstash",
  ],
  "a database of Fly.io over REST": [
    { UPSTASH_REDIS_REST_URL: "https://fly-shop.upstash.io", UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: this database has no REST",
    "pass a client over TCP as redis",
  ],
  "a Redis on this machine": [
    { REDIS_URL: "redis://localhost:6379" },
    "REDIS_URL: no REST answers there, so that it takes a client over TCP",
    "pass node-redis or ioredis, connected to REDIS_URL, as redis; on the edge, where no TCP is, use Upstash",
  ],
  "a Redis of Redis Inc.": [
    { REDIS_URL: `redis://default:${ESCAPED}@redis-1.c1.eu-1.ec2.redns.redis-cloud.com:19136` },
    "REDIS_URL: no REST answers there, so that it takes a client over TCP",
    "pass node-redis or ioredis, connected to REDIS_URL, as redis; on the edge, where no TCP is, use Upstash",
  ],
  "a plain Redis where the REST URL belongs": [
    { KV_REST_API_URL: "redis://localhost:6379", KV_REST_API_TOKEN: TOKEN },
    "KV_REST_API_URL and KV_REST_API_TOKEN: no REST answers there",
    "pass a client over TCP as redis",
  ],
  "http to a stranger": [
    { UPSTASH_REDIS_REST_URL: "http://redis.example.com", UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: http would send the token unencrypted",
    "write https",
  ],
  "http to a stranger whose name begins like a private address": [
    { UPSTASH_REDIS_REST_URL: "http://10.example.com", UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: http would send the token unencrypted",
    "write https",
  ],
  "http to a public IPv6 address": [
    { UPSTASH_REDIS_REST_URL: "http://[2001:db8::1]", UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: http would send the token unencrypted",
    "write https",
  ],
  "a password with a slash, which cuts it off": [
    { REDIS_URL: `redis://pass.word/more@${HOST}:6379` },
    "REDIS_URL: it is no address",
    "copy the REST URL from the database's page in Upstash's console; percent-encode the password",
  ],
  "a password in the REST URL": [
    {
      UPSTASH_REDIS_REST_URL: `https://default:${ESCAPED}@${HOST}`,
      UPSTASH_REDIS_REST_TOKEN: TOKEN,
    },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: it has a user or a password in it, which fetch refuses",
    "put the token into the variable beside it",
  ],
  "the console's address": [
    {
      UPSTASH_REDIS_REST_URL: "https://console.upstash.com/redis/1234",
      UPSTASH_REDIS_REST_TOKEN: TOKEN,
    },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: it is the address of Upstash's console",
    "copy the REST URL from the database's page in Upstash's console",
  ],
  "another database's address": [
    { REDIS_URL: `postgres://user:${ESCAPED}@db.example.com/shop` },
    "REDIS_URL: it is the address of something else than Redis",
    "copy the REST URL from the database's page in Upstash's console",
  ],
  "a reference that nobody filled in": [
    { REDIS_URL: "${KV_URL}" },
    "REDIS_URL: it is no address",
    "copy the REST URL from the database's page in Upstash's console",
  ],
  "a host alone that is not Upstash's": [
    { UPSTASH_REDIS_REST_URL: "redis.example.com", UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: it is no address",
    "copy the REST URL from the database's page in Upstash's console",
  ],
  "a password that nobody encoded": [
    { REDIS_URL: `redis://default:${PASSWORD}@${HOST}:6379` },
    "REDIS_URL: it is no address",
    "copy the REST URL from the database's page in Upstash's console; percent-encode the password",
  ],
  "two lines in one": [
    { UPSTASH_REDIS_REST_URL: `${REST}\n${TOKEN}`, UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: it is no address",
    "copy the REST URL from the database's page in Upstash's console",
  ],
  "the token as the console masks it": [
    { UPSTASH_REDIS_REST_URL: REST, UPSTASH_REDIS_REST_TOKEN: "********" },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: the token is no token",
    "copy the REST token from Upstash's console",
  ],
  "a token of two lines": [
    { UPSTASH_REDIS_REST_URL: REST, UPSTASH_REDIS_REST_TOKEN: `${TOKEN}\n${TOKEN}` },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: the token is no token",
    "copy the REST token from Upstash's console",
  ],
  "an address for a token": [
    { UPSTASH_REDIS_REST_URL: REST, UPSTASH_REDIS_REST_TOKEN: REDIS },
    "UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN: the token is no token",
    "copy the REST token from Upstash's console",
  ],
  "a prefix that bundlers send to browsers": [
    { NEXT_PUBLIC_UPSTASH_REDIS_REST_URL: REST, NEXT_PUBLIC_UPSTASH_REDIS_REST_TOKEN: TOKEN },
    "NEXT_PUBLIC_UPSTASH_REDIS_REST_URL and NEXT_PUBLIC_UPSTASH_REDIS_REST_TOKEN: variables of this prefix are sent to browsers, the token with them",
    "rename them, and have Upstash make a new token",
  ],
  "two prefixes of two databases": [
    {
      a_KV_REST_API_URL: REST,
      a_KV_REST_API_TOKEN: TOKEN,
      b_KV_REST_API_URL: `https://${SECOND}`,
      b_KV_REST_API_TOKEN: OTHER,
    },
    "a_KV_REST_API_URL and b_KV_REST_API_URL name several databases",
    "set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN to those of one",
  ],
  "an address of the application's own, meant for something else": [
    { QUEUE_REDIS_URL: "redis://queue.example.com:6379", OLD_REDIS_URL: "soon" },
    "no variable names a Redis",
  ],
};

describe("an environment that names a Redis", () => {
  test.each(Object.entries(RIGHT))("%s", (_name, [env, names, url = REST, token = TOKEN]) => {
    const found = findRedis(env);
    expect(found.chosen?.names.join(" ")).toBe(names);
    expect(found.chosen?.kind).toBe("rest");
    expect(found.chosen?.mend).toBeUndefined();
    expect(found.chosen?.isPassword).toBe(!names.includes("TOKEN"));
    expect(found.credentials?.()).toEqual({ url, token });
    expect(found.chosen?.host).toBe(new URL(url).hostname);
    expect(found.mend).toBeUndefined();
    expectNoSecrets(found);
  });
});

describe("an environment that names none", () => {
  test.each(Object.entries(WRONG))("%s", (_name, [env, why, mend]) => {
    const found = findRedis(env);
    expect(found.chosen).toBeUndefined();
    expect(found.credentials).toBeUndefined();
    expect(found.why).toBe(why);
    expect(found.mend).toBe(mend);
    expectNoSecrets(found);
  });
});

describe("what is found beside the chosen one", () => {
  test("is listed in the order of precedence, with what is wrong", () => {
    const { findings } = findRedis({
      UPSTASH_REDIS_REST_URL: REST,
      KV_REST_API_URL: REST,
      KV_REST_API_TOKEN: TOKEN,
      REDIS_URL: "redis://localhost:6379",
      KV_URL: REDIS,
      z_KV_URL: REDIS,
      a_REDIS_URL: "redis://queue.example.com",
    });
    expect(findings.map(({ names, kind }) => [names[0], kind])).toEqual([
      ["UPSTASH_REDIS_REST_URL", "wrong"],
      ["KV_REST_API_URL", "rest"],
      ["REDIS_URL", "tcp"],
      ["KV_URL", "rest"],
      ["a_REDIS_URL", "tcp"],
      ["z_KV_URL", "rest"],
    ]);
  });

  test("a host that may be a token in the wrong place is not shown", () => {
    const found = findRedis({ REDIS_URL: `redis://${OTHER}`, KV_URL: `http://${OTHER}` });
    expect(found.findings.map(({ host }) => host)).toEqual(["a host", "a host"]);
  });
});

describe("an environment that is", () => {
  const VALUES = { UPSTASH_REDIS_REST_URL: REST, UPSTASH_REDIS_REST_TOKEN: TOKEN, SECRET: "other" };

  /** `Deno.env`, as it is where only some names may be read. */
  function denoEnv(permitted: readonly string[] | "all", values: Env = VALUES): object {
    class NotCapable extends Error {}
    return {
      get(name: string) {
        if (permitted !== "all" && !permitted.includes(name)) throw new NotCapable(name);
        return values[name];
      },
      toObject() {
        if (permitted !== "all") throw new NotCapable("all");
        return { ...values };
      },
    };
  }

  test("Deno.env, is read as a whole where that is permitted", () => {
    const prefixed = { a_KV_REST_API_URL: REST, a_KV_REST_API_TOKEN: TOKEN };
    expect(findRedis(denoEnv("all")).credentials?.()).toEqual({ url: REST, token: TOKEN });
    expect(findRedis(denoEnv("all", prefixed)).credentials?.().url).toBe(REST);
  });

  test("Deno.env, is read by name where only names are permitted", () => {
    const permitted = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"];
    expect(findRedis(denoEnv(permitted)).credentials?.()).toEqual({ url: REST, token: TOKEN });
  });

  test("Deno.env without permission, says how to give it", () => {
    const found = findRedis(denoEnv([]));
    expect(found.chosen).toBeUndefined();
    expect(found.why).toBe("the environment may not be read");
    expect(found.mend).toMatch(/--allow-env=UPSTASH_REDIS_REST_URL,UPSTASH_REDIS_REST_TOKEN,KV_/);
    expect(found.findings).toHaveLength(1);
  });

  test("one that answers for names which it does not list", () => {
    const env = new Proxy({}, { get: (_, name) => VALUES[name as keyof typeof VALUES] });
    expect(findRedis(env).credentials?.()).toEqual({ url: REST, token: TOKEN });
  });

  test.each([[undefined], [null], ["text"], [7]])("%j, is refused", (env) => {
    expect(() => findRedis(env as unknown as object)).toThrow(
      /^Cannot read environment: give process\.env/,
    );
  });
});

function expectNoSecrets(found: unknown): void {
  for (const printed of [JSON.stringify(found), inspect(found, { depth: 9 })]) {
    for (const secret of [TOKEN, OTHER, READ_ONLY, PASSWORD, ESCAPED]) {
      expect(printed.includes(secret), "a secret is printed").toBe(false);
    }
  }
}
