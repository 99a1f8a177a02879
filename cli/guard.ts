// The last line of defence for R48: whatever is about to be printed, known secrets are taken out of it. Findings are
// made without them; this is for what nobody thought of, and for what the application's own modules print.

import type { Finding } from "./doctor/finding.ts";

/** Shorter values stand in ordinary words; what is that short keeps nothing safe. */
const LEAST = 6;
/** What stands where an address belongs, and is this long, may be a token. */
const LONG = 20;
const HIDDEN = "[hidden]";

const SECRET = /TOKEN|SECRET|PASSWORD|PASSWD|PWD|CREDENTIAL|KEY$/i;
const ADDRESS = /REDIS|KV_|URL|URI|DSN/i;
/** The shell's own folders, and names of files that have the secret: paths, which findings need. */
const PLACE = /^(OLD)?PWD$|_(FILE|PATH)$/i;
/** In a query, or in an address of SQL Server's, whose parts are apart by semicolons and may stand in braces. */
const NAMED = /[?&;][^=&#;]*(?:token|key|secret|passw|pwd)[^=&#;]*=(?:\{([^}]*)\}|(?=(.*)))/gi;
/** Where a value in there may end: what ends one may be a part of another. */
const ENDS = [/;/, /[&#]/, /[&#\s]/, /[;&#\s]/];

/**
 * Words of the doctor's own. A secret that is one of them, or a part of one, is not hidden: it would make a riddle of the
 * findings, and whoever knows the doctor's words would read it from the gap.
 */
const OWN =
  "postgresql mariadb cockroach sqlite prisma upstash session sessions database password secret default console " +
  "client module credentials connection memory variable variables address scheme redirect example localhost " +
  "roundtrip eviction noeviction columns collation expiresat migration migrations timeout";

/** Answers a function that takes the secrets of an environment out of a text. */
export function hiderOf(
  env: Readonly<Record<string, string | undefined>>,
): (text: string) => string {
  const secrets = Object.entries(env)
    .flatMap(([name, value = ""]) => secretsIn(name, value.trim().replace(/^["']|["']$/g, "")))
    .filter((secret) => secret.length >= LEAST && !OWN.includes(secret.toLowerCase()));
  // The longest first: one may be a part of another.
  const ordered = [...new Set(secrets)].toSorted((one, other) => other.length - one.length);
  return (text) => ordered.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
}

/** A finding with its texts gone over. Names of checks and of figures are the doctor's own, and stay. */
export function hideIn(finding: Finding, hide: (text: string) => string): Finding {
  const { why, mend, details, ...rest } = finding;
  const clean = (value: number | string | boolean) =>
    typeof value === "string" ? hide(value) : value;
  return {
    ...rest,
    message: hide(finding.message),
    ...(why === undefined ? {} : { why: hide(why) }),
    ...(mend === undefined ? {} : { mend: hide(mend) }),
    ...(details === undefined
      ? {}
      : {
          details: Object.fromEntries(
            Object.entries(details).map(([name, value]) => [name, clean(value)]),
          ),
        }),
  };
}

function secretsIn(name: string, value: string): string[] {
  // Without URL: an address that does not parse has a password all the same.
  const address = /[a-z][a-z\d+.-]*:\/\/\S.*/i.exec(value)?.[0];
  if (address !== undefined) {
    // A password that nobody encoded may have any character; so both readings of where it ends.
    const users = [/\/\/([^/]*)@/, /\/\/(.*)@/].map((shape) => shape.exec(address)?.[1] ?? "");
    const passwords = users.map((user) => user.slice(user.indexOf(":") + 1));
    const named = Array.from(address.matchAll(NAMED), ([, inBraces, plain = ""]) =>
      inBraces === undefined ? ENDS.flatMap((end) => plain.split(end, 1)) : [inBraces],
    );
    return [...passwords, ...named.flat()].flatMap(formsOf);
  }
  if (PLACE.test(name)) return [];
  return SECRET.test(name) || (ADDRESS.test(name) && value.length >= LONG) ? formsOf(value) : [];
}

/** As it stands, and as it is read from an address and written into one. */
function formsOf(secret: string): string[] {
  try {
    const plain = decodeURIComponent(secret);
    return [secret, plain, encodeURIComponent(plain)];
  } catch {
    // A percent sign that nobody encoded: the text is as it was meant.
    return [secret, encodeURIComponent(secret)];
  }
}
