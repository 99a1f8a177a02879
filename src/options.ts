// SessionOptions: checked once, filled with defaults.

import {
  checkOptions,
  isFunction,
  isObject,
  isStore,
  oneOf,
  optional,
  type Rule,
  wholeNumber,
} from "./check.ts";
import { type CookieOptions, type CookieSettings, resolveCookie } from "./cookie.ts";
import type { SessionEvent } from "./events.ts";
import type { Store } from "./store.ts";
import type { UserIndex } from "./users.ts";

/**
 * What the library asks of a schema: any Standard Schema v1, such as zod's, valibot's or arktype's.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** What a Standard Schema answers: a value, or issues that say where and why. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

/** What `createSessions` takes. Only `secrets` and `store` are required; an unknown option is a TypeError. */
export interface SessionOptions<Data extends object> {
  /** Each at least 32 bytes. The first signs, all verify: put a new one in front, drop the old one a lifetime later. */
  readonly secrets: readonly string[];
  readonly store: Store;
  /** Makes the data of a new session. Called once for each session that is asked for and not stored. */
  readonly initial?: () => Data;
  /** A Standard Schema that every stored record must pass. Its output must be valid input to it, and plain JSON. */
  readonly schema?: StandardSchema<Data>;
  readonly cookie?: CookieOptions;
  /** Seconds without a request after which a session ends: 1 to 34,560,000. Default 86,400 (a day). */
  readonly idleTimeout?: number;
  /** Seconds from sign-in (else creation) after which it ends whatever happens: 1 to 34,560,000. Default 2,592,000. */
  readonly lifetime?: number;
  /** Bytes of JSON that data and flash values may take together. Default 65,536. */
  readonly maxBytes?: number;
  /** Which sessions are whose, for `sessions.user()`: such as redisUsers(…). Default none. */
  readonly users?: UserIndex;
  /**
   * Sessions that a user may have at most, 1 to 500: a sign-in ends the oldest beyond. Needs `users`. Default no limit.
   */
  readonly maxPerUser?: number;
  /** What a load does when the store cannot answer: reject (default), or give an empty `unavailable` session. */
  readonly whenUnavailable?: "reject" | "anonymous";
  /** Whether a response to `destroy` also has the browser clear cookies and storage of the whole site. Default false. */
  readonly clearSiteData?: boolean;
  /** Called with everything worth reporting. What it throws is dropped. */
  readonly onEvent?: (event: SessionEvent) => void;
}

/** {@link SessionOptions}, checked and complete. */
export interface ResolvedOptions<Data extends object> {
  readonly secrets: readonly string[];
  readonly store: Store;
  readonly initial: (() => Data) | undefined;
  readonly schema: StandardSchema<Data> | undefined;
  readonly cookie: CookieSettings;
  readonly idleTimeout: number;
  readonly lifetime: number;
  readonly maxBytes: number;
  readonly users: UserIndex | undefined;
  readonly maxPerUser: number | undefined;
  readonly whenUnavailable: "reject" | "anonymous";
  readonly clearSiteData: boolean;
  readonly onEvent: ((event: SessionEvent) => void) | undefined;
}

/** The longest that a browser keeps a cookie: 400 days (RFC 6265bis section 5.5). */
const MAX_SECONDS = 34_560_000;
const MAX_BYTES = 8_388_608;

const RULES: Readonly<Record<string, Rule>> = {
  secrets: [undefined, areSecrets, "strings of at least 32 bytes (openssl rand -base64 32)"],
  store: [undefined, isStore, "a store, such as memoryStore()"],
  initial: [undefined, optional(isFunction), "a function"],
  schema: [undefined, optional(isSchema), "a Standard Schema"],
  cookie: [{}, (cookie) => isObject(cookie) && !(Symbol.iterator in cookie), "an object"],
  idleTimeout: wholeNumber(86_400, MAX_SECONDS, "seconds"),
  lifetime: wholeNumber(2_592_000, MAX_SECONDS, "seconds"),
  maxBytes: wholeNumber(65_536, MAX_BYTES, "bytes"),
  users: [undefined, optional(isIndex), "an index of users, such as memoryUsers()"],
  maxPerUser: wholeNumber(undefined, 500, "sessions"),
  whenUnavailable: oneOf("reject", "anonymous"),
  clearSiteData: oneOf(false, true),
  onEvent: [undefined, optional(isFunction), "a function"],
};

/**
 * @throws TypeError (shape) or RangeError (number) that names the option and the mend, and never a secret
 */
export function resolveOptions<Data extends object>(
  options: SessionOptions<Data>,
): ResolvedOptions<Data> {
  const checked = checkOptions("sessions", options, RULES) as unknown as ResolvedOptions<Data>;
  if (checked.maxPerUser !== undefined && checked.users === undefined) {
    throw new TypeError("Cannot create sessions: maxPerUser needs users, such as memoryUsers()");
  }
  return { ...checked, cookie: resolveCookie(options.cookie ?? {}) };
}

function isIndex(value: unknown): boolean {
  const given = value as Partial<UserIndex> | null | undefined;
  return [given?.add, given?.touch, given?.list, given?.retire, given?.remove].every(isFunction);
}

function areSecrets(secrets: unknown): boolean {
  return Array.isArray(secrets) && secrets.length > 0 && secrets.every(isSecret);
}

function isSecret(secret: unknown): boolean {
  return typeof secret === "string" && new TextEncoder().encode(secret).length >= 32;
}

function isSchema(schema: unknown): boolean {
  return isFunction((schema as Partial<StandardSchema<unknown>> | null)?.["~standard"]?.validate);
}
