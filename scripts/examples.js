// Projects that use the library, the examples above all, as their readers have them: copied elsewhere and installed
// from the packed tarball. Run by itself (`npm run examples`, after a build), makes their lock files anew. Nothing is
// installed where they stand.

// @ts-check

import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { isMain, ROOT, run } from "./system.js";

/** Projects with a lock file; all examples beside these. */
const OTHERS = ["test/adapters/next"];
const NAME = "coatcheck";
const MADE = ["node_modules", ".env", ".dev.vars", ".next", ".vercel", ".wrangler"];
const FLAGS = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];

/**
 * Copies a project to a temporary folder, without what running it may have made there.
 * @param {string} project the path of its folder in the repository
 * @returns {Promise<string>} the folder, for the caller to remove
 */
async function copyProject(project) {
  const folder = await mkdtemp(join(tmpdir(), `coatcheck-${basename(project)}-`));
  await cp(join(ROOT, project), folder, {
    recursive: true,
    filter: (source) => !MADE.includes(basename(source)),
  });
  return folder;
}

/**
 * Copies a project, and installs there what its lock file says, with the packed tarball for the library.
 * @param {string} project the path of its folder in the repository
 * @returns {Promise<string>} the copy, for the caller to remove
 */
export async function installProject(project) {
  return orRemove(await copyProject(project), installFolder);
}

/**
 * Installs what the lock file of a folder says, with the packed tarball for the library.
 * @param {string} folder
 */
async function installFolder(folder) {
  const tarball = await usePacked(folder);
  await edit(join(folder, "package-lock.json"), (lock) => {
    lock.packages[""].dependencies[NAME] = tarball;
    lock.packages[`node_modules/${NAME}`].resolved = tarball;
  });
  await must("npm", ["ci", ...FLAGS], folder);
}

/**
 * What `npx coatcheck init` writes, by the packed tarball's own command, into a folder that is empty; installed like
 * the example it is made of.
 * @param {string} start
 * @param {string} project the path of that example's folder in the repository
 * @returns {Promise<string>} the folder, for the caller to remove
 */
export async function installStart(start, project) {
  return orRemove(await mkdtemp(join(tmpdir(), `coatcheck-init-${start}-`)), async (folder) => {
    const tool = await mkdtemp(join(tmpdir(), "coatcheck-tool-"));
    try {
      const tarball = await pack(tool);
      await must("npm", ["install", ...FLAGS, `./${tarball}`], tool);
      await must(join(tool, "node_modules/.bin/coatcheck"), ["init", start], folder);
    } finally {
      await rm(tool, { recursive: true, force: true });
    }
    if ((await readdir(folder)).includes("deno.json")) {
      await linkFolder(folder);
      return;
    }
    // Of the example, so that the same versions run here as there; it writes none.
    await cp(join(ROOT, project, "package-lock.json"), join(folder, "package-lock.json"));
    await installFolder(folder);
  });
}

/**
 * Does something with a new folder, and removes it where that fails.
 * @param {string} folder
 * @param {(folder: string) => Promise<void>} work
 */
async function orRemove(folder, work) {
  try {
    await work(folder);
    return folder;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Copies a project for Deno, and links there what its imports name: the packed tarball for `npm:`, the files that are
 * published for `jsr:`. The rest Deno fetches itself when it runs.
 * @param {string} project the path of its folder in the repository
 * @returns {Promise<string>} the copy, for the caller to remove
 */
export async function linkProject(project) {
  return orRemove(await copyProject(project), linkFolder);
}

/** @param {string} folder */
async function linkFolder(folder) {
  const library = join(folder, ".library");
  await mkdir(library);
  const manifest = join(folder, "deno.json");
  const { imports } = JSON.parse(await readFile(manifest, "utf8"));
  if (imports[NAME].startsWith("jsr:")) {
    const { publish } = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8"));
    for (const path of ["deno.json", ...publish.include]) {
      await cp(join(ROOT, path), join(library, path), { recursive: true });
    }
    await edit(manifest, (content) => Object.assign(content, { links: ["./.library"] }));
    return;
  }
  const tarball = await pack(library);
  await must("tar", ["-xzf", tarball, "--strip-components=1"], library);
  // Deno links npm packages only where there is a node_modules; without a link none is needed.
  const linked = { links: ["./.library"], nodeModulesDir: "auto" };
  await edit(manifest, (content) => Object.assign(content, linked));
}

/**
 * Makes the lock file of a project, as it will be when the library is on the registry.
 * @param {string} project
 */
async function lockProject(project) {
  const folder = await copyProject(project);
  try {
    const { dependencies } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    await usePacked(folder);
    await cp(join(ROOT, ".npmrc"), join(folder, ".npmrc"));
    await must("npm", ["install", "--package-lock-only", ...FLAGS], folder);
    const lock = join(folder, "package-lock.json");
    await edit(lock, ({ packages }) => {
      packages[""].dependencies = dependencies;
      delete packages[`node_modules/${NAME}`].resolved;
      delete packages[`node_modules/${NAME}`].integrity;
    });
    await cp(lock, join(ROOT, project, "package-lock.json"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Packs the library into a folder and names the tarball in its package.json.
 * @param {string} folder
 */
async function usePacked(folder) {
  const tarball = `file:${await pack(folder)}`;
  await edit(join(folder, "package.json"), ({ dependencies }) => {
    dependencies[NAME] = tarball;
  });
  return tarball;
}

/**
 * @param {string} folder
 * @returns {Promise<string>} the tarball's name
 */
async function pack(folder) {
  await must("npm", ["pack", "--pack-destination", folder], ROOT);
  const name = (await readdir(folder)).find((file) => file.endsWith(".tgz"));
  if (name === undefined) throw new Error("npm pack made no tarball");
  return name;
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
async function must(command, args, cwd) {
  const { ok, output } = await run(command, args, { cwd });
  if (!ok) throw new Error(`${command} ${args.join(" ")} failed: ${output}`);
}

/**
 * @param {string} path
 * @param {(content: any) => void} change
 */
async function edit(path, change) {
  const content = JSON.parse(await readFile(path, "utf8"));
  change(content);
  await writeFile(path, `${JSON.stringify(content, null, 2)}\n`);
}

if (isMain(import.meta.url)) {
  const given = process.argv.slice(2);
  const examples = (await readdir(join(ROOT, "examples"))).map((name) => `examples/${name}`);
  for (const project of given.length > 0 ? given : [...examples, ...OTHERS]) {
    if (!(await readdir(join(ROOT, project))).includes("package.json")) continue;
    console.log(`Locking ${project}`);
    await lockProject(project);
  }
}
