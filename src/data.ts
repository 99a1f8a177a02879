// Session data <-> JSON (RFC 8259), and what JSON cannot carry. Data must come back as it was, or not be written.

import { isFunction, isObject } from "./check.ts";
import { SessionDataError, SessionSizeError } from "./errors.ts";

/** Deeper than this is refused when it is written; when it is read, only what would exhaust the stack. */
const MAX_DEPTH = 400;
const MAX_DEPTH_READ = 500;

/**
 * Writes `value` as JSON. A property whose value is `undefined` counts as absent, and so do properties that are not
 * enumerable; -0 comes back as 0. Everything else must come back equal.
 *
 * @param path what the path in an error begins with, as in `data`
 * @throws SessionDataError (`SESSION_DATA_INVALID`) for a function, symbol, BigInt, NaN, infinity, Date, Map, class
 *   instance, hole, cycle, own `__proto__`, or nesting deeper than 400
 */
export function encodeData(value: unknown, path: string): string {
  if (!isUsual(value, 0)) checkData(value, path, [], MAX_DEPTH);
  return JSON.stringify(value);
}

/** Whether data is what nearly all data is, so that {@link checkData}, which is slower, need not look for what is wrong. */
function isUsual(value: unknown, depth: number): boolean {
  if (!isObject(value)) {
    return (
      typeof value === "string" ||
      typeof value === "boolean" ||
      value === null ||
      Number.isFinite(value)
    );
  }
  if (depth > MAX_DEPTH || !isBare(value)) return false;
  if (Array.isArray(value)) {
    // By number: a hole is undefined then, and no name stands for it.
    for (const inner of value as unknown[]) if (!isUsual(inner, depth + 1)) return false;
    return true;
  }
  // Names of the prototype come too, of which there are none: else the slower look finds out.
  for (const name in value) {
    const inner = (value as Record<string, unknown>)[name];
    if (name === "__proto__" || !(inner === undefined || isUsual(inner, depth + 1))) return false;
  }
  return true;
}

/** Whether an object or a list, whatever it holds, is like one that JSON.parse has made. */
function isBare(value: object & { toJSON?: unknown }): boolean {
  if (Object.getOwnPropertySymbols(value).length > 0 || value.toJSON !== undefined) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value)) return prototype === Object.prototype;
  return prototype === Array.prototype && Object.keys(value).length === value.length;
}

/**
 * What data holds, in the order of a walk: each object and how many values it has, each name, each value. So that
 * {@link isUnchanged} can tell whether it is as it was, in half the time that its JSON takes.
 *
 * @param length of its JSON, by which there is room for most data from the start: to grow takes several times as much
 */
export function leavesOf(data: object, length: number): readonly unknown[] {
  // oxlint-disable-next-line unicorn/no-new-array -- room, which `Array.from` would fill first
  const leaves: unknown[] = new Array(length >> 3);
  let at = 0;
  function add(value: unknown): void {
    leaves[at++] = value;
    if (!isObject(value)) return;
    const place = at++;
    let count = 0;
    if (Array.isArray(value)) {
      for (const inner of value as unknown[]) {
        count++;
        add(inner);
      }
    } else {
      for (const name in value) {
        count++;
        leaves[at++] = name;
        add((value as Record<string, unknown>)[name]);
      }
    }
    leaves[place] = count;
  }
  add(data);
  return leaves;
}

/** Whether data is as it was; false also where only its JSON can tell. */
export function isUnchanged(data: object, leaves: readonly unknown[]): boolean {
  let at = 0;
  function isSame(value: unknown): boolean {
    if (leaves[at++] !== value) return false;
    if (!isObject(value)) return true;
    let left = leaves[at++] as number;
    if (!isBare(value)) return false;
    if (Array.isArray(value)) {
      if (value.length !== left) return false;
      // Holes too, which `every` passes over.
      for (const inner of value as unknown[]) if (!isSame(inner)) return false;
      return true;
    }
    for (const name in value) {
      left--;
      if (leaves[at++] !== name || !isSame((value as Record<string, unknown>)[name])) return false;
    }
    return left === 0;
  }
  // How many names there were comes second. One that is added, as by most sign-ins, would come last in a walk.
  if (Object.keys(data).length !== leaves[1]) return false;
  // Names that every object inherits would be taken for its own.
  return Object.keys(Object.prototype).length === 0 && isSame(data);
}

function checkData(value: unknown, path: string, above: readonly object[], most: number): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (Number.isFinite(value)) return;
  if (!isObject(value) || !isPlain(value) || above.includes(value) || above.length > most) {
    throw new SessionDataError(path, "is not plain JSON");
  }
  const isList = Array.isArray(value);
  const inside = [...above, value];
  for (const [name, inner] of Object.entries(value)) {
    const at = path + formatStep(isList ? Number(name) : name);
    if (name === "__proto__") throw new SessionDataError(at, "is not plain JSON");
    if (inner !== undefined || isList) checkData(inner, at, inside, most);
  }
}

/** Whether a value is an object or a list, of no class, with nothing that JSON leaves out or puts in its place. */
function isPlain(value: object & { toJSON?: unknown }): boolean {
  if (Object.getOwnPropertySymbols(value).length > 0 || isFunction(value.toJSON)) return false;
  // Objects of another realm have another Object.prototype: what they share is how much is above them.
  const depth = prototypesOf(value);
  if (!Array.isArray(value)) {
    return (
      depth === 0 || (depth === 1 && Object.hasOwn(Object.getPrototypeOf(value), "isPrototypeOf"))
    );
  }
  const names = Object.keys(value);
  return (
    depth === 2 && names.length === value.length && names.every((name, at) => name === `${at}`)
  );
}

/** How many prototypes an object has: none or one where it is plain, two where it is a plain list. */
function prototypesOf(value: object): number {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype ? 1 + prototypesOf(prototype) : 0;
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
    if (text.includes("__proto__") || text.includes("\\u"))
      checkData(value, "data", [], MAX_DEPTH_READ);
    return isObject(value) && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // No JSON, or none that we would have written.
    return undefined;
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
