// The library with one mistake in it, each a change of one place in its source; and how it is built.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { Library } from "./app.ts";

export interface Mutant {
  readonly mistake: string;
  /** Under `src/`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly text: string;
  readonly becomes: string;
  readonly mode: "fallback" | "cached";
  /** Whether it takes an index of users to find it out. */
  readonly users?: boolean;
  /** The first seed to be tried, for what shows itself seldom. Default 1. */
  readonly from?: number;
}

export const MUTANTS: readonly Mutant[] = [
  {
    mistake: "no tombstone",
    file: "stores/cached.ts",
    text: "const row = [key, newTombstone(), Date.now() + maxStaleMs, text] as const;",
    becomes:
      "if (key) return;\nconst row = [key, newTombstone(), Date.now() + maxStaleMs, text] as const;",
    mode: "cached",
  },
  {
    mistake: "a copy that is bounded by Redis's own expiry alone",
    file: "stores/copy.ts",
    text: "isNewer && at + maxStaleMs > now && ",
    becomes: "isNewer && ",
    mode: "cached",
    from: 750,
  },
  {
    mistake: "a copy that is written over newer ones",
    file: "stores/cached.ts",
    text: "const row = [key, encodeCopy(fresh), at + maxStaleMs, text] as const;\n      const swap = await tryCache(() => cache.write([...row], deadline));",
    becomes: `const row = [key, encodeCopy(fresh), at + maxStaleMs] as const;
      let swap = await tryCache(() => cache.write([...row, text], deadline));
      if (swap?.swapped === false) {
        const { current } = swap;
        swap = await tryCache(() => cache.write([...row, current], deadline));
      }`,
    mode: "cached",
  },
  {
    mistake: "an instance that does not remember what it wrote",
    file: "stores/copy.ts",
    text: "return isNewer && ",
    becomes: "return ",
    mode: "cached",
  },
  {
    mistake: "a change that SQL accepts whatever stands there",
    file: "stores/table.ts",
    text: "{ [v]: encode(expected), [e]: { gt: now } }",
    becomes: "{ [e]: { gt: now } }",
    mode: "cached",
  },
  {
    mistake: "regenerate by plain removal",
    file: "write.ts",
    text: "store.write(key, mark, Date.now() + MARK_MS, expected)",
    becomes: "store.write(key, mark, 0, expected)",
    mode: "cached",
  },
  {
    mistake: "'not there' from one store, taken for all",
    file: "stores/fallback.ts",
    text: "if (failure) throw failure;\n    return undefined;",
    becomes: "if (failure && !isShared) throw failure;\n    return undefined;",
    mode: "fallback",
  },
  {
    mistake: "the same key in the next store after a timeout",
    file: "stores/fallback.ts",
    text: 'if (failure.outcome === "none") continue;',
    becomes: "if (failure.outcome) continue;",
    mode: "fallback",
  },
  {
    mistake: "memory that is asked while a store above it answers",
    file: "stores/fallback.ts",
    text: "noteAnswer(member);\n        if (found !== undefined) return found;\n        isShared = true;",
    becomes: "if (found !== undefined) return found;",
    mode: "fallback",
  },
  {
    mistake: "an open breaker taken for 'not there'",
    file: "stores/breaker.ts",
    text: 'if (wait > 0 && wait <= MAX_WAIT_MS) throw new StoreError("none", last.message, last.code);',
    becomes: "if (wait > 0 && wait <= MAX_WAIT_MS) return null as Answer;",
    mode: "fallback",
  },
  {
    mistake: "an ending token that ends nothing",
    from: 150,
    file: "load.ts",
    text: "const failure = ends.length > 0 ? await endAll(context, ends) : undefined;",
    becomes: "const failure = undefined;",
    mode: "fallback",
  },
  {
    mistake: "an end of all sessions that ends those that stand, and marks none first",
    file: "account.ts",
    text: "await users.retire(user, { except });",
    becomes: `const all = await users.list(user, { limit: PAGE });
      await endEntries(context, userId, all.filter(({ handle }) => handle !== except));
      return;`,
    mode: "cached",
    users: true,
  },
  {
    mistake: "a sign-in that does not ask whether its entry still stands",
    file: "entries.ts",
    text: "if (entry) return !entry.retired;",
    becomes: "return entries.length >= 0;",
    mode: "fallback",
    users: true,
  },
  {
    mistake: "a list that forgets what it has not ended yet",
    file: "account.ts",
    text: "await endEntries(context, userId, over);",
    becomes: `if (over.length > 0) await users.remove(user, keysOf(over));
      await endEntries(context, userId, over);`,
    mode: "fallback",
    users: true,
  },
  {
    mistake: "a sign-in that keeps what another user had",
    file: "session.ts",
    text: "if (isOther) forget(state);",
    becomes: "if (isOther) begun(state);",
    mode: "fallback",
    users: true,
  },
];

const ENTRIES = new Map([
  ["coatcheck", "index.ts"],
  ["coatcheck/prisma", "prisma.ts"],
  ["coatcheck/redis", "redis.ts"],
]);

const source = (file: string) => fileURLToPath(new URL(`../../src/${file}`, import.meta.url));

/**
 * Builds the library with a mistake, or as it is.
 *
 * @throws when the text does not stand in the file exactly once: then the mutant must follow the source
 */
export async function buildLibrary(mutant?: Mutant): Promise<Library> {
  const folder = await mkdtemp(join(tmpdir(), "coatcheck-mutant-"));
  try {
    const outfile = join(folder, "library.mjs");
    let places = 0;
    await build({
      entryPoints: [fileURLToPath(new URL("./library.ts", import.meta.url))],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      logLevel: "silent",
      plugins: [
        {
          name: "mutant",
          setup({ onLoad, onResolve }) {
            onResolve({ filter: /^coatcheck(\/|$)/ }, ({ path }) => ({
              path: source(ENTRIES.get(path) ?? path),
            }));
            onLoad({ filter: /\.ts$/ }, async ({ path }) => {
              const text = await readFile(path, "utf8");
              if (mutant === undefined || path !== source(mutant.file)) return undefined;
              const parts = text.split(mutant.text);
              places += parts.length - 1;
              return { contents: parts.join(mutant.becomes), loader: "ts" };
            });
          },
        },
      ],
    });
    if (mutant && places !== 1) {
      throw new Error(`${mutant.file} has the text of "${mutant.mistake}" ${places} times`);
    }
    return (await import(pathToFileURL(outfile).href)) as Library;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
