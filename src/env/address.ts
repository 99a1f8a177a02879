// The text of an address -> how that Redis is reached: over REST, with a client over TCP, or not at all.

/** What an address says. Only `token` is secret. */
export type Address =
  /** Asked over REST. From a `redis://` address of Upstash comes a token too: the database's password. */
  | {
      readonly kind: "rest";
      readonly url: string;
      readonly host: string;
      readonly token?: string;
    }
  /** A Redis without REST. */
  | { readonly kind: "tcp"; readonly host: string }
  | {
      readonly kind: "wrong";
      readonly host?: string;
      readonly says: string;
      readonly mend: string;
    };

/** In Upstash's console, under the database's name. */
const COPY = "copy the REST URL from the database's page in Upstash's console";

/** Reads an address that `cleanValue` has freed of what was around it. */
export function readAddress(text: string): Address {
  // Upstash's console offers the whole command to copy.
  const pasted = /^redis-cli\s[^]*?(rediss?:\/\/[^\s"']+)/i.exec(text)?.[1] ?? text;
  const full = /^[\w-]+\.upstash\.io(:\d+)?\/?$/i.test(pasted) ? `https://${pasted}` : pasted;
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(full) && !/\s/.test(full) ? parse(full) : null;
  // What stands behind the host is part of a password where an @ follows: it must not be taken for a name, nor shown.
  const isCut = url !== null && /@/.test(url.pathname + url.search + url.hash);
  if (url === null || url.hostname === "" || isCut) {
    const escape = /^rediss?:/i.test(full) ? "; percent-encode the password" : "";
    return wrong("it is no address", COPY + escape);
  }
  const { protocol } = url;
  if (protocol === "redis:" || protocol === "rediss:") return readRedis(url);
  if (protocol === "https:" || protocol === "http:") return readRest(url);
  return wrong("it is the address of something else than Redis", COPY);
}

/** `redis://default:PASSWORD@HOST.upstash.io:6379`: the same database answers at `https://HOST.upstash.io`. */
function readRedis(url: URL): Address {
  const host = url.hostname.toLowerCase();
  if (!isUpstash(host) || hasNoRest(host)) return { kind: "tcp", host: shown(host) };
  if (url.username !== "" && url.username !== "default") {
    return wrong("its user is not default, and only default has a token", COPY, host);
  }
  const token = decode(url.password);
  return { kind: "rest", url: `https://${host}`, host, ...(token === "" ? {} : { token }) };
}

function readRest(url: URL): Address {
  const { protocol, pathname, host: hostAndPort } = url;
  const host = url.hostname.toLowerCase();
  if (host === "console.upstash.com")
    return wrong("it is the address of Upstash's console", COPY, host);
  if (hasNoRest(host)) {
    return wrong("this database has no REST", "pass a client over TCP as redis", host);
  }
  if (url.username !== "" || url.password !== "") {
    return wrong(
      "it has a user or a password in it, which fetch refuses",
      "put the token into the variable beside it",
      shown(host),
    );
  }
  // Upstash answers at the standard port alone, whatever was copied with its name, and always over TLS.
  if (isUpstash(host)) return { kind: "rest", url: `https://${host}`, host };
  if (protocol === "http:" && !isNear(host)) {
    return wrong("http would send the token unencrypted", "write https", shown(host));
  }
  const path = pathname === "/" ? "" : pathname;
  return { kind: "rest", url: `${protocol}//${hostAndPort}${path}`, host: shown(host) };
}

function isUpstash(host: string): boolean {
  return host.endsWith(".upstash.io");
}

/** Databases that Fly.io has made at Upstash are reached over TCP alone. */
function hasNoRest(host: string): boolean {
  return /^fly-[^.]*\.upstash\.io$/.test(host);
}

/** This machine, or a network of one's own: a name without dots, as in Docker, or a private address. */
function isNear(host: string): boolean {
  if (host.startsWith("[")) return /^\[(::1\]|f[cd]|fe[89ab])/.test(host);
  // Four numbers: a name may begin like an address.
  if (/^\d+(\.\d+){3}$/.test(host)) {
    return /^(127|10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(host);
  }
  return /^([^.]+|.+\.(localhost|local|internal|test))$/.test(host);
}

/** A token where an address belongs can look like the name of a host: one that long and without a dot is not shown. */
function shown(host: string): string {
  return host.includes(".") || host.length < 20 ? host : "a host";
}

function parse(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that nobody encoded: the password is the text as it stands.
    return text;
  }
}

function wrong(says: string, mend: string, host?: string): Address {
  return { kind: "wrong", says, mend, ...(host === undefined ? {} : { host }) };
}
