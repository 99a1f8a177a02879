// What the tests need on the machine beside the root's packages: programs of the system, and the packages of the
// folders that keep their own. `node scripts/system.js` looks, and installs what it may.

// @ts-check

import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {readonly string[]} binaries names under which it may be found
 * @property {readonly string[]} places paths outside PATH
 * @property {Readonly<Record<Manager, string>>} packages what each package manager calls it
 *
 * @typedef {"apt-get" | "brew" | "dnf" | "pacman"} Manager
 *
 * @typedef {object} Result
 * @property {boolean} ok
 * @property {string} output
 */

export const ROOT = fileURLToPath(new URL("../", import.meta.url));
export const IN_CI = process.env["CI"] === "true";

const FOLDERS = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/snap/bin"];

/** @type {readonly Program[]} */
const PROGRAMS = [
  {
    name: "redis-server",
    binaries: ["redis-server"],
    places: [],
    packages: { "apt-get": "redis-server", brew: "redis", dnf: "redis", pacman: "valkey" },
  },
  {
    name: "postgres",
    binaries: ["postgres"],
    places: [
      ...["15", "16", "17"].map((version) => `/usr/lib/postgresql/${version}/bin/postgres`),
      "/opt/homebrew/opt/postgresql@17/bin/postgres",
    ],
    packages: {
      "apt-get": "postgresql",
      brew: "postgresql@17",
      dnf: "postgresql-server",
      pacman: "postgresql",
    },
  },
  {
    name: "mariadbd",
    binaries: ["mariadbd"],
    places: ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd"],
    packages: {
      "apt-get": "mariadb-server",
      brew: "mariadb",
      dnf: "mariadb-server",
      pacman: "mariadb",
    },
  },
  {
    name: "chromium",
    binaries: ["chromium", "chromium-browser", "google-chrome"],
    places: [
      "/Applications/Chromium.app/Contents/MacOS/Chromium",
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ],
    packages: { "apt-get": "chromium", brew: "chromium", dnf: "chromium", pacman: "chromium" },
  },
];

/** @type {Readonly<Record<Manager, string>>} */
const COMMANDS = {
  brew: "brew install",
  "apt-get": "sudo apt-get update && sudo apt-get install --no-install-recommends",
  dnf: "sudo dnf install",
  pacman: "sudo pacman -S",
};

/**
 * Looks for the programs; installs what is missing where that needs no question (root on Debian, unless
 * NO_SYSTEM_INSTALL=1), says elsewhere what to type.
 * @param {readonly string[]} [wanted] default: all
 * @returns {string[]} the names of what is still missing
 */
export function ensurePrograms(wanted = PROGRAMS.map(({ name }) => name)) {
  const missing = findMissing(wanted);
  if (missing.length === 0) return [];
  const names = missing.map(({ name }) => name).join(", ");
  const manager = /** @type {Manager[]} */ (Object.keys(COMMANDS)).find(findProgram);
  if (manager === undefined) {
    console.log(`Missing on this machine: ${names}. Install with your package manager.`);
    return missing.map(({ name }) => name);
  }
  const packages = missing.map((program) => program.packages[manager]);
  const mayInstall = process.env["NO_SYSTEM_INSTALL"] !== "1" && process.getuid?.() === 0;
  if (manager === "apt-get" && mayInstall) {
    installWithApt(packages);
    return findMissing(wanted).map(({ name }) => name);
  }
  console.log(`Missing on this machine: ${names}. To install:`);
  console.log(`  ${COMMANDS[manager]} ${packages.join(" ")}`);
  return missing.map(({ name }) => name);
}

/** @param {readonly string[]} wanted */
function findMissing(wanted) {
  return PROGRAMS.filter(({ name }) => wanted.includes(name) && findProgram(name) === null);
}

/**
 * Where a program is: on PATH, else in the usual places. Null when this machine has none.
 * @param {string} name of one of `PROGRAMS`, else of a binary
 * @returns {string | null}
 */
