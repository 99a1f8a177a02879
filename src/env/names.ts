// The names under which Upstash, Vercel and their guides put a Redis into the environment.

/** An address, and the tokens that may stand beside it. */
export interface Entry {
  /** What stands before the usual name, with its underscore: Vercel's integrations let one be chosen. */
  readonly prefix: string;
  readonly name: string;
  readonly tokens: readonly string[];
  /** Addresses of the same prefix beside which such a token may stand, too. */
  readonly others: readonly string[];
  /** Whether address and token belong together. An address alone can carry a password. */
  readonly isPair: boolean;
  /** Less is preferred. */
  readonly rank: number;
}

const PAIRS = {
  UPSTASH_REDIS_REST_URL: "UPSTASH_REDIS_REST_TOKEN",
  KV_REST_API_URL: "KV_REST_API_TOKEN",
};
const ADDRESSES = ["REDIS_URL", "KV_URL"];
/** For an address that carries none, the first that is set. */
const TOKENS = [...Object.values(PAIRS), "REDIS_TOKEN"];

/** Every name without a prefix, in the order of precedence, with the tokens. */
export const ENTRIES: readonly string[] = [
  ...Object.entries(PAIRS).flat(),
  ...ADDRESSES,
  "REDIS_TOKEN",
];

/** A name that ends in one of ours. `KV_REST_API_READ_ONLY_TOKEN` does not. */
const ENDING =
  /^(.*_)?(UPSTASH_REDIS_REST_(?:URL|TOKEN)|KV_REST_API_(?:URL|TOKEN)|REDIS_URL|KV_URL)$/;

/** All places to look at, in the order of precedence: names as they are first, then each prefix by the alphabet. */
export function entriesOf(names: readonly string[]): Entry[] {
  const prefixes = new Set(names.flatMap((name) => ENDING.exec(name)?.[1] ?? []));
  const entries = ["", ...[...prefixes].toSorted()].flatMap((prefix) => entriesUnder(prefix));
  return entries.toSorted((one, other) => one.rank - other.rank);
}

function entriesUnder(prefix: string): Entry[] {
  const under = (names: readonly string[]) => names.map((name) => prefix + name);
  const later = prefix === "" ? 0 : 10;
  const pairs = Object.entries(PAIRS).map(([name, token], at) => ({
    prefix,
    name: prefix + name,
    tokens: under([token]),
    others: under(ADDRESSES),
    isPair: true,
    // Behind a prefix both stand for the same thing, so that neither goes before the other.
    rank: prefix === "" ? at : later,
  }));
  const alone = ADDRESSES.map((name, at) => ({
    prefix,
    name: prefix + name,
    tokens: under(TOKENS),
    others: [],
    isPair: false,
    rank: prefix === "" ? 2 + at : later + 1,
  }));
  return [...pairs, ...alone];
}
