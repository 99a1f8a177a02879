import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createTokens, newHandle, newId, newStamp } from "../../src/token.ts";

const SECRET = "the secret of these tests: 32 bytes+";
const OTHER = "an older secret of these tests: 32 bytes";
const NAME = "__Host-session";
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Computed by another implementation than the one under test. */
function tokenByNode(secret: string, name: string, id: Uint8Array, purpose = "session"): string {
  const mac = createHmac("sha256", secret).update(`${purpose}\0${name}\0`).update(id);
  return `${Buffer.from(id).toString("base64url")}.${mac.digest("base64url")}`;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("newId()", () => {
  test("is 32 bytes of crypto.getRandomValues, as they came", () => {
    const random = vi.spyOn(crypto, "getRandomValues");
    const id = newId();
    expect(random).toHaveBeenCalledTimes(1);
    expect(id).toBe(random.mock.results[0]?.value);
    expect(id).toHaveLength(32);
  });
});

describe("keyOf()", () => {
  const { keyOf } = createTokens([SECRET], NAME);

  test.each([new Uint8Array(32), new Uint8Array(32).fill(255), newId(), newId()])(
    "is base64url(SHA-256(id)) without padding",
    (id) => {
      const key = keyOf(id);
      expect(key).toBe(createHash("sha256").update(id).digest("base64url"));
      expect(key).toMatch(/^[\w-]{43}$/);
    },
  );
});

describe("sign()", () => {
  test.each([
    ["of 32 bytes", "0123456789abcdef0123456789abcdef"],
    ["of 64 bytes, a whole block", "k".repeat(64)],
    ["of 65 bytes, more than a block", "k".repeat(65)],
    ["of 131 bytes, as in RFC 4231 case 6", "\u00aa".repeat(66)],
    ["beyond ASCII", "žluťoučký kůň 日本語 🧥 and more of it"],
  ])("is HMAC-SHA-256 with a secret %s", (_, secret) => {
    for (let round = 0; round < 20; round++) {
      const id = newId();
      expect(createTokens([secret], NAME).sign(id)).toBe(tokenByNode(secret, NAME, id));
    }
  });

  test("has the shape of 43 characters, a dot, 43 characters, whatever the id", () => {
    const tokens = createTokens([SECRET], NAME);
    for (let byte = 0; byte < 256; byte++) {
      expect(tokens.sign(new Uint8Array(32).fill(byte))).toMatch(/^[\w-]{43}\.[\w-]{43}$/);
    }
  });

  test("uses the first secret, for either purpose", () => {
    const id = newId();
    const tokens = createTokens([SECRET, OTHER], NAME);
    expect(tokens.sign(id)).toBe(tokenByNode(SECRET, NAME, id));
    expect(tokens.sign(id, "session")).toBe(tokenByNode(SECRET, NAME, id));
    expect(tokens.sign(id, "end")).toBe(tokenByNode(SECRET, NAME, id, "end"));
  });
});

describe("verify()", () => {
  const tokens = createTokens([SECRET], NAME);

  test("answers the id that was signed", () => {
    for (let round = 0; round < 50; round++) {
      const id = newId();
      expect(tokens.verify(tokens.sign(id))).toEqual({ id, purpose: "session" });
      expect(tokens.verify(tokens.sign(id, "end"))).toEqual({ id, purpose: "end" });
    }
  });

  test("takes what any of the secrets signed", () => {
    const id = newId();
    for (const purpose of ["session", "end"]) {
      const token = tokenByNode(OTHER, NAME, id, purpose);
      expect(createTokens([SECRET, OTHER], NAME).verify(token)).toEqual({ id, purpose });
      expect(createTokens([SECRET], NAME).verify(token)).toBe("signature");
    }
  });

  test("a token of one purpose is never taken for the other's, by whichever secret it was signed", () => {
    const all = [SECRET, OTHER];
    for (const secrets of [all, all.toReversed(), [SECRET], [OTHER]]) {
      for (const signing of secrets) {
        const id = newId();
        const opens = createTokens([signing], NAME).sign(id);
        const ends = createTokens([signing], NAME).sign(id, "end");
        expect(opens.slice(0, 44)).toBe(ends.slice(0, 44));
        expect(opens).not.toBe(ends);
        expect(createTokens(secrets, NAME).verify(opens)).toMatchObject({ purpose: "session" });
        expect(createTokens(secrets, NAME).verify(ends)).toMatchObject({ purpose: "end" });
      }
    }
  });

  test("refuses the token of another cookie, of another purpose and of no purpose", () => {
    const id = newId();
    for (const purpose of ["session", "end"]) {
      for (const name of ["__Host-sessio", "__host-session"]) {
        expect(tokens.verify(tokenByNode(SECRET, name, id, purpose))).toBe("signature");
      }
    }
    const part = Buffer.from(id).toString("base64url");
    for (const prefix of ["", NAME, `End\0${NAME}\0`, `session\0${NAME}`, `end\0${NAME}`]) {
      const mac = createHmac("sha256", SECRET).update(prefix).update(id).digest("base64url");
      expect(tokens.verify(`${part}.${mac}`)).toBe("signature");
    }
  });

  test.each(["session", "end"] as const)(
    'refuses every change of one character of a token for "%s", unused bits of base64 included',
    (purpose) => {
      const token = tokens.sign(newId(), purpose);
      let tried = 0;
      for (let at = 0; at < token.length; at++) {
        for (const character of `${ALPHABET}.+/= %\n`) {
          if (character === token[at]) continue;
          const changed = token.slice(0, at) + character + token.slice(at + 1);
          expect(typeof tokens.verify(changed), changed).toBe("string");
          tried++;
        }
      }
      expect(tried).toBeGreaterThan(87 * 64);
    },
  );

  test("a change of unused bits alone is malformed before any hash is computed", () => {
    const token = tokens.sign(newId());
    for (const at of [42, 86]) {
      const last = ALPHABET.indexOf(token[at] ?? "");
      const sameBits = ALPHABET[last ^ 1] ?? "";
      const changed = token.slice(0, at) + sameBits + token.slice(at + 1);
      // Node's decoder takes it for the same bytes.
      expect(Buffer.from(changed.slice(0, 43), "base64url")).toEqual(
        Buffer.from(token.slice(0, 43), "base64url"),
      );
      expect(tokens.verify(changed)).toBe("malformed");
    }
  });

  test.each<[string, (token: string) => string]>([
    ["nothing", () => ""],
    ["a dot", () => "."],
    ["the id alone", (token) => token.slice(0, 43)],
    ["the id and a dot", (token) => token.slice(0, 44)],
    ["an empty signature in the right shape", (token) => `${token.slice(0, 44)}${"A".repeat(42)}`],
    ["one character too many", (token) => `${token}A`],
    ["one character too few", (token) => token.slice(0, -1)],
    ["a line break behind", (token) => `${token}\n`],
    ["a blank in front", (token) => ` ${token}`],
    ["a blank behind", (token) => `${token} `],
    ["quotes around it", (token) => `"${token}"`],
    ["padding", (token) => token.replace(".", "=.")],
    ["a third part", (token) => `${token}.${token.slice(0, 43)}`],
    ["percent signs", (token) => `%${token.charCodeAt(0).toString(16)}${token.slice(1)}`],
    ["letters beyond ASCII", (token) => `ſ${token.slice(1)}`],
    ["a path", () => "../../../etc/passwd"],
    ["a JSON object", () => '{"$ne":null}'],
  ])("%s is malformed", (_, change) => {
    expect(tokens.verify(change(tokens.sign(newId())))).toBe("malformed");
  });

  test("an all-zero signature is refused", () => {
    const token = tokens.sign(newId());
    expect(tokens.verify(`${token.slice(0, 44)}${"A".repeat(43)}`)).toBe("signature");
  });

  test("id and signature changed places are refused", () => {
    const [id = "", mac = ""] = tokens.sign(newId()).split(".");
    expect(tokens.verify(`${mac}.${id}`)).toBe("signature");
  });
});

test("without a secret there are no tokens", () => {
  expect(() => createTokens([], NAME)).toThrow(TypeError);
});

test("newStamp() is 64 random bits in hex", () => {
  const stamps = Array.from({ length: 1_000 }, newStamp);
  expect(new Set(stamps).size).toBe(1_000);
  for (const stamp of stamps) expect(stamp).toMatch(/^[0-9a-f]{16}$/);
});

test("newHandle() is 128 random bits, of which none stands still", () => {
  const handles = Array.from({ length: 1_000 }, newHandle);
  expect(new Set(handles).size).toBe(1_000);
  const seen = [new Uint8Array(16), new Uint8Array(16).fill(255)] as const;
  for (const handle of handles) {
    expect(handle).toMatch(/^[\w-]{22}$/);
    for (const [at, byte] of Buffer.from(handle, "base64url").entries()) {
      seen[0][at] = (seen[0][at] ?? 0) | byte;
      seen[1][at] = (seen[1][at] ?? 0) & byte;
    }
  }
  expect(Array.from(seen[0])).toEqual(Array.from({ length: 16 }, () => 255));
  expect(Array.from(seen[1])).toEqual(Array.from({ length: 16 }, () => 0));
});
