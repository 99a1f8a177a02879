// The environment as the application will have it: what the process has, and beneath it what stands in files.

import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { UsageError } from "../usage.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** Where the variables come from. */
export interface Variables {
  readonly env: Env;
  /** The files that were read, as the user would name them. */
  readonly files: readonly string[];
  /** The file that a variable comes from; `undefined`: it was set where the doctor was called. */
  originOf(name: string): string | undefined;
}

/** What frameworks and platforms read by themselves or are told to; the first that has a name decides. */
const USUAL = [".env.local", ".env", ".dev.vars"];

/**
 * Reads the files that were named, else the usual ones that exist, else (`false`) none. What is set in the process
 * goes before all of them, as with `node --env-file`.
 *
 * @throws UsageError for a file that was named and cannot be read
 */
export function readVariables(
  given: readonly string[] | false,
  own: Env = process.env,
  folder: string = process.cwd(),
): Variables {
  const named = given === false ? [] : given;
  const files =
    given === false || named.length > 0
      ? named
      : USUAL.filter((file) => isFile(resolve(folder, file)));
  const origins = new Map<string, string>();
  const env: Record<string, string | undefined> = { ...own };
  for (const file of files) {
    for (const [name, value] of Object.entries(parse(folder, file))) {
      if (env[name] !== undefined) continue;
      env[name] = value;
      origins.set(name, file);
    }
  }
  return { env, files, originOf: (name) => origins.get(name) };
}

/** A named pipe, as some keepers of secrets make, can be read too; a folder of that name is something else. */
function isFile(path: string): boolean {
  return existsSync(path) && !statSync(path).isDirectory();
}

function parse(folder: string, file: string): Env {
  let text: string;
  try {
    text = readFileSync(resolve(folder, file), "utf8");
  } catch {
    // Whatever the reason: the name is what the user can mend.
    throw new UsageError(`Cannot read variables: there is no file ${file}`);
  }
  // A byte order mark, as some editors leave, would belong to the first name.
  return parseEnv(text.replace(/^\uFEFF/, "")) as Env;
}
