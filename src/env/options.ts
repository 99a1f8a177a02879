// What `storeFromEnv` takes beside the environment, and whether it is right.

import {
  checkOptions,
  isFunction,
  isObject,
  isText,
  oneOf,
  optional,
  type Rule,
} from "../check.ts";
import type { SessionEvent } from "../events.ts";
import type { Store } from "../store.ts";
import { budgetOf, COMPOSITE } from "../stores/breaker.ts";
import { TIMEOUT } from "../stores/deadline.ts";
import type { PrismaDelegate } from "../stores/table.ts";
import type { RedisClient } from "./client.ts";
import type { Logger } from "./journal.ts";
import type { PrismaClientWithSession } from "./prisma.ts";

/** What `storeFromEnv` takes beside the environment. */
export interface StoreFromEnvOptions {
  /** Prisma's client with a model `session`, a model of another name, or a store. Default none. */
  readonly prisma?: PrismaClientWithSession | PrismaDelegate | Store | undefined;
  /**
   * A client, a function that sends one command, or a store, in place of what the variables name; `false` for no Redis
   * at all. Default: what the variables name.
   */
  readonly redis?: RedisClient | Store | false | undefined;
  /**
   * `fallback`: new sessions go to the first that answers. `cached`: Prisma decides every change, and Redis holds
   * copies. Default `fallback`.
   */
  readonly mode?: "fallback" | "cached" | undefined;
  /** Whether memory takes over where nothing else answers. Default true; never in mode `cached`. */
  readonly memory?: boolean | undefined;
  /** Whether what is misconfigured stops requests, instead of being passed over. Default false. */
  readonly strict?: boolean | undefined;
  /** Where lines go. Default `console`. */
  readonly logger?: Logger | undefined;
  /** Told of `stepped-down`, `stepped-up` and `cached-client`. What it throws is dropped. */
  readonly onEvent?: ((event: SessionEvent) => unknown) | undefined;
  /** What keys in Redis begin with. Default `session:`; copies of mode `cached` add `copy:`. */
  readonly prefix?: string | undefined;
  /** Milliseconds that one store may take: 1 to 60,000. Default 1,000. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds that one read or write may take in all: `timeoutMs` to 60,000. Default 2,500, or 2.5 times `timeoutMs`. */
  readonly budgetMs?: number | undefined;
}

/** The same with every default filled in. */
export interface Checked extends StoreFromEnvOptions {
  readonly mode: "fallback" | "cached";
  readonly strict: boolean;
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly budgetMs: number;
}

const isBoolean = (value: unknown) => typeof value === "boolean";
const isThing = (value: unknown) => isObject(value) || isFunction(value);

const RULES: Readonly<Record<string, Rule>> = {
  prisma: [undefined, optional(isThing), "Prisma's client, a model of it, or a store"],
  redis: [
    undefined,
    optional((value) => value === false || isThing(value)),
    "a client, a function that sends one command, a store, or false",
  ],
  mode: oneOf("fallback", "cached"),
  memory: [undefined, optional(isBoolean), "true or false"],
  strict: [false, isBoolean, "true or false"],
  logger: [undefined, optional(isLogger), "an object with info, warn and error"],
  onEvent: [undefined, optional(isFunction), "a function"],
  prefix: ["session:", isText(/[^]/), "text"],
  timeoutMs: TIMEOUT,
  budgetMs: COMPOSITE["budgetMs"] as Rule,
};

/** @throws TypeError, or RangeError for a number out of range */
export function checkEnvOptions(options: StoreFromEnvOptions): Checked {
  const checked = checkOptions("store", options, RULES) as unknown as Checked;
  const { mode, prisma, memory } = checked;
  const budgetMs = budgetOf("store", checked);
  if (mode === "cached" && prisma === undefined) {
    throw new TypeError(
      "Cannot create store: mode cached needs prisma, which decides every change",
    );
  }
  if (mode === "cached" && memory === true) {
    throw new TypeError(
      "Cannot create store: memory must be left out in mode cached, where nothing may be lost",
    );
  }
  return { ...checked, budgetMs };
}

function isLogger(value: unknown): boolean {
  const { info, warn, error } = Object(value) as Partial<Logger>;
  return [info, warn, error].every(isFunction);
}
