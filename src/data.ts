// Session data <-> JSON (RFC 8259), and what JSON cannot carry. Data must come back as it was, or not be written.

import { isObject } from "./check.ts";
import { SessionDataError, SessionSizeError } from "./errors.ts";

const MAX_DEPTH = 500;

/**
 * Writes `value` as JSON. A property whose value is `undefined` counts as absent; everything else must come back equal.
 *
 * @param path what the path in an error begins with, as in `data`
 * @throws SessionDataError (`SESSION_DATA_INVALID`) for a function, symbol, BigInt, NaN, infinity, Date, Map, class
 *   instance, hole, cycle, own `__proto__`, or nesting deeper than 500
 */
export function encodeData(value: unknown, path: string): string {
  checkData(value, path, []);
  return JSON.stringify(value);
}

function checkData(value: unknown, path: string, above: readonly object[]): void {
  const refuse = (what: string) => {
    throw new SessionDataError(path, `is ${what}, which JSON cannot carry`);
  };
  if (value === null || /string|boolean/.test(typeof value) || Number.isFinite(value)) return;
  if (!isObject(value)) return refuse(typeof value === "number" ? String(value) : typeof value);
  if (above.includes(value) || above.length > MAX_DEPTH) refuse("a cycle, or too deep");
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  // Objects of another realm have another Object.prototype: what they share is how much is above them.
  const depth = prototypesOf(value);
  const isPlain = isList
    ? depth === 2 &&
      entries.length === value.length &&
      entries.every(([name], at) => name === `${at}`)
    : depth < 2;
  if (!isPlain || Object.getOwnPropertySymbols(value).length > 0) refuse("no plain object or list");
  const inside = [...above, value];
  for (const [name, inner] of entries) {
    const at = path + formatStep(isList ? Number(name) : name);
    if (name === "__proto__") throw new SessionDataError(at, "is a name that is not allowed");
    if (inner !== undefined || isList) checkData(inner, at, inside);
  }
}

/** How many prototypes an object has: none or one where it is plain, two where it is a plain list. */
function prototypesOf(value: object): number {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null ? 0 : 1 + prototypesOf(prototype);
}

/** One step of a path into the data, as in `.cart`, `[2]` or `["a b"]`. */
export function formatStep(step: PropertyKey): string {
  if (typeof step === "string" && /^[a-z_$][\w$]*$/i.test(step)) return `.${step}`;
  return `[${JSON.stringify(step)}]`;
}

/** Reads an object back. Answers `undefined` where the text is not the JSON of an object we would have written. */
export function decodeData(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    // JSON.parse makes "__proto__" an own property, which a later merge would turn into a prototype (R37).
    if (/__proto__|\\u/.test(text)) checkData(value, "data", []);
    return isObject(value) && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof SessionDataError) return undefined;
    throw error;
  }
}

/** Refuses a text of more than `limit` bytes of UTF-8. */
export function checkSize(limit: number, text: string): void {
  if (text.length * 3 <= limit) return;
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > limit) throw new SessionSizeError(bytes, limit);
}

/** Freezes a value and all that it holds. For copies that nobody else has. */
export function deepFreeze<Value>(value: Value): Value {
  if (isObject(value)) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
