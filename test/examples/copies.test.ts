// Each example is complete by itself, so that some files stand in several. They must not drift apart.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
const HONO = ["hono-node", "hono-bun", "hono-deno", "hono-workers"];
const PLAIN = ["deno-plain", "vercel-edge", "workers-plain"];

function read(example: string, file: string): string {
  return readFileSync(`${EXAMPLES}${example}/${file}`, "utf8");
}

/** Whatever the layout of a style sheet. */
function compact(css: string): string {
  return css.replaceAll(/\s+|;(?=\s*\})/g, "");
}

describe("the examples", () => {
  test.each([...HONO, ...PLAIN])("%s has the page of all", (example) => {
    expect(read(example, "pages.ts")).toBe(read("hono-node", "pages.ts"));
  });

  test("next-app looks like the others", () => {
    const [, style = ""] = /const STYLE = `\n(.*?)`;/s.exec(read("hono-node", "pages.ts")) ?? [];
    expect(compact(read("next-app", "app/style.css"))).toBe(compact(style));
  });

  test.each(HONO)("%s is the same application as the others with Hono", (example) => {
    expect(read(example, "app.ts")).toBe(read("hono-node", "app.ts"));
  });

  test.each(PLAIN)("%s is the same application as the others without a framework", (example) => {
    expect(read(example, "app.ts")).toBe(read("workers-plain", "app.ts"));
  });

  test.each(readdirSync(EXAMPLES).filter((name) => name !== "demo"))(
    "%s says what to type, in a few lines",
    (example) => {
      const lines = read(example, "README.md").split("\n");
      expect(lines[0]).toMatch(/^# \S/);
      expect(lines).toContain("```sh");
      expect(lines.length).toBeLessThan(40);
    },
  );
});
