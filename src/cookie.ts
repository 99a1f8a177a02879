// Cookie header -> value; value -> Set-Cookie (RFC 6265bis sections 4.1 and 5.7).
// Our own: the kept libraries answer one of two cookies with the same name, where two must mean none (R19),
// and decode percent signs, which lets one name pose as another (R18).

import { checkOptions, isText, oneOf, optional, type Rule } from "./check.ts";

/** How the session's cookie is set. Every field has a safe default; HttpOnly is always on. */
export interface CookieOptions {
  /** Default `__Host-session`; `__Secure-session` with a domain or another path; `session` with `secure: false`. */
  readonly name?: string;
  /** Default `/`. */
  readonly path?: string;
  /** Default none: the cookie goes to this host alone. With a domain it goes to every subdomain. */
  readonly domain?: string;
  /** Default true. False is for plain http in development, and is reported as `insecure`. */
  readonly secure?: boolean;
  /** Default `lax`. */
  readonly sameSite?: "lax" | "strict" | "none";
  /** Default false. A jar of its own for each embedding site (CHIPS). */
  readonly partitioned?: boolean;
}

/** The attributes of one Set-Cookie, in the spelling that frameworks' cookie jars take. */
export interface CookieAttributes {
  readonly path: string;
  readonly domain?: string | undefined;
  readonly secure: boolean;
  readonly httpOnly: true;
  readonly sameSite: "lax" | "strict" | "none";
  readonly partitioned: boolean;
  /** Seconds from now; 0 deletes. Absent: until the browser is closed. */
  readonly maxAge?: number;
  /** Only on a deletion, beside `maxAge`: some jars drop a Max-Age of 0. */
  readonly expires?: Date;
}

/** A cookie to be set, ready as a header and in parts. */
export interface SetCookie {
  readonly name: string;
  /** The token; empty when the cookie is deleted. */
  readonly value: string;
  readonly attributes: CookieAttributes;
  /** The value of a Set-Cookie header. */
  readonly header: string;
}

/** {@link CookieOptions} with every default filled in. */
export interface CookieSettings {
  readonly name: string;
  readonly attributes: Omit<CookieAttributes, "maxAge" | "expires">;
}

/** The longest that a browser keeps a cookie: 400 days (RFC 6265bis section 5.5). */
const MAX_AGE_SECONDS = 34_560_000;

const RULES: Readonly<Record<string, Rule>> = {
  // Browsers take 4096 bytes of name and value together; a token is 87.
  name: [
    undefined,
    optional(isText(/^[!#$%&'*+\-.^_`|~\w]{1,4009}$/)),
    "a cookie name of at most 4009 characters",
  ],
  path: [
    "/",
    isText(/^\/[\x21-\x2b\x2d-\x3a\x3c-\x7e]{0,1023}$/),
    "a path such as /app, of at most 1024 characters",
  ],
  domain: [
    undefined,
    optional(isText(/^(?=.{1,253}$)[a-z\d]+((-+|\.)[a-z\d]+)*$/i)),
    "a host name",
  ],
  secure: oneOf(true, false),
  sameSite: oneOf("lax", "strict", "none"),
  partitioned: oneOf(false, true),
};

/**
 * Answers the value of every cookie called `name`, in order. Pairs end at `;` alone, only spaces and tabs may stand
 * before a name, names are compared byte for byte, nothing is decoded or unquoted. Work is proportional to the
 * header's length, whatever is in it.
 */
export function readCookies(header: string, name: string): string[] {
  const values: string[] = [];
  const start = `${name}=`;
  for (let at = header.indexOf(start); at !== -1; at = header.indexOf(start, at + 1)) {
    let before = at - 1;
    while (header[before] === " " || header[before] === "\t") before--;
    // Anything else in front makes it part of another name or value (U+00A0 and its like included).
    if (before >= 0 && header[before] !== ";") continue;
    const end = header.indexOf(";", at);
    values.push(header.slice(at + start.length, end === -1 ? header.length : end));
  }
  return values;
}

/**
 * Fills in defaults and refuses what a browser would refuse, or what could smuggle an attribute (R12, R14, R15).
 *
 * @throws TypeError that names the option and the mend
 */
export function resolveCookie(options: CookieOptions): CookieSettings {
  const checked = checkOptions("session cookie", options, RULES) as unknown as Omit<
    CookieSettings["attributes"],
    "httpOnly"
  > & { readonly name?: string };
  const { secure, sameSite, partitioned, path, domain } = checked;
  const isPlain = domain === undefined && path === "/";
  const safeName = isPlain ? "__Host-session" : "__Secure-session";
  const { name = secure ? safeName : "session", ...attributes } = checked;
  // Browsers match the prefixes in any case (RFC 6265bis section 5.4), so we hold any case to their rules.
  const needsSecure = /^__(host|secure|http)-/i.test(name);
  if (!secure && (needsSecure || sameSite === "none" || partitioned)) {
    throw new TypeError(
      "Cannot create session cookie: secure must be true for this name, sameSite or partitioned",
    );
  }
  if (/^__host-/i.test(name) && !isPlain) {
    throw new TypeError(
      "Cannot create session cookie: with a __Host- name path must be / and domain absent",
    );
  }
  return { name, attributes: { ...attributes, httpOnly: true } };
}

/** The cookie that carries `token` for `maxAge` seconds, at most 400 days. */
export function writeCookie(settings: CookieSettings, token: string, maxAge?: number): SetCookie {
  if (maxAge === undefined) return assemble(settings, token, {});
  return assemble(settings, token, { maxAge: Math.min(Math.max(maxAge, 0), MAX_AGE_SECONDS) });
}

/** The cookie that deletes the session's: every attribute again, else browsers keep it (R16). */
export function deleteCookie(settings: CookieSettings): SetCookie {
  return assemble(settings, "", { maxAge: 0, expires: new Date(0) });
}

function assemble(
  settings: CookieSettings,
  value: string,
  age: Pick<CookieAttributes, "maxAge" | "expires">,
): SetCookie {
  const { name } = settings;
  const attributes = { ...settings.attributes, ...age };
  const { path, domain, maxAge, expires, secure, sameSite, partitioned } = attributes;
  const header = [
    `${name}=${value}; Path=${path}`,
    domain && `Domain=${domain}`,
    maxAge !== undefined && `Max-Age=${maxAge}`,
    expires && `Expires=${expires.toUTCString()}`,
    secure && "Secure",
    `HttpOnly; SameSite=${sameSite[0]?.toUpperCase()}${sameSite.slice(1)}`,
    partitioned && "Partitioned",
  ];
  return { name, value, attributes, header: header.filter(Boolean).join("; ") };
}
