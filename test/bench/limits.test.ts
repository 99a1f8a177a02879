import { describe, expect, it } from "vitest";
import { findFaults } from "../../bench/limits.js";

const NONE = { calls: 0, roundTrips: 0, unawaited: 0 };
const CHEAP = { bytes: 1, ratio: 100 };
const FIGURES = {
  node: "20.0.0",
  calls: {
    read: { calls: 1, roundTrips: 1, unawaited: 0 },
    write: { calls: 2, roundTrips: 2, unawaited: 0 },
    anonymous: NONE,
    forged: NONE,
    "sign in": { calls: 3, roundTrips: 3, unawaited: 0 },
  },
  left: { keys: 50, counted: 50 },
  prices: { read: CHEAP, write: CHEAP, anonymous: CHEAP, forged: CHEAP, "sign in": CHEAP },
};

describe("the limits", () => {
  it("let pass what costs no more", () => {
    expect(findFaults(FIGURES)).toEqual([]);
  });

  it("name the work that has become dearer, and where its limit stands", () => {
    const prices = { ...FIGURES.prices, read: { bytes: 1_000_000, ratio: 0.01 } };
    const [bytes, ratio, mend] = findFaults({ ...FIGURES, prices });
    expect(bytes).toMatch(/^read allocates 1,000,000 bytes, \d+,\d+ more than its limit/);
    expect(ratio).toMatch(/^read is 0\.01 times as cheap as the floor/);
    expect(mend).toContain("bench/limits.js");
  });

  it("judge calls alone on another major version of Node", () => {
    const prices = { ...FIGURES.prices, read: { bytes: 1_000_000, ratio: 0.01 } };
    const forged = { calls: 1, roundTrips: 1, unawaited: 0 };
    const calls = { ...FIGURES.calls, forged };
    expect(findFaults({ ...FIGURES, node: "99.0.0", prices, calls })).toEqual([
      "forged takes 1 calls of the store in 1 round trips, 0 not awaited: 0 are promised",
    ]);
  });

  it("miss no write that was lost, and no call that nobody waited for", () => {
    const calls = { ...FIGURES.calls, read: { calls: 1, roundTrips: 1, unawaited: 1 } };
    expect(findFaults({ ...FIGURES, calls, left: { keys: 50, counted: 49 } })).toHaveLength(2);
  });
});
