import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import {
  checkSize,
  decodeData,
  deepFreeze,
  encodeData,
  formatStep,
  isUnchanged,
  leavesOf,
} from "../../src/data.ts";
import { SessionDataError, SessionSizeError } from "../../src/errors.ts";

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

function pathOf(value: unknown): string | undefined {
  const error = caught(() => encodeData(value, "data"));
  return error instanceof SessionDataError ? error.path : undefined;
}

function nest(depth: number): unknown {
  let value: unknown = "end";
  for (let level = 0; level < depth; level++) value = { in: value };
  return value;
}

class Coat {
  colour = "red";
}
class Rack extends Array<number> {}

const cycle: Record<string, unknown> = {};
cycle["a"] = { b: cycle };
const ring: unknown[] = [];
ring.push(ring);

function holey(): unknown[] {
  const list: unknown[] = [1, 2, 3];
  delete list[1];
  return list;
}

describe("encodeData() refuses", () => {
  test.each<[string, unknown, string]>([
    ["a function", { run: () => 1 }, "data.run"],
    ["a symbol", { tag: Symbol("tag") }, "data.tag"],
    ["a BigInt", { sum: 5n }, "data.sum"],
    ["NaN", { sum: Number.NaN }, "data.sum"],
    ["an infinity", { sum: -Infinity }, "data.sum"],
    ["a Date", { cart: [1, 2, { when: new Date() }] }, "data.cart[2].when"],
    ["an invalid Date", { when: new Date(Number.NaN) }, "data.when"],
    ["a Map", { map: new Map([["a", 1]]) }, "data.map"],
    ["a Set", { set: new Set() }, "data.set"],
    ["a WeakMap", { map: new WeakMap() }, "data.map"],
    ["a RegExp", { pattern: /a/ }, "data.pattern"],
    ["an Error", { error: new Error("text") }, "data.error"],
    ["a URL", { url: new URL("http://localhost") }, "data.url"],
    ["bytes", { bytes: new Uint8Array(3) }, "data.bytes"],
    ["an ArrayBuffer", { bytes: new ArrayBuffer(3) }, "data.bytes"],
    ["a promise", { later: Promise.resolve() }, "data.later"],
    ["a class instance", { coat: new Coat() }, "data.coat"],
    ["an instance of a class of lists", { rack: Rack.from([1]) }, "data.rack"],
    ["a boxed string", { text: Object("text") as unknown }, "data.text"],
    ["a boxed number", { sum: Object(1) as unknown }, "data.sum"],
    ["an object with toJSON", { value: { toJSON: () => 1 } }, "data.value"],
    [
      "a hidden toJSON",
      { value: Object.defineProperty({ a: 1 }, "toJSON", { value: () => "gone" }) },
      "data.value",
    ],
    [
      "an instance of a class of nothing",
      { value: Object.create(Object.create(null)) as unknown },
      "data.value",
    ],
    ["an object that inherits", { value: Object.create({ a: 1 }) as unknown }, "data.value"],
    ["a symbol for a name", { value: { [Symbol("a")]: 1 } }, "data.value"],
    ["undefined in a list", { list: [1, undefined] }, "data.list[1]"],
    ["a hole", { list: holey() }, "data.list"],
    ["a hole behind a name", { list: Object.assign(holey(), { name: 1 }) }, "data.list"],
    ["a list with a name", { list: Object.assign([1], { name: 1 }) }, "data.list"],
    ["a cycle of objects", cycle, "data.a.b"],
    ["a cycle of lists", { ring }, "data.ring[0]"],
    ["an own __proto__", JSON.parse('{"a":{"__proto__":{}}}'), "data.a.__proto__"],
    ["a name with a blank", { "a b": 5n }, 'data["a b"]'],
    ["a name with quotes", { 'a"b': 5n }, 'data["a\\"b"]'],
    ["a name that is a number", { 5: 5n }, 'data["5"]'],
    ["an empty name", { "": 5n }, 'data[""]'],
    ["nothing at all", undefined, "data"],
    ["a function alone", () => 1, "data"],
  ])("%s, and names the place", (_, value, path) => {
    const error = caught(() => encodeData(value, "data"));
    expect(error).toBeInstanceOf(SessionDataError);
    expect(error).toMatchObject({ code: "SESSION_DATA_INVALID", path });
    expect(String(error)).toContain(path);
  });

  test("in messages no value, in whatever form", () => {
    const secret = "correct-horse-battery";
    const values = [
      { a: Symbol(secret) },
      { a: Object(secret) as unknown },
      { a: new Map([[secret, secret]]) },
      { a: new Date(secret) },
      { a: new Error(secret) },
      { a: Object.assign(() => secret, { secret }) },
      { a: 7_777_777_777n, b: secret },
      { a: [secret, undefined] },
      {
        a: {
          b: new (class {
            text = secret;
          })(),
        },
      },
    ];
    for (const value of values) {
      const error = caught(() => encodeData(value, "data"));
      expect(error).toBeInstanceOf(SessionDataError);
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/correct-horse|7777777777/);
    }
  });
});

