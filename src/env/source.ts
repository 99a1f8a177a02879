// An environment of whatever kind -> its names, and what stands under one.

import { isFunction, isObject } from "../check.ts";

/** `process.env`, the `env` of Workers, `Deno.env`, or any record. What is no text in it (a binding) is passed over. */
export type Environment = object;

/** An environment that can be asked. */
export interface Source {
  /** Names that can be listed; `get` may know more. */
  readonly names: readonly string[];
  readonly get: (name: string) => unknown;
  /** Whether nothing may be read, for want of a permission. */
  readonly isClosed?: boolean;
  /** Whether only some names may be read. */
  readonly isPartial?: boolean;
}

/** What is used of `Deno.env`. */
interface Asked {
  get(name: string): unknown;
  toObject(): object;
}

/**
 * Opens an environment. Where Deno may not read the whole, which throws, it is asked for the known names one by one.
 *
 * @throws TypeError for what is no environment
 */
export function openSource(env: Environment, known: readonly string[]): Source {
  if (!isObject(env)) {
    throw new TypeError(
      "Cannot read environment: give process.env, the env of Workers, Deno.env or a record",
    );
  }
  if (!isAsked(env)) return openRecord(env);
  try {
    return openRecord(env.toObject());
  } catch {
    // No permission for the whole: some may be permitted by name.
    const permitted = known.flatMap((name) => {
      try {
        return [[name, env.get(name)] as const];
      } catch {
        // Not this one.
        return [];
      }
    });
    const isClosed = permitted.length === 0;
    return { ...openRecord(Object.fromEntries(permitted)), isClosed, isPartial: true };
  }
}

/** Asked by name, too: some platforms answer for names that they do not list. */
function openRecord(env: object): Source {
  const record = env as Readonly<Record<string, unknown>>;
  return { names: Object.keys(record), get: (name) => record[name] };
}

function isAsked(env: object): env is Asked {
  const { get, toObject } = env as Partial<Asked>;
  return isFunction(get) && isFunction(toObject);
}

/**
 * Whether visitors may be there: true, unless `NODE_ENV` is `development` or `test` or `VERCEL_ENV` is `development`.
 * An edge runtime without either is taken for production: a warning too many does less harm.
 */
export function isProduction(env: Environment): boolean {
  const { get } = openSource(env, ["NODE_ENV", "VERCEL_ENV"]);
  return !["NODE_ENV", "VERCEL_ENV"].some((name) => /^(development|test)$/.test(String(get(name))));
}
