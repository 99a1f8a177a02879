// The direction of imports: each file of src/ imports only what its row names, each adapter only the public index, the
// command line only public names.
// `node scripts/imports.js` checks it.

// @ts-check

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { filesUnder, isMain, ROOT } from "./system.js";

const BASE = ["errors", "events", "store", "check"];
const VALUES = [
  ...BASE,
  "cookie",
  "token",
  "data",
  "record",
  "changes",
  "options",
  "state",
  "session",
];
const PATH = [...VALUES, "users", "context", "row"];

/**
 * What each file of src/ may import, without `.ts`; `stores/*` means every file of that folder. A file takes the row
 * of its own name, else that of its folder; a file without a row fails. Cycles fail whatever the rows say.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const ROWS = {
  errors: ["cookie"],
  events: [],
  store: [],
  check: [],
  origin: ["check"],

  cookie: ["check"],
  token: BASE,
  data: BASE,
  record: [...BASE, "data", "token"],
  changes: [...BASE, "data", "record"],
  options: [...BASE, "cookie", "users"],
  state: [...BASE, "cookie", "data", "record", "changes"],
  session: [...BASE, "data", "record", "changes", "state", "token"],
  users: [],

  "stores/*": [...BASE, "stores/*"],
  "users/*": [...BASE, "users", "users/*", "stores/*"],

  "env/*": [...BASE, "stores/*", "env/*"],

  context: [...VALUES, "users"],
  row: VALUES,
  load: [...PATH, "end"],
  entries: PATH,
  end: [...PATH, "entries"],
  draft: [...PATH, "entries"],
  place: [...PATH, "draft", "end", "entries"],
  write: [...PATH, "draft", "end", "entries", "place"],
  commit: [...PATH, "draft", "write", "end", "entries"],
  account: [...PATH, "end", "entries"],
  response: BASE.concat("cookie"),
  sessions: [...PATH, "load", "commit", "account", "response"],

  index: ["*", "stores/*", "users/*"],
  redis: [...BASE, "stores/*", "users/*"],
  prisma: [...BASE, "stores/*", "users/*"],
  env: [...BASE, "env/*"],
};

/** Files that only these may import, whatever the other rows say. */
const ONLY_FOR = { "stores/upstash": ["redis", "env/redis"] };

/** Entries of the package: nothing but `export … from`. */
const ENTRIES = ["index", "redis", "prisma", "env"];

/** Packages that any file may import. */
const PACKAGES = ["@noble/hashes"];

/** What the command line may import beside its own files. */
const CLI = /^(node:.+|cac|coatcheck(\/(env|prisma|redis))?)$/;

/**
 * What an adapter may import of its framework: types alone, or what runs.
 * @type {Readonly<Record<string, { types?: readonly string[], values?: readonly string[] }>>}
 */
const FRAMEWORKS = {
  hono: { types: ["hono"] },
  next: { values: ["server-only", "next/headers.js", "next/server.js", "react"] },
};

/** What every adapter may import, beside its own files. */
const SHARED = "refusal";

/**
 * @param {string} [folder]
 * @returns {string[]} one sentence for each violation
 */
export function checkImports(folder = join(ROOT, "src")) {
  /** @type {string[]} */
  const faults = [];
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  for (const path of filesUnder(folder)) {
    const name = nameOf(folder, path);
    const text = readFileSync(path, "utf8");
    const row = ROWS[name] ?? ROWS[patternOf(name)];
    if (row === undefined) faults.push(`${name} has no row in scripts/imports.js`);
    if (ENTRIES.includes(name) && !onlyReexports(path, text)) {
      faults.push(`${name} does more than re-export`);
    }
    /** @type {string[]} */
    const targets = [];
    graph.set(name, targets);
    for (const { fileName: specifier } of ts.preProcessFile(text, true, true).importedFiles) {
      if (!specifier.startsWith(".")) {
        const known = PACKAGES.some((it) => specifier === it || specifier.startsWith(`${it}/`));
        if (!known) faults.push(`${name} imports the package ${specifier}`);
        continue;
      }
      const file = join(dirname(path), specifier);
      const target = nameOf(folder, file);
      targets.push(target);
      if (!existsSync(file)) faults.push(`${name} imports ${specifier}, which does not exist`);
      else if (!isAllowed(name, row ?? [], target)) faults.push(`${name} imports ${target}`);
    }
  }
  return [...faults, ...cyclesOf(graph)];
}

