import { describe, expect, test } from "vitest";
import { resolveOptions, type SessionOptions } from "../../src/options.ts";
import { createSessions } from "../../src/sessions.ts";
import { memoryStore } from "../../src/stores/memory.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const GOOD = { secrets: [SECRET], store: memoryStore() };

function refusalOf(options: unknown): unknown {
  try {
    createSessions(options as never);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("the defaults", () => {
  test("are those of the documentation", () => {
    expect(resolveOptions(GOOD)).toMatchObject({
      idleTimeout: 86_400,
      lifetime: 2_592_000,
      maxBytes: 65_536,
      whenUnavailable: "reject",
      clearSiteData: false,
      initial: undefined,
      schema: undefined,
      onEvent: undefined,
      cookie: { name: "__Host-session" },
    });
  });

  test("stand in for undefined", () => {
    const options = { ...GOOD, idleTimeout: undefined, cookie: undefined, onEvent: undefined };
    expect(resolveOptions(options as unknown as SessionOptions<object>).idleTimeout).toBe(86_400);
  });
});

/** What every number that is counted in whole units must refuse. */
const NO_WHOLE_NUMBERS: [string, unknown][] = [
  ["NaN", Number.NaN],
  ["-1", -1],
  ["0", 0],
  ["-0", -0],
  ["1.5", 1.5],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
  ["a number in a string", "3600"],
  ['"1h"', "1h"],
  ['"1h 30m"', "1h 30m"],
  ["an empty string", ""],
  ["null", null],
  ["true", true],
  ["a BigInt", 60n],
  ["a Date", new Date()],
  ["a list", [60]],
  ["an object with valueOf", { valueOf: () => 60 }],
];

/** A value that tells on whoever prints it. */
const short = "sh0rt-but-secret";

const WRONG: [option: string, what: string, value: unknown][] = [
  ...["idleTimeout", "lifetime", "maxBytes"].flatMap((option) =>
    NO_WHOLE_NUMBERS.map(([what, value]) => [option, what, value] as [string, string, unknown]),
  ),
  ["idleTimeout", "more than 400 days", 34_560_001],
  ["lifetime", "more than 400 days", 34_560_001],
  ["lifetime", "milliseconds by mistake", 2_592_000_000],
  ["maxBytes", "8 MiB and a byte", 8_388_609],
  ["secrets", "none", undefined],
  ["secrets", "null", null],
  ["secrets", "an empty list", []],
  ["secrets", "one string", SECRET],
  ["secrets", "an empty string", [""]],
  ["secrets", "31 bytes", [SECRET.slice(1)]],
  ["secrets", "a short one", [short]],
  ["secrets", "a short one behind a good one", [SECRET, short]],
  ["secrets", "a number", [5]],
  ["secrets", "undefined, as of a variable that is not set", [undefined]],
  ["secrets", "undefined behind a good one", [SECRET, undefined]],
  ["secrets", "bytes", [new Uint8Array(32)]],
  ["secrets", "a list that looks like a string", [[SECRET]]],
  ["secrets", "a set", new Set([SECRET])],
  ["secrets", "a function", () => [SECRET]],
  ["store", "none", undefined],
  ["store", "null", null],
  ["store", "an object without methods", {}],
  ["store", "a store without write", { read: async () => null }],
  ["store", "a store without read", { write: async () => ({ swapped: true }) }],
  ["store", "a store whose methods are no functions", { read: 1, write: 1 }],
  ["store", "the function that makes one", memoryStore],
  ["store", "a Map", new Map()],
  ["store", "a string", "memory"],
  ["initial", "an object", { cart: [] }],
  ["initial", "null", null],
  ["initial", "a string", "cart"],
  ["schema", "null", null],
  ["schema", "an object", {}],
  ["schema", "a function", () => true],
  ["schema", "a schema without validate", { "~standard": { version: 1, vendor: "x" } }],
  ["schema", "a schema of null", { "~standard": null }],
  ["cookie", "null", null],
  ["cookie", "a string", "session"],
  ["cookie", "a function", () => ({})],
  ["whenUnavailable", "another word", "ignore"],
  ["whenUnavailable", "another case", "Reject"],
  ["whenUnavailable", "null", null],
  ["whenUnavailable", "a boolean", false],
  ["clearSiteData", "a number", 1],
  ["clearSiteData", "a word", "true"],
  ["clearSiteData", "null", null],
  ["onEvent", "an object", {}],
  ["onEvent", "null", null],
  ["onEvent", "console", console],
  ["secret", "which is unknown", SECRET],
  ["maxAge", "which is unknown", 60],
  ["ttl", "which is unknown", undefined],
  ["idletimeout", "which is unknown", 60],
  ["users", "which is unknown", {}],
];

describe("createSessions() refuses", () => {
  test.each(WRONG)("%s: %s", (option, _, value) => {
    const error = refusalOf({ ...GOOD, [option]: value });
    expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
    expect((error as Error).message).toMatch(/^Cannot create /);
    expect((error as Error).message).toContain(option);
  });

  test.each([
    ["idleTimeout", 0, RangeError],
    ["lifetime", Number.NaN, RangeError],
    ["maxBytes", -1, RangeError],
    ["idleTimeout", "1h", TypeError],
    ["secrets", [], TypeError],
    ["store", {}, TypeError],
  ])("%s: %s with the right kind of error", (option, value, Kind) => {
    expect(refusalOf({ ...GOOD, [option]: value })).toBeInstanceOf(Kind);
  });

  test.each([
    ["name", { name: "a b" }],
    ["path", { path: "x" }],
    ["domain", { domain: ".x" }],
    ["secure", { secure: 1 }],
    ["sameSite", { sameSite: "no" }],
    ["partitioned", { partitioned: "yes" }],
    ["httpOnly", { httpOnly: false }],
  ])("a wrong cookie.%s, and names it", (option, cookie) => {
    expect(String(refusalOf({ ...GOOD, cookie }))).toMatch(new RegExp(`cookie: ${option}\\b`));
  });

  test.each([[null], [undefined], ["secret"], [5], [[]]])("%s for all options", (options) => {
    expect(refusalOf(options)).toBeInstanceOf(TypeError);
  });

  test("and never quotes a secret", () => {
    for (const secrets of [[short], short, [SECRET, short], { short }, [[short]], [`${short}\0`]]) {
      const error = refusalOf({ ...GOOD, secrets }) as Error;
      expect(`${error.message} ${error.stack}`).not.toMatch(/sh0rt-but|0123456789abcdef/);
    }
    const wrong = refusalOf({ secrets: [SECRET], store: SECRET, lifetime: 0 }) as Error;
    expect(`${wrong.message} ${wrong.stack}`).not.toContain(SECRET);
  });

  test("before anything is asked of the store", () => {
    const touched: string[] = [];
    const store = {
      read: async () => touched.push("read"),
      write: async () => touched.push("write"),
    };
    refusalOf({ ...GOOD, store, lifetime: 0 });
    refusalOf({ ...GOOD, store });
    expect(touched).toEqual([]);
  });
});

describe("createSessions() takes", () => {
  test.each<[string, Partial<SessionOptions<object>>]>([
    ["the shortest times", { idleTimeout: 1, lifetime: 1 }],
    ["the longest times", { idleTimeout: 34_560_000, lifetime: 34_560_000 }],
    ["the smallest and the largest size", { maxBytes: 1 }],
    ["the largest size", { maxBytes: 8_388_608 }],
    ["a secret of 32 bytes in fewer characters", { secrets: ["é".repeat(16)] }],
    ["several secrets", { secrets: [SECRET, `${SECRET}!`] }],
    [
      "a store that is an instance of a class",
      {
        store: new (class extends Object {
          async read() {
            return null;
          }
          async write() {
            return { swapped: true } as const;
          }
        })(),
      },
    ],
  ])("%s", (_, options) => {
    expect(refusalOf({ ...GOOD, ...options })).toBeUndefined();
  });

  test("a copy: what is done to the options afterwards has no effect", async () => {
    const options = { ...GOOD, secrets: [SECRET], cookie: { name: "a" } };
    const sessions = createSessions(options);
    options.cookie.name = "b";
    options.secrets[0] = "x";
    const session = await sessions.open(null);
    session.data["n"] = 1;
    const cookie = await sessions.save(session);
    expect(cookie?.name).toBe("a");
    expect((await sessions.open(`a=${cookie?.value}`)).isNew).toBe(false);
  });
});
