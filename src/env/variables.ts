// The environment -> which Redis it names. Pure: nothing is asked, nothing is printed, and nothing secret is said.

import { type Address, readAddress } from "./address.ts";
import { ENTRIES, type Entry, entriesOf } from "./names.ts";
import { type Environment, openSource, type Source } from "./source.ts";
import { cleanValue } from "./text.ts";

/** One way to Redis that the variables name, and what is to be said of it: names and hosts alone, nothing secret. */
export interface RedisFinding {
  /** The variables that it rests on: the address's, then the token's. */
  readonly names: readonly string[];
  /** `rest`: can be asked over REST. `tcp`: a Redis that only a client reaches. `wrong`: nothing, as it stands. */
  readonly kind: "rest" | "tcp" | "wrong";
  /** Where it leads, without port, user and password. */
  readonly host?: string;
  /** What was understood, or what is wrong. */
  readonly says: string;
  /** What to do about it; absent where it can be used. */
  readonly mend?: string;
  /** Of `rest`: whether the token is the password of a `redis://` address, which is not so for old databases. */
  readonly isPassword?: boolean;
  /** Whether it may be meant for something else: a plain address under a name of the application's own. */
  readonly isDoubtful?: boolean;
}

/** What `findRedis` answers. It may be printed as JSON: what is secret is behind a function. */
export interface RedisFindings {
  /** All that was found, in the order of precedence. */
  readonly findings: readonly RedisFinding[];
  /** The one to be used; absent where there is none, or nobody can say which. */
  readonly chosen?: RedisFinding;
  /** Why it was chosen, or why none was. */
  readonly why: string;
  /** What to do where none was chosen although something is set. */
  readonly mend?: string;
  /** Address and token of the chosen one, as `upstash` takes them. */
  readonly credentials?: () => { readonly url: string; readonly token: string };
}

interface Read {
  readonly finding: RedisFinding;
  readonly entry: Entry;
  readonly secret?: { readonly url: string; readonly token: string };
}

/** Bundlers put variables of these prefixes into what they send to browsers. */
const PUBLIC = /^(NEXT_PUBLIC|NUXT_PUBLIC|EXPO_PUBLIC|REACT_APP|GATSBY|PUBLIC|VITE)_/;

/**
 * Looks for Redis under every name that Upstash, Vercel and their guides give it. Precedence: `UPSTASH_REDIS_REST_URL`
 * with its token, `KV_REST_API_URL` with its token, `REDIS_URL`, `KV_URL`; then the same names behind a prefix
 * (`cache_KV_REST_API_URL`), where they lead to one database alone. What is wrong is passed over, and named.
 *
 * @throws TypeError for what is no environment
 */
export function findRedis(env: Environment): RedisFindings {
  const source = openSource(env, ENTRIES);
  if (source.isClosed) {
    const mend = `give Deno the permission, as in --allow-env=${ENTRIES.join()}`;
    const says = "the environment may not be read";
    return { findings: [{ names: [], kind: "wrong", says, mend }], why: says, mend };
  }
  const reads = entriesOf(source.names).flatMap((entry) => readEntry(source, entry) ?? []);
  return { findings: reads.map(({ finding }) => finding), ...choose(reads) };
}

function choose(reads: readonly Read[]): Omit<RedisFindings, "findings"> {
  const usable = reads.filter(({ secret }) => secret !== undefined);
  const [first] = usable;
  if (first?.secret === undefined) {
    const cause = reads.find(({ finding }) => !finding.isDoubtful)?.finding;
    if (cause === undefined) return { why: "no variable names a Redis" };
    return { why: `${listed(cause.names)}: ${cause.says}`, ...mendOf(cause) };
  }
  const { finding: chosen, entry, secret } = first;
  // By the order of the alphabet one more database could take the place of the one that has the sessions.
  const rivals = usable.filter(
    (each) =>
      entry.prefix !== "" && each.entry.rank === entry.rank && each.secret?.url !== secret.url,
  );
  if (rivals.length > 0) {
    const names = [first, ...rivals].map(({ finding }) => finding.names[0] ?? "");
    return {
      why: `${listed(names)} name several databases`,
      mend: "set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN to those of one",
    };
  }
  return { chosen, why: `${listed(chosen.names)}: ${chosen.says}`, credentials: () => secret };
}