export function findProgram(name) {
  const { binaries = [name], places = [] } = PROGRAMS.find((it) => it.name === name) ?? {};
  const folders = [...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean), ...FOLDERS];
  const paths = binaries.flatMap((binary) => folders.map((folder) => join(folder, binary)));
  return [...paths, ...places].find(isExecutable) ?? null;
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // whatever the reason: it cannot be run
  }
}

/** @param {readonly string[]} packages */
function installWithApt(packages) {
  console.log(`Installing with apt-get: ${packages.join(", ")} (NO_SYSTEM_INSTALL=1 forbids it)`);
  const install = ["install", "--yes", "--no-install-recommends", ...packages];
  // The package lists may be absent or older than the mirror: then the first try fails.
  if (apt(install).ok) return;
  const update = apt(["update"]);
  if (!update.ok) console.log(update.output);
  const second = apt(install);
  if (!second.ok) console.log(second.output);
}

/**
 * @param {readonly string[]} args
 * @returns {Result}
 */
function apt(args) {
  const { status, stdout, stderr } = spawnSync("apt-get", args, {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return { ok: status === 0, output: `${stdout ?? ""}${stderr ?? ""}` };
}

/**
 * Runs a program in the repository and collects what it prints.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<Result>}
 */
export function run(command, args, { cwd = ROOT, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.once("error", ({ message }) => resolve({ ok: false, output: message }));
    child.once("close", (code) => resolve({ ok: code === 0, output }));
  });
}

/**
 * Runs a program in the repository with its output on the terminal.
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<boolean>}
 */
export function show(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: "inherit" });
    child.once("error", ({ message }) => {
      console.log(message);
      resolve(false);
    });
    child.once("close", (code) => resolve(code === 0));
  });
}

/**
 * A program of a folder's packages.
 * @param {string} name
 * @param {string} [folder]
 */
export function bin(name, folder = ".") {
  return join(ROOT, folder, "node_modules/.bin", name);
}

/**
 * `npm ci` in a folder of the repository that keeps packages of its own, if they are missing or older than its lock.
 * @param {string} folder
 * @returns {Promise<Result>}
 */
export async function installPackages(folder) {
  const path = join(ROOT, folder);
  if (!existsSync(join(path, "package.json")) || isInstalled(folder)) {
    return { ok: true, output: "" };
  }
  console.log(`Installing the packages of ${folder}`);
  return run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: path });
}

/**
 * Whether a folder of the repository has its packages, as its lock says.
 * @param {string} folder
 */
export function isInstalled(folder) {
  const path = join(ROOT, folder);
  const installed = join(path, "node_modules/.package-lock.json");
  if (!existsSync(installed)) return false;
  return statSync(installed).mtimeMs >= statSync(join(path, "package-lock.json")).mtimeMs;
}

/** Whether the library was built from what stands in src/ now. */
export function isBuilt() {
  // It is written last.
  const built = join(ROOT, "dist/starts.json");
  if (!existsSync(built)) return false;
  const { mtimeMs } = statSync(built);
  return [...filesUnder(join(ROOT, "src"))].every((file) => statSync(file).mtimeMs < mtimeMs);
}

/**
 * Every file under a folder.
 * @param {string} folder
 * @param {(name: string) => boolean} [enters] whether to enter a folder of that name
 * @returns {Generator<string>}
 */
export function* filesUnder(folder, enters = () => true) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && enters(entry.name)) yield* filesUnder(path, enters);
  }
}

/**
 * Whether a module is the program that was started.
 * @param {string} url
 */
export function isMain(url) {
  return process.argv[1] === fileURLToPath(url);
}

if (isMain(import.meta.url)) {
  const missing = ensurePrograms();
  console.log(missing.length === 0 ? "Nothing is missing" : `Missing: ${missing.join(", ")}`);
  if (missing.length > 0 && IN_CI) process.exitCode = 1;
}
