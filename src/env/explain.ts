// What an error of Redis has to do with the variables that it was reached by. Names alone are said, never values.

import { StoreError } from "../errors.ts";
import type { RedisFinding } from "./variables.ts";

/** How an error begins, and what is said instead. The first name is the address's, the last the token's. */
type Mend = readonly [
  sign: RegExp,
  mend: (fault: string, names: { address: string; token: string; isPassword: boolean }) => string,
];

const MENDS: readonly Mend[] = [
  [
    /^(WRONGPASS|NOAUTH|unauthorized|invalid password)/i,
    (fault, { address, token, isPassword }) =>
      isPassword
        ? `${fault}; the password in ${address} is not the REST token, as in old databases: set ${token} beside it, to the REST token from Upstash's console or to what ACL RESTTOKEN default <password> answers in redis-cli`
        : `${fault}; ${token} is not the token of the database in ${address}: copy both from Upstash's console`,
  ],
  [
    /^NOPERM/,
    (fault, { token }) =>
      `${fault}; ${token} may not write: copy the token from Upstash's console, not the read-only one`,
  ],
  [/^it answered \d+(?=; check the url)/, (fault, { address }) => `${fault}; check ${address}`],
  [
    /^(ENOTFOUND|EAI_AGAIN|dns error)/,
    (fault, { address }) =>
      `${fault}; check the host in ${address}, and in Upstash's console whether the database still exists`,
  ],
  [
    /^max [a-z]+/,
    (fault) =>
      `${fault}; a limit of the plan is reached: Upstash's console shows which, and until when`,
  ],
];

const ACTION = "Cannot use Redis: ";

/** Answers the error, with the mend for the variables where there is one. */
export function explain(
  error: StoreError,
  { names, isPassword = false }: RedisFinding,
): StoreError {
  const [address = "", token = tokenBeside(address)] = names;
  const text = error.message.startsWith(ACTION) ? error.message.slice(ACTION.length) : "";
  for (const [sign, mend] of MENDS) {
    const fault = sign.exec(text)?.[0];
    if (fault === undefined) continue;
    const says = mend(fault, { address, token, isPassword });
    const code = error.code === "STORE_MISCONFIGURED" ? error.code : "STORE_UNAVAILABLE";
    return new StoreError(error.outcome, ACTION + says, code);
  }
  return error;
}

/** The variable in which the token of an address is looked for. */
export function tokenBeside(address: string): string {
  if (/REST_(API_)?URL$/.test(address)) return address.replace(/URL$/, "TOKEN");
  return address.replace(/(REDIS|KV)_URL$/, "UPSTASH_REDIS_REST_TOKEN");
}
