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
    const text = await read(name);
    const named = text
      .replaceAll(`./${file}`, "./index.js")
      .replaceAll(/(?<=^(?:import|export) \{ )[^}]+(?= \} from '\.\/index\.js')/gm, (list) =>
        renamed(list, ([first, last = first]) =>
          open.has(first) ? undefined : `_${first} as ${last}`,
        ),
      );
    const own = name === "index.js" ? hideIn(named, open) : named;
    await writeFile(join(FOLDER, name), own);
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
 * @param {string} text
 * @param {ReadonlySet<string>} open
 */
function hideIn(text, open) {
  return text.replace(/(?<=^export \{ )[^}]+(?= \};\s*$)/m, (list) =>
    renamed(list, ([first, last = first]) => (open.has(last) ? undefined : `${first} as _${last}`)),
  );
}

/**
 * @param {string} list of names, as between braces
 * @param {(item: readonly [first: string, last: string | undefined]) => string | undefined} rename `undefined` keeps an item
 */
function renamed(list, rename) {
  const items = list.split(",").map((item) => item.trim());
  return items
    .map((item) => {
      const [first = "", last] = item.split(" as ");
      return rename([first, last]) ?? item;
    })
    .join(", ");
}

async function builtFiles() {
  return (await readdir(FOLDER)).filter((name) => name.endsWith(".js"));
}

/** @param {string} name */
function read(name) {
  return readFile(join(FOLDER, name), "utf8");
}
