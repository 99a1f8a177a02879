import { describe, expect, test } from "vitest";
import { decodeRecord, encodeRecord, expiryOf, type SessionRecord } from "../../src/record.ts";

const RECORD: SessionRecord = {
  createdAt: 1_000,
  seenAt: 2_000,
  flash: new Map([["notice", ["0123456789abcdef", { text: "Saved" }]]]),
  data: '{"cart":["tea"]}',
};
const IDENTITY = { user: "u1", handle: "h".repeat(22), signedInAt: 1_500, authenticatedAt: 1_500 };
const STAMP = "0123456789abcdef";

describe("a record", () => {
  test("has a version, a stamp, a header and the data, and is no bare JSON", () => {
    const text = encodeRecord({ ...RECORD, flash: new Map() });
    expect(text.replace(/[0-9a-f]{16}/, STAMP)).toBe(
      `v1 ${STAMP} {"createdAt":1000,"seenAt":2000}\n{"cart":["tea"]}`,
    );
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  test("comes back as it was", () => {
    expect(decodeRecord(encodeRecord(RECORD))).toEqual(RECORD);
    const signedIn = { ...RECORD, identity: { ...IDENTITY, user: "u1\n\u2028" } };
    expect(decodeRecord(encodeRecord(signedIn))).toEqual(signedIn);
  });

  test("is never written the same way twice", () => {
    const texts = new Set(Array.from({ length: 1_000 }, () => encodeRecord(RECORD)));
    expect(texts.size).toBe(1_000);
    // Under a collation that takes no account of case too.
    expect(new Set(Array.from(texts, (text) => text.toLowerCase())).size).toBe(1_000);
  });

  test("keeps fields of its header that a later version adds", () => {
    const text = `v1 ${STAMP} {"createdAt":1,"seenAt":2,"handle":"h"}\n{}`;
    const record = decodeRecord(text) as SessionRecord;
    expect(encodeRecord(record)).toContain('"handle":"h"');
  });
});

describe("a mark", () => {
  test.each([null, "a".repeat(43)])("of %s comes back as it was", (moved) => {
    expect(decodeRecord(encodeRecord({ moved }))).toEqual({ moved });
  });

  test("holds nothing else", () => {
    expect(encodeRecord({ moved: null }).replace(/[0-9a-f]{16}/, STAMP)).toBe(
      `v1 ${STAMP} {"moved":null}\n{}`,
    );
  });
});

describe("decodeRecord() answers undefined for", () => {
  test.each<[string, string]>([
    ["nothing", ""],
    ["bare JSON", '{"createdAt":1,"seenAt":1}'],
    ["another version", `v2 ${STAMP} {"createdAt":1,"seenAt":1}\n{}`],
    ["no stamp", 'v1 {"createdAt":1,"seenAt":1}\n{}'],
    ["a short stamp", 'v1 0123 {"createdAt":1,"seenAt":1}\n{}'],
    ["an upper-case stamp", `v1 ${STAMP.toUpperCase()} {"createdAt":1,"seenAt":1}\n{}`],
    ["no data", `v1 ${STAMP} {"createdAt":1,"seenAt":1}`],
    ["an empty line of data", `v1 ${STAMP} {"createdAt":1,"seenAt":1}\n`],
    ["a list for data", `v1 ${STAMP} {"createdAt":1,"seenAt":1}\n[]`],
    ["text in front", ` v1 ${STAMP} {"createdAt":1,"seenAt":1}\n{}`],
    ["text behind", `v1 ${STAMP} {"createdAt":1,"seenAt":1}\n{} `],
    ["a header cut short", `v1 ${STAMP} {"createdAt":1,"seen}\n{}`],
    ["no times", `v1 ${STAMP} {}\n{}`],
    ["one time", `v1 ${STAMP} {"createdAt":1}\n{}`],
    ["a time that is a string", `v1 ${STAMP} {"createdAt":1,"seenAt":"2"}\n{}`],
    ["a time that is null", `v1 ${STAMP} {"createdAt":1,"seenAt":null}\n{}`],
    ["a time with a fraction", `v1 ${STAMP} {"createdAt":1,"seenAt":1.5}\n{}`],
    ["a time beyond all times", `v1 ${STAMP} {"createdAt":1,"seenAt":1e999}\n{}`],
    ["an identity that is null", `v1 ${STAMP} {"createdAt":1,"seenAt":1,"identity":null}\n{}`],
    ...Object.entries({
      user: 1,
      handle: null,
      signedInAt: "1",
      authenticatedAt: 1.5,
      meta: "x",
    }).map(([name, value]): [string, string] => [
      `an identity with a wrong ${name}`,
      `v1 ${STAMP} ${JSON.stringify({ createdAt: 1, seenAt: 1, identity: { ...IDENTITY, [name]: value } })}\n{}`,
    ]),
    ["flash that is an object", `v1 ${STAMP} {"createdAt":1,"seenAt":1,"flash":{}}\n{}`],
    ["flash of numbers", `v1 ${STAMP} {"createdAt":1,"seenAt":1,"flash":[1]}\n{}`],
    ["flash without tags", `v1 ${STAMP} {"createdAt":1,"seenAt":1,"flash":[["a","b"]]}\n{}`],
    ["a mark that names a number", `v1 ${STAMP} {"moved":1}\n{}`],
    ["a header with __proto__", `v1 ${STAMP} {"createdAt":1,"seenAt":1,"__proto__":{}}\n{}`],
  ])("%s", (_, text) => {
    expect(decodeRecord(text)).toBeUndefined();
  });
});

describe("expiryOf()", () => {
  const options = { idleTimeout: 10, lifetime: 100 };

  test.each<[string, Parameters<typeof expiryOf>[0], number]>([
    ["idle timeout after the last renewal", { createdAt: 0, seenAt: 5_000 }, 15_000],
    ["lifetime after the creation, if that is sooner", { createdAt: 0, seenAt: 95_000 }, 100_000],
    [
      "lifetime after the sign-in, not the creation",
      { createdAt: 0, identity: { ...IDENTITY, signedInAt: 50_000 }, seenAt: 149_000 },
      150_000,
    ],
  ])("is %s", (_, times, expiresAt) => {
    expect(expiryOf(times, options)).toBe(expiresAt);
  });
});