/**
 * An adapter may use only what a stranger could: the public index, its framework, the files of its own folder, and what
 * the adapters share, which is held to the same.
 * @param {string} [folder]
 * @returns {string[]} one sentence for each violation
 */
export function checkAdapters(folder = join(ROOT, "adapters")) {
  /** @type {string[]} */
  const faults = [];
  for (const path of filesUnder(folder)) {
    const name = nameOf(folder, path);
    const [framework = ""] = name.split("/");
    const { types = [], values = [] } = FRAMEWORKS[framework] ?? {};
    const text = readFileSync(path, "utf8");
    const { statements } = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022);
    const typeImports = statements
      .filter(ts.isImportDeclaration)
      .filter(({ importClause }) => importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
      .map(({ moduleSpecifier }) => /** @type {ts.StringLiteral} */ (moduleSpecifier).text);
    for (const { fileName: specifier } of ts.preProcessFile(text, true, true).importedFiles) {
      if (values.includes(specifier)) continue;
      if (types.includes(specifier) && typeImports.includes(specifier)) continue;
      const target = specifier.startsWith(".")
        ? nameOf(folder, join(dirname(path), specifier))
        : "";
      if (["../src/index", SHARED].includes(target) || target.startsWith(`${framework}/`)) continue;
      faults.push(`adapters/${name} imports ${specifier}`);
    }
  }
  return faults;
}

/**
 * The command line may use only what a stranger could: Node, its parser, and the library by its public names.
 * @param {string} [folder]
 * @returns {string[]} one sentence for each violation
 */
export function checkCli(folder = join(ROOT, "cli")) {
  /** @type {string[]} */
  const faults = [];
  for (const path of filesUnder(folder, (name) => name !== "sessions")) {
    if (!path.endsWith(".ts")) continue;
    const name = nameOf(folder, path);
    for (const { fileName } of ts.preProcessFile(readFileSync(path, "utf8"), true, true)
      .importedFiles) {
      if (CLI.test(fileName)) continue;
      const target = fileName.startsWith(".")
        ? nameOf(folder, join(dirname(path), fileName))
        : "..";
      if (target.startsWith("..")) faults.push(`cli/${name} imports ${fileName}`);
    }
  }
  return faults;
}

/**
 * @param {string} name
 * @param {readonly string[]} row
 * @param {string} target
 */
function isAllowed(name, row, target) {
  const only = Object.entries(ONLY_FOR).find(([file]) => file === target)?.[1];
  if (only !== undefined && !only.includes(name)) return false;
  return row.includes(target) || row.includes(patternOf(target));
}

/**
 * @param {string} folder
 * @param {string} path
 */
function nameOf(folder, path) {
  return relative(folder, path).replaceAll("\\", "/").replace(/\.ts$/, "");
}

/** @param {string} name */
function patternOf(name) {
  const folder = dirname(name);
  return folder === "." ? "*" : `${folder}/*`;
}

/**
 * @param {string} path
 * @param {string} text
 */
function onlyReexports(path, text) {
  const { statements } = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022);
  return statements.every(
    (statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined,
  );
}

/**
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @returns {string[]}
 */
function cyclesOf(graph) {
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {string[]} */
  const cycles = [];
  /** @type {(name: string, path: readonly string[]) => void} */
  const visit = (name, path) => {
    if (path.includes(name)) {
      cycles.push(`a cycle: ${[...path.slice(path.indexOf(name)), name].join(" -> ")}`);
      return;
    }
    if (done.has(name)) return;
    for (const target of graph.get(name) ?? []) visit(target, [...path, name]);
    done.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
  return cycles;
}

if (isMain(import.meta.url)) {
  const faults = [...checkImports(), ...checkAdapters(), ...checkCli()];
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) process.exitCode = 1;
}
