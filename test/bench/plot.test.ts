import { describe, expect, it } from "vitest";
import { plot } from "../../bench/plot.js";

const RATIO = { low: 0.7, median: 0.8, high: 0.9 };
const READ = {
  taken: [],
  micros: { wall: RATIO, cpu: RATIO },
  ratios: { wall: RATIO, cpu: RATIO },
};
const RESULT = {
  name: "ours",
  version: "1.0.0",
  keeps: "store",
  unsigned: false,
  speaks: "Web",
  isFloor: false,
  isOurs: true,
  works: { read: READ },
  calls: undefined,
  left: { keys: 50, counted: 50 },
} as const;
const MEASURED = {
  machine: { node: "20.0.0", cpu: "a <fast> one & more", cores: 2 },
  rounds: 41,
  results: [RESULT],
};

describe("the plot", () => {
  it("takes names as text, never as markup", () => {
    const svg = plot({ ...MEASURED, results: [{ ...RESULT, name: "</desc><script>&" }] });
    expect(svg).not.toContain("<script");
    expect(svg).toContain("&lt;/desc&gt;&lt;script&gt;&amp; 1.0.0");
    expect(svg).toContain("a &lt;fast&gt; one &amp; more");
  });

  it("says every value in its description", () => {
    expect(/<desc[^>]*>(.*)<\/desc>/.exec(plot(MEASURED))?.[1]).toContain(
      "read: ours 1.0.0: 0.80.",
    );
  });

  it("leaves out who keeps sessions in cookies, and the floor", () => {
    const others = [
      { ...RESULT, name: "sealed", keeps: "cookie" },
      { ...RESULT, name: "ground", isFloor: true },
    ] as const;
    const svg = plot({ ...MEASURED, results: [RESULT, ...others] });
    expect(svg).not.toMatch(/sealed|ground 1/);
  });
});