/** Reads an address and the token beside it; undefined where neither is set. */
function readEntry(source: Source, entry: Entry): Read | undefined {
  const { name, tokens, isPair, prefix } = entry;
  const value = (of: string) => cleanValue(source.get(of));
  const text = value(name);
  // A token whose own address is set belongs to that one, which may be another database.
  const isFree = (of: string) => of === name || value(of) === undefined;
  const tokenName = tokens.find(
    (each) => value(each) !== undefined && isFree(each.replace(/TOKEN$/, "URL")),
  );
  const token = tokenName && value(tokenName)?.replace(/^Bearer\s+/i, "");
  const names = [...(text ? [name] : []), ...(tokenName ? [tokenName] : [])];
  const refuse = (says: string, mend: string, host?: string): Read => ({
    entry,
    finding: { names, kind: "wrong", says, mend, ...(host ? { host } : {}), ...doubt },
  });
  const doubt = !isPair && prefix !== "" ? { isDoubtful: true } : {};

  if (text === undefined) {
    // A token may stand beside an address of another name.
    if (!isPair || !token || entry.others.some((each) => value(each) !== undefined))
      return undefined;
    return refuse(`${name} is missing`, "set it to the REST URL from Upstash's console");
  }
  const address = readAddress(text);
  if (token && address.kind === "wrong" && readAddress(token).kind === "rest") {
    return refuse("address and token are exchanged", "put each in the place of the other");
  }
  if (address.kind === "wrong") return refuse(address.says, address.mend, address.host);
  if (PUBLIC.test(prefix)) {
    return refuse(
      "variables of this prefix are sent to browsers, the token with them",
      "rename them, and have Upstash make a new token",
      address.host,
    );
  }
  if (address.kind === "tcp") return readTcp(address.host);
  return readToken(address);

  function readTcp(host: string): Read {
    if (isPair) return refuse("no REST answers there", "pass a client over TCP as redis", host);
    const says = "no REST answers there, so that it takes a client over TCP";
    const mend = `pass node-redis or ioredis, connected to ${name}, as redis; on the edge, where no TCP is, use Upstash`;
    return { entry, finding: { names: [name], kind: "tcp", host, says, mend, ...doubt } };
  }

  function readToken(from: Extract<Address, { kind: "rest" }>): Read {
    const { url, host } = from;
    const readOnly = tokens.map((each) => each.replace(/TOKEN$/, "READ_ONLY_TOKEN"));
    const secret = token ?? from.token;
    if (secret === undefined) {
      const missing = `${tokens[0] ?? ""} is missing`;
      const isTempting = readOnly.some((each) => value(each) !== undefined);
      const says = isTempting ? `${missing}, and the read-only token cannot write` : missing;
      return refuse(says, "set it to the REST token from Upstash's console", host);
    }
    if (!/^[\x21-\x7e]+$/.test(secret) || /^[*.]+$|^<.*>$|:\/\//.test(secret)) {
      return refuse("the token is no token", "copy the REST token from Upstash's console", host);
    }
    if (readOnly.some((each) => value(each)?.replace(/^Bearer\s+/i, "") === secret)) {
      return refuse(
        "the token is the read-only one, which cannot write",
        "copy the other one",
        host,
      );
    }
    const isPassword = token === undefined;
    const says = isPassword ? "REST, with the password as the token" : "REST";
    const finding = { names, kind: "rest", host, says, isPassword, ...doubt } as const;
    return { entry, finding, secret: { url, token: secret } };
  }
}

function mendOf({ mend }: RedisFinding): { readonly mend?: string } {
  return mend === undefined ? {} : { mend };
}

function listed(names: readonly string[]): string {
  return names.join(" and ");
}
