import { describe, expect, test } from "vitest";
import { apply, type Change, diff, isThenable, restore } from "../../src/changes.ts";

type Data = Record<string, unknown>;

function replay(change: Change<Data> | undefined, onto: Data): Data {
  change?.({ data: onto, flash: new Map() });
  return onto;
}

describe("diff()", () => {
  test("answers undefined where nothing changed, whatever the order of keys", () => {
    expect(diff('{"a":1,"b":[1]}', '{"b":[1],"a":1}')).toBeUndefined();
    expect(diff("{}", "{}")).toBeUndefined();
  });

  test("tells an edit from another order of the same length", () => {
    expect(replay(diff('{"a":1,"b":2}', '{"b":1,"a":2}'), {})).toEqual({ a: 2, b: 1 });
  });

  test.each<[string, string, Data, Data, Data]>([
    ["adds", "{}", { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    ["changes", '{"a":1}', { a: 2 }, { a: 5, b: 2 }, { a: 2, b: 2 }],
    ["removes", '{"a":1}', {}, { a: 1, b: 2 }, { b: 2 }],
    ["sees edits in place", '{"a":[{"b":1}]}', { a: [{ b: 2 }] }, { a: [] }, { a: [{ b: 2 }] }],
    [
      "leaves others' properties alone",
      '{"a":1,"b":1}',
      { a: 2, b: 1 },
      { a: 1, b: 7 },
      { a: 2, b: 7 },
    ],
    ["knows null from absent", '{"a":null}', {}, { a: null }, {}],
    ["takes names that objects inherit", "{}", { constructor: 1 }, {}, { constructor: 1 }],
    ["removes names that objects inherit", '{"toString":1}', {}, { toString: 1 }, {}],
  ])("%s", (_, before, after, onto, result) => {
    expect(replay(diff(before, JSON.stringify(after)), onto)).toEqual(result);
  });

  test("gives each copies of its own", () => {
    const change = diff<Data>("{}", '{"list":[1]}');
    const [first, second] = [replay(change, {}), replay(change, {})];
    expect(first).toEqual({ list: [1] });
    expect(first["list"]).not.toBe(second["list"]);
  });
});

describe("apply()", () => {
  test("is the function, on whatever data it is given", () => {
    const change = apply<Data>((data) => {
      data["n"] = Number(data["n"] ?? 0) + 1;
    });
    expect(replay(change, { n: 1 })).toEqual({ n: 2 });
    expect(replay(change, {})).toEqual({ n: 1 });
  });

  test("ignores what the function answers, but a promise of any make is a TypeError", () => {
    expect(
      replay(
        apply<Data>(() => 5),
        {},
      ),
    ).toEqual({});
    expect(() =>
      replay(
        apply<Data>(async () => undefined),
        {},
      ),
    ).toThrow(TypeError);
    // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
    const thenable = { then: () => undefined };
    const change = apply<Data>(() => thenable);
    expect(() => replay(change, {})).toThrow(TypeError);
  });

  test("an async function that rejects is a TypeError and no unhandled rejection", async () => {
    const change = apply<Data>(() => Promise.reject(new Error("late")));
    expect(() => replay(change, {})).toThrow(TypeError);
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test("passes on what the function throws", () => {
    const change = apply<Data>(() => {
      throw new RangeError("mine");
    });
    expect(() => replay(change, {})).toThrow("mine");
  });
});

test("isThenable() takes promises of any make and nothing else", () => {
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
  const thenable = { then: () => undefined };
  expect([Promise.resolve(), thenable].map(isThenable)).toEqual([true, true]);
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
  const almost = { then: 1 };
  expect([{}, null, almost, undefined, "then"].some(isThenable)).toBe(false);
});

test("restore() gives back the properties of the text and no others, in the same object", () => {
  const data: Data = { a: [2], c: 3, [Symbol("d")]: 4 };
  Object.defineProperty(data, "toJSON", { value: () => 5, configurable: true });
  restore(data, '{"a":[1],"b":null}');
  expect(data).toEqual({ a: [1], b: null });
  expect(Reflect.ownKeys(data)).toEqual(["a", "b"]);
});

test("restore() runs no code of what it takes away, and leaves nothing hidden", () => {
  const data: Data = { b: 2 };
  const fail = () => {
    throw new Error("run");
  };
  Object.defineProperties(data, {
    a: { get: fail, set: fail, enumerable: true, configurable: true },
    c: { value: 3, configurable: true },
    d: { value: 4, configurable: true, enumerable: true },
  });
  restore(data, '{"a":1,"b":2,"c":3,"d":5}');
  expect(JSON.stringify(data, ["a", "b", "c", "d"])).toBe('{"a":1,"b":2,"c":3,"d":5}');
  data["d"] = 6;
  expect(data["d"]).toBe(6);
  expect(() => restore(Object.freeze({ a: 2 }), '{"a":1}')).not.toThrow();
});