describe("encodeData() takes", () => {
  test.each<[string, unknown]>([
    ["every kind of JSON", { a: [1, "b", true, null, { c: [] }], d: {}, e: -1.5e-7 }],
    ["an undefined property, as absent", { a: undefined, b: 1 }],
    ["a list", [1, [2]]],
    ["null, false and zero", { a: null, b: false, c: 0, d: "" }],
    ["names that objects inherit", { constructor: 1, toString: 2, hasOwnProperty: 3 }],
    ["separators and half surrogates", { a: "\u2028\u2029\ud800\0" }],
  ])("%s", (_, value) => {
    expect(JSON.parse(encodeData(value, "data"))).toEqual(JSON.parse(JSON.stringify(value)));
  });

  test("the same object twice, where it is no cycle", () => {
    const shared = { a: [1] };
    expect(JSON.parse(encodeData({ x: shared, y: [shared, shared] }, "data"))).toEqual({
      x: { a: [1] },
      y: [{ a: [1] }, { a: [1] }],
    });
  });

  test("an object without a prototype", () => {
    const value = Object.assign(Object.create(null) as object, { a: 1 });
    expect(encodeData({ value }, "data")).toBe('{"value":{"a":1}}');
  });

  test("objects and lists of another realm, but not its Dates", () => {
    const foreign = runInNewContext("({ a: { b: [1, { c: 2 }] } })") as unknown;
    expect(encodeData(foreign, "data")).toBe('{"a":{"b":[1,{"c":2}]}}');
    expect(pathOf({ when: runInNewContext("new Date()") as unknown })).toBe("data.when");
    expect(pathOf({ map: runInNewContext("new Map()") as unknown })).toBe("data.map");
  });

  test("400 levels, and refuses many more without exhausting the stack", () => {
    expect(pathOf(nest(399))).toBeUndefined();
    expect(pathOf(nest(410))).toMatch(/^data(\.in){50,}$/);
    expect(caught(() => encodeData(nest(100_000), "data"))).toBeInstanceOf(SessionDataError);
  });

  test("data without changing it", () => {
    const value = deepFreeze({ a: [1, { b: 2 }] });
    expect(encodeData(value, "data")).toBe('{"a":[1,{"b":2}]}');
  });
});

describe("formatStep()", () => {
  test.each<[PropertyKey, string]>([
    ["cart", ".cart"],
    ["$a_1", ".$a_1"],
    [2, "[2]"],
    ["2", '["2"]'],
    ["a-b", '["a-b"]'],
    ["a\nb", '["a\\nb"]'],
    ["é", '["é"]'],
  ])("%s is %s", (step, text) => {
    expect(formatStep(step)).toBe(text);
  });
});

