// A start -> files. What exists is never touched: files are created, and that fails where one stands.

import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { newSecret } from "../secret.ts";
import { UsageError } from "../usage.ts";
import type { Files, Start } from "./starts.ts";

/** What is to become of a start. Paths as the user sees them. */
export interface Plan {
  readonly files: Files;
  readonly left: readonly string[];
  /** Whether all of it is written, not the part for a project that is there already. */
  readonly isNew: boolean;
  /** Whether git passes over the file for the secret; only then is it written. */
  readonly isIgnored: boolean;
}

const MANIFESTS = ["package.json", "deno.json", "deno.jsonc"];

/**
 * Decides what is written into a folder, which need not exist. Writes nothing.
 *
 * @throws UsageError where a file stands in a folder's place
 */
export function planStart(folder: string, { files, core, secrets }: Start): Plan {
  const isNew = !MANIFESTS.some((name) => exists(join(folder, name)));
  const source = sourceFolder(folder);
  const planned: Record<string, string> = {};
  const left: string[] = [];

  function plan(path: string, text: string): void {
    refuseFileAbove(folder, path);
    const taken = takenBy(folder, path);
    if (taken === undefined) planned[path] = text;
    else left.push(taken);
  }

  for (const [path, text] of Object.entries(isNew ? files : core)) {
    plan(isSource(path) ? source + path : path, text);
  }
  const isIgnored = ignores(planned[".gitignore"] ?? textIn(join(folder, ".gitignore")), secrets);
  if (isIgnored) plan(secrets, `SESSION_SECRET=${newSecret()}\n`);
  return { files: planned, left, isNew, isIgnored };
}

/**
 * Writes what was planned, and tells of each file once it is there.
 *
 * @throws what the system throws; nothing of the file in question is there then
 */
export function writePlan(
  folder: string,
  { files }: Plan,
  onWritten: (path: string) => void = () => undefined,
): void {
  const isManifest = (path: string) => MANIFESTS.includes(path);
  // Last, since it makes a project of the folder: the next attempt would write its part for one, and not go on.
  const ordered = [
    ...Object.entries(files).filter(([path]) => !isManifest(path)),
    ...Object.entries(files).filter(([path]) => isManifest(path)),
  ];
  for (const [path, text] of ordered) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    create(join(folder, path), text);
    onWritten(path);
  }
}

function create(path: string, text: string): void {
  // Between the look and this another may have made it: wx fails then.
  const file = openSync(path, "wx");
  try {
    writeFileSync(file, text);
  } catch (error) {
    // Half a file would be left alone by the next attempt.
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** A link that leads nowhere is there too: what is created in its place is created elsewhere, or not at all. */
function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false; // or nobody may look, and then nobody may write
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function refuseFileAbove(folder: string, path: string): void {
  const parts = dirname(path).split("/");
  const above = parts
    .map((_, at) => parts.slice(0, at + 1).join("/"))
    .filter((each) => each !== ".");
  const taken = above.find((each) => exists(join(folder, each)) && !isFolder(join(folder, each)));
  if (taken === undefined) return;
  throw new UsageError(
    `Cannot write a start: ${path} needs a folder ${taken}, and something else stands there; nothing was written`,
  );
}

/** Next takes `app` beside `src/app` for the only one: what is its own belongs into `src/` where that is. */
function sourceFolder(folder: string): string {
  return ["src/app", "src/pages"].some((path) => exists(join(folder, path))) ? "src/" : "";
}

/** What is in `app` goes where `app` is, style sheets too. */
function isSource(path: string): boolean {
  return path.startsWith("app/") || /\.tsx?$/.test(path);
}

/** The file that stands in a file's place: the same, or one of its name in another of JavaScript's endings. */
function takenBy(folder: string, path: string): string | undefined {
  if (exists(join(folder, path))) return path;
  const names = namesFor(path);
  const place = dirname(path);
  if (names === undefined || !exists(join(folder, place))) return undefined;
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

/** Of a file; nothing where there is none, or something else of that name. */
function textIn(path: string): string {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? readFileSync(path, "utf8") : "";
}

/** Whether a `.gitignore` names the file: a line of its own, or a pattern such as `.env*`. */
function ignores(text: string, file: string): boolean {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  // In any folder, this one too; or in this one alone.
  const isHit = (line: string) => globOf(line.replace(/^(\*\*)?\//, "")).test(file);
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
