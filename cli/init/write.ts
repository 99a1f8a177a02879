// A start -> files. What exists is never touched: files are created, and that fails where one stands.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { newSecret } from "../secret.ts";
import type { Start } from "./starts.ts";

/** What became of a start. Paths as the user sees them. */
export interface Outcome {
  readonly written: readonly string[];
  readonly left: readonly string[];
  /** Whether all of it was written, not the part for a project that is there already. */
  readonly isNew: boolean;
  /** Whether git passes over the file for the secret; only then is it written. */
  readonly isIgnored: boolean;
}

const MANIFESTS = ["package.json", "deno.json", "deno.jsonc"];

/** Writes a start into a folder, which need not exist. */
export function writeStart(folder: string, { files, core, secrets }: Start): Outcome {
  const isNew = !MANIFESTS.some((name) => existsSync(join(folder, name)));
  const source = sourceFolder(folder);
  const written: string[] = [];
  const left: string[] = [];

  function create(path: string, text: string): void {
    const taken = takenBy(folder, path);
    if (taken !== undefined) {
      left.push(taken);
      return;
    }
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    // Between the look and this another may have made it: wx fails then.
    writeFileSync(join(folder, path), text, { flag: "wx" });
    written.push(path);
  }

  for (const [path, text] of Object.entries(files)) {
    if (isNew || core.includes(path)) create(isSource(path) ? source + path : path, text);
  }
  const isIgnored = ignores(folder, secrets);
  if (isIgnored) create(secrets, `SESSION_SECRET=${newSecret()}\n`);
  return { written, left, isNew, isIgnored };
}

/** Next takes `app` beside `src/app` for the only one: what is its own belongs into `src/` where that is. */
function sourceFolder(folder: string): string {
  return ["src/app", "src/pages"].some((path) => existsSync(join(folder, path))) ? "src/" : "";
}

function isSource(path: string): boolean {
  return /\.tsx?$/.test(path);
}

/** The file that stands in a file's place: the same, or one of its name in another of JavaScript's endings. */
function takenBy(folder: string, path: string): string | undefined {
  if (existsSync(join(folder, path))) return path;
  const names = namesFor(path);
  const place = dirname(path);
  if (names === undefined || !existsSync(join(folder, place))) return undefined;
  const found = readdirSync(join(folder, place)).find((name) => names.test(name));
  return found === undefined ? undefined : join(place, found);
}

function namesFor(path: string): RegExp | undefined {
  const stem = /([^/]+)\.tsx?$/.exec(path)?.[1];
  if (stem === undefined) return undefined;
  // Next 16 refuses to run with both.
  const stems = stem === "proxy" ? "proxy|middleware" : stem;
  return new RegExp(`^(${stems})\\.[cm]?[jt]sx?$`);
}

/** Whether `.gitignore` names the file: a line of its own, or a pattern such as `.env*`. */
function ignores(folder: string, file: string): boolean {
  const path = join(folder, ".gitignore");
  if (!existsSync(path)) return false;
  const lines = readFileSync(path, "utf8")
    .split(/\r?\n/)
    .map((line) => line.trim());
  const isHit = (line: string) => globOf(line.replace(/^\//, "")).test(file);
  // A later line that begins with ! takes it out again.
  return lines.reduce(
    (ignored, line) =>
      line.startsWith("!") ? ignored && !isHit(line.slice(1)) : ignored || isHit(line),
    false,
  );
}

function globOf(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}