describe("decodeData()", () => {
  test("reads back what was written", () => {
    expect(decodeData('{"a":[1,"\\u2028"]}')).toEqual({ a: [1, "\u2028"] });
  });

  test.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["a list", "[1]"],
    ["null", "null"],
    ["a string", '"a"'],
    ["a number", "1"],
    ["an own __proto__", '{"__proto__":{"admin":true}}'],
    ["an own __proto__ deep inside", '{"a":[{"b":{"__proto__":null}}]}'],
    ["an escaped __proto__", '{"\\u005f_proto__":{"admin":true}}'],
    ["an escaped __proto__ deep inside", '{"a":{"__pr\\u006fto__":1}}'],
  ])("answers undefined for %s", (_, text) => {
    expect(decodeData(text)).toBeUndefined();
  });

  test("takes the word __proto__ as a value", () => {
    expect(decodeData('{"a":"__proto__"}')).toEqual({ a: "__proto__" });
  });
});

describe("checkSize()", () => {
  test.each([
    ["exactly the limit", "a".repeat(30), 30],
    ["far below", "a", 30],
    ["the limit in letters of several bytes", "é".repeat(15), 30],
  ])("takes %s", (_, text, limit) => {
    expect(caught(() => checkSize(limit, text))).toBeUndefined();
  });

  test.each([
    ["one byte over", "a".repeat(31), 30, 31],
    ["one letter of two bytes over", "é".repeat(16), 30, 32],
    ["a text whose length alone would fit", "日".repeat(11), 30, 33],
  ])("refuses %s, with bytes and limit", (_, text, limit, bytes) => {
    const error = caught(() => checkSize(limit, text));
    expect(error).toBeInstanceOf(SessionSizeError);
    expect(error).toMatchObject({ code: "SESSION_TOO_LARGE", bytes, limit });
  });
});

test("deepFreeze() freezes all the way down, and answers the same", () => {
  const value = { a: [{ b: {} }] };
  expect(deepFreeze(value)).toBe(value);
  for (const part of [value, value.a, value.a[0], value.a[0]?.b]) {
    expect(Object.isFrozen(part)).toBe(true);
  }
});

describe("isUnchanged()", () => {
  type Shop = { n: number; list: unknown[]; cart: Record<string, unknown>; none: null };
  const begun = (): Shop => ({ n: 1, list: [1, { a: 2 }, "x"], cart: { tea: 1 }, none: null });

  test("says so of data that was only read", () => {
    const data = begun();
    const leaves = leavesOf(data, 0);
    expect(isUnchanged(data, leaves)).toBe(true);
    expect(isUnchanged(data, leaves)).toBe(true);
  });

  test.each<[string, (data: Shop & Record<PropertyKey, unknown>) => void]>([
    ["a value", (data) => void data.n++],
    ["a value inside", (data) => void (data.cart["tea"] = 2)],
    ["a property more", (data) => void (data["more"] = undefined)],
    ["a property less", (data) => void delete data.cart["tea"]],
    ["a name", (data) => void Object.assign(data, { cart: { chai: 1 } })],
    ["another order", (data) => Object.assign(data, { n: delete (data as Partial<Shop>).n && 1 })],
    ["an item more", (data) => void data.list.push(undefined)],
    ["an item less", (data) => void data.list.pop()],
    ["two items in each other's place", (data) => void data.list.unshift(data.list.pop())],
    ["a hole", (data) => void delete data.list[0]],
    ["a property of a list", (data) => void Object.assign(data.list, { note: 1 })],
    ["NaN for null", (data) => void Object.assign(data, { none: NaN })],
    ["a function", (data) => void (data["run"] = () => undefined)],
    ["a Map for an object", (data) => void Object.assign(data, { cart: new Map() })],
    ["a list for an object", (data) => void Object.assign(data, { cart: [] })],
    ["an object for a value", (data) => void Object.assign(data, { n: { valueOf: 1 } })],
    ["a value for an object", (data) => void Object.assign(data, { cart: 1 })],
    ["a symbol", (data) => void (data.cart[Symbol("s") as never] = 1)],
    ["another prototype", (data) => Object.setPrototypeOf(data.cart, class {}.prototype)],
    ["toJSON", (data) => Object.defineProperty(data.cart, "toJSON", { value: () => 1 })],
  ])("sees %s", (_, edit) => {
    for (const length of [0, 1_000]) {
      const data = begun();
      const leaves = leavesOf(data, length);
      edit(data as never);
      expect(isUnchanged(data, leaves)).toBe(false);
    }
  });
});
