import { describe, expect, test } from "vitest";
import {
  checkOptions,
  isFunction,
  isObject,
  oneOf,
  optional,
  wholeNumber,
} from "../../src/check.ts";

const RULES = {
  size: wholeNumber(5, 10, "seats"),
  colour: oneOf("red", "green"),
  paint: [undefined, optional(isFunction), "a function"],
} as const;

describe("checkOptions()", () => {
  test("fills in every default", () => {
    const checked = checkOptions("chairs", {}, RULES);
    expect(checked).toEqual({ size: 5, colour: "red", paint: undefined });
  });

  test("takes undefined for absent, and keeps what is right", () => {
    expect(checkOptions("chairs", { size: undefined, colour: "green" }, RULES)).toMatchObject({
      size: 5,
      colour: "green",
    });
  });

  test("does not change the options it is given", () => {
    const options = Object.freeze({ size: 1 });
    expect(checkOptions("chairs", options, RULES)).not.toBe(options);
  });

  test("refuses an unknown option and names it", () => {
    expect(() => checkOptions("chairs", { sise: 1 }, RULES)).toThrow(TypeError);
    expect(() => checkOptions("chairs", { sise: 1 }, RULES)).toThrow("sise");
  });

  test.each(["constructor", "toString", "hasOwnProperty", "__proto__"])(
    "refuses the unknown option %s, which objects inherit",
    (name) => {
      const options = JSON.parse(`{"${name}":{"size":3}}`) as object;
      expect(() => checkOptions("chairs", options, RULES)).toThrow(TypeError);
    },
  );

  test("says what is being created, which option is wrong, and what it must be", () => {
    expect(() => checkOptions("chairs", { size: 11 }, RULES)).toThrow(/chairs.*size.*seats.*1.*10/);
    expect(() => checkOptions("chairs", { colour: "blue" }, RULES)).toThrow(/colour.*red.*green/);
  });

  test("a number out of range is a RangeError, anything else a TypeError", () => {
    expect(() => checkOptions("chairs", { size: 0 }, RULES)).toThrow(RangeError);
    expect(() => checkOptions("chairs", { size: "5" }, RULES)).toThrow(TypeError);
    expect(() => checkOptions("chairs", { paint: "on" }, RULES)).toThrow(TypeError);
  });
});

describe("the rules", () => {
  test.each([1, 2, 9, 10])("wholeNumber(5, 10) takes %s", (value) => {
    expect(checkOptions("chairs", { size: value }, RULES)).toMatchObject({ size: value });
  });

  test.each([0, -1, 11, 1.5, Number.NaN, Infinity, -Infinity, "5", "", null, true, 5n, [5], {}])(
    "wholeNumber(5, 10) refuses %s",
    (value) => {
      expect(() => checkOptions("chairs", { size: value }, RULES)).toThrow("size");
    },
  );

  test("oneOf() takes none but its values, by identity", () => {
    for (const value of ["RED", "", null, 0, ["red"]]) {
      expect(() => checkOptions("chairs", { colour: value }, RULES)).toThrow("colour");
    }
  });

  test("optional() takes undefined and not null", () => {
    const isRight = optional(isFunction);
    expect([undefined, isObject, null, 0].map(isRight)).toEqual([true, true, false, false]);
  });

  test("isObject() takes objects and lists, not null, not functions", () => {
    expect([{}, [], null, isObject, "", 0, undefined].map(isObject)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
