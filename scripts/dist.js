// What becomes of the built files before they are published: short, since a cold start reads all of them, and what most
// applications import in one file. tsup.config.ts calls it.

// @ts-check

import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { transform } from "esbuild";
import { ROOT } from "./system.js";

const FOLDER = join(ROOT, "dist");
/** All that an entry is whose code is in a file with that of others. */
const REEXPORT = /^export \{ (?<names>[\w, ]+) \} from '\.\/(?<file>[\w-]+\.js)';\s*$/;

/**
 * Makes the file that `index.js` and `redis.js` lead to the entry itself, since to find and open another takes as long as
 * ten kilobytes more. What it exports for the other files alone gets a name that says so: `_isObject`.
 */
export async function joinEntries() {
  const entries = await Promise.all(["index.js", "redis.js"].map(readEntry));
  const [file = ""] = entries.map((entry) => entry.file);
  if (entries.some((entry) => entry.file !== file))
    throw new Error("The entries lead to two files");
  const open = new Set(entries.flatMap(({ names }) => names));
  await rename(join(FOLDER, file), join(FOLDER, "index.js"));
  for (const name of await builtFiles()) {
    const text = (await read(name)).replaceAll(`./${file}`, "./index.js");
    await writeFile(join(FOLDER, name), hide(text, name === "index.js", open));
  }
}

/** Shortens names, and maps each file to the text before. Lines stay, and with them what bundlers read in comments. */
export async function shorten() {
  for (const name of await builtFiles()) {
    const { code, map } = await transform(await read(name), {
      format: "esm",
      target: "es2022",
      minifyIdentifiers: true,
      minifySyntax: true,
      sourcemap: true,
      sourcefile: name,
    });
    await writeFile(join(FOLDER, name), `${code}//# sourceMappingURL=${name}.map\n`);
    await writeFile(join(FOLDER, `${name}.map`), map);
  }
}

/** @param {string} name */
async function readEntry(name) {
  const { names = "", file = "" } = REEXPORT.exec(await read(name))?.groups ?? {};
  if (file === "" || names.includes(" as ")) {
    throw new Error(
      `dist/${name} is more than the names of one file: what else it exports would be lost`,
    );
  }
  return { file, names: names.split(", ") };
}

/**
 * Renames what is not public, where the entry exports it and where the other files import it.
 * @param {string} text
 * @param {boolean} isEntry
 * @param {ReadonlySet<string>} open
 */
function hide(text, isEntry, open) {
  const clause = /^(import|export) \{ ([^}]+) \}( from '\.\/index\.js')?;$/gm;
  return text.replaceAll(clause, (whole, word, list, from = "") => {
    if (!from && !isEntry) return whole;
    const items = list.split(", ").map((/** @type {string} */ item) => {
      const [first = "", last = first] = item.split(" as ");
      if (open.has(from ? first : last)) return item;
      return from ? `_${first} as ${last}` : `${first} as _${last}`;
    });
    return `${word} { ${items.join(", ")} }${from};`;
  });
}

async function builtFiles() {
  return (await readdir(FOLDER)).filter((name) => name.endsWith(".js"));
}

/** @param {string} name */
function read(name) {
  return readFile(join(FOLDER, name), "utf8");
}
