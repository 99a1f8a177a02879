// A new id, handle or stamp; id <-> token; id -> key. HMAC-SHA-256 (RFC 2104) and SHA-256 (FIPS 180-4).
// In JavaScript and synchronous: WebCrypto's answer for 60 bytes crosses to another thread (bench/hash.js).

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Hash } from "@noble/hashes/utils.js";

const ID_BYTES = 32;
const HANDLE_BYTES = 16;
const HASH_BYTES = 32;
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** What each letter stands for, by its code. */
const SEXTETS = /* @__PURE__ */ sextets();
/** base64url of 32 bytes: 43 characters, of which the last carries four bits, so only sixteen can stand there. */
const TOKEN = /^([\w-]{42}[AEIMQUYcgkosw048])\.([\w-]{42}[AEIMQUYcgkosw048])$/;

/** Why a cookie's value is no token of ours. */
export type Refusal = "malformed" | "signature";

/** What a token is good for: to open a session; or to end one whose end the store could not confirm (R54). */
export type Purpose = "session" | "end";

/** What a genuine token says. */
export interface Token {
  readonly id: Uint8Array;
  readonly purpose: Purpose;
}

/** Signs and verifies the tokens of one cookie. */
export interface Tokens {
  /** What a store sees of an id: base64url of its SHA-256, 43 characters (R3). */
  keyOf(id: Uint8Array): string;
  sign(id: Uint8Array, purpose?: Purpose): string;
  verify(token: string): Token | Refusal;
}

/**
 * 256 bits that mean nothing (R1, R2). Drawn when they are needed: a supply of them would be in memory before they are
 * anybody's, and in every process that starts from one copy of that memory, as Node's startup snapshots are.
 */
export function newId(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(ID_BYTES));
}

/**
 * 64 random bits in hex: no two writes are equal, under any collation, and a writer can tell its own. Of a UUID, since
 * platforms keep random bits ready for those, and ask the system for any others. As those are in a snapshot of the process
 * too, what each process has of its own comes in: when it started, in microseconds.
 */
export function newStamp(): string {
  const uuid = crypto.randomUUID();
  // What stands between says the version.
  const own = (parseInt(uuid.slice(0, 8), 16) ^ (globalThis.performance?.timeOrigin * 1000)) >>> 0;
  return own.toString(16).padStart(8, "0") + uuid.slice(-8);
}

/** 128 bits that name a session to the application and open nothing (R32). */
export function newHandle(): string {
  const hex = newStamp() + newStamp();
  const bytes = new Uint8Array(HANDLE_BYTES);
  for (let at = 0; at < HANDLE_BYTES; at += 4) {
    const word = parseInt(hex.slice(at * 2, at * 2 + 8), 16);
    for (let byte = 0; byte < 4; byte++) bytes[at + byte] = word >>> (byte * 8);
  }
  return toBase64url(bytes);
}

/**
 * What an index sees of the application's user id: as long as a key, different under every collation where the ids are,
 * and of one cookie alone, so that sessions of two cookies may share an index.
 */
export function userKeyOf(user: string, cookieName: string): string {
  return toBase64url(
    sha256(new TextEncoder().encode(`user\0${cookieName}\0${JSON.stringify(user)}`)),
  );
}

/**
 * The first secret signs, all verify. What is signed is a purpose, the cookie's name and the id, so that a token of
 * one cookie opens no other, and one that ends opens nothing.
 */
export function createTokens(secrets: readonly string[], cookieName: string): Tokens {
  const encoder = new TextEncoder();
  const [first, ...older] = secrets;
  if (first === undefined) throw new TypeError("No secret");
  // Each key's state is computed once and copied for every message: half the work of an HMAC is in the key.
  const statesOf = (purpose: Purpose) => {
    const prefix = encoder.encode(`${purpose}\0${cookieName}\0`);
    const stateOf = (secret: string) => hmac.create(sha256, encoder.encode(secret)).update(prefix);
    return [stateOf(first), ...older.map(stateOf)] as const;
  };
  const states = { session: statesOf("session"), end: statesOf("end") };
  const signatureOf = hasher(states.session[0]);
  const blank = sha256.create();
  const hashOf = hasher(blank);

  return {
    keyOf: (id) => toBase64url(hashOf(blank, id)),
    sign: (id, purpose = "session") =>
      `${toBase64url(id)}.${toBase64url(signatureOf(states[purpose][0], id))}`,
    verify(token) {
      if (!TOKEN.test(token)) return "malformed";
      const id = fromBase64url(token.slice(0, 43));
      const signature = fromBase64url(token.slice(44));
      const purpose = (["session", "end"] as const).find((each) =>
        states[each].some((state) => isEqual(signatureOf(state, id), signature)),
      );
      return purpose ? { id, purpose } : "signature";
    },
  };
}

/**
 * Goes on from a state without changing it. Each time the state is copied into one place, since to make another takes
 * longer than the hash; nothing waits while it is in use.
 */
function hasher<State extends Hash<State>>(model: State) {
  const place = model.clone();
  return (state: State, message: Uint8Array): Uint8Array => {
    const digest = new Uint8Array(HASH_BYTES);
    // oxlint-disable-next-line no-underscore-dangle -- its public name
    state._cloneInto(place).update(message).digestInto(digest);
    return digest;
  };
}

/** Takes the same time wherever the first difference stands. Both are 32 bytes. */
function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= (left[at] ?? 0) ^ (right[at] ?? 0);
  return difference === 0;
}

// By hand: the platform's `btoa` and `atob` know neither the alphabet nor bytes, and take five times as long with that.

function toBase64url(bytes: Uint8Array): string {
  const codes = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  let bits = 0;
  let count = 0;
  let at = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    count += 8;
    while (count >= 6) {
      count -= 6;
      codes[at++] = BASE64URL.charCodeAt((bits >> count) & 63);
    }
  }
  if (count > 0) codes[at] = BASE64URL.charCodeAt((bits << (6 - count)) & 63);
  return Reflect.apply(String.fromCharCode, undefined, codes);
}

function sextets(): Uint8Array {
  const table = new Uint8Array(128);
  for (let sextet = 0; sextet < 64; sextet++) table[BASE64URL.charCodeAt(sextet)] = sextet;
  return table;
}

/** Of text in the right alphabet. */
function fromBase64url(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let bits = 0;
  let count = 0;
  let at = 0;
  for (let place = 0; place < text.length; place++) {
    bits = (bits << 6) | (SEXTETS[text.charCodeAt(place)] ?? 0);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[at++] = bits >> count;
    }
  }
  return bytes;
}
