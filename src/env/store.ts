// Variables -> a store.

import { isObject } from "../check.ts";
import { createReporter } from "../events.ts";
import type { Store } from "../store.ts";
import { createChain } from "./chain.ts";
import { checkEnvOptions, type StoreFromEnvOptions } from "./options.ts";
import { prismaPlace } from "./prisma.ts";
import { redisPlace } from "./redis.ts";
import { type Environment, isProduction } from "./source.ts";

/**
 * Makes a store of what the environment names: Redis, else or while it does not answer Prisma, else memory. In mode
 * `cached` Prisma decides every change and Redis holds copies. The log says which of them answers, and why.
 *
 * Nothing is read, asked or printed before the first request. What the environment says wrong is then passed over, with
 * a line that names the mend, once a minute; with `strict` the call rejects with a StoreError, code
 * `STORE_MISCONFIGURED`.
 *
 * @param env `process.env`, the `env` of Workers, `Deno.env`, or any record
 * @throws TypeError for what is no environment, an unknown or wrong option, or mode `cached` without Prisma; RangeError
 *   for a number out of range
 */
export function storeFromEnv(env: Environment, options: StoreFromEnvOptions = {}): Store {
  if (!isObject(env)) {
    throw new TypeError(
      "Cannot create store: give process.env, the env of Workers, Deno.env or a record",
    );
  }
  const checked = checkEnvOptions(options);
  const { prisma, mode, prefix, timeoutMs } = checked;
  const onEvent = createReporter(checked.onEvent);
  // Copies are no records: after a change of mode the one must not be read for the other.
  const keys = mode === "cached" ? `${prefix}copy:` : prefix;
  const openRedis = redisPlace(env, { ...checked, prefix: keys, onEvent });
  const prismaAlone = prisma && prismaPlace(prisma, timeoutMs);
  let opened: Store | undefined;

  /** At the first request, and without waiting for anything: no request hangs on what another has begun. */
  function open(): Store {
    opened ??= createChain({
      places: {
        Redis: openRedis(),
        Prisma: prismaAlone ? { store: prismaAlone } : { absent: "prisma is not given" },
      },
      options: checked,
      isProduction: isProduction(env),
      onEvent,
    });
    return opened;
  }

  return {
    get isLocal() {
      return open().isLocal ?? false;
    },
    read: async (key) => open().read(key),
    write: async (...row) => open().write(...row),
  };
}
