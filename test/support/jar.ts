// A browser's cookie jar for one origin, as far as a session needs it (RFC 6265bis sections 5.4 to 5.8).

interface Kept {
  readonly value: string;
  readonly path: string;
  readonly secure: boolean;
  /** Epoch milliseconds; absent for a cookie that goes with the browser. */
  readonly expiresAt: number | undefined;
}

export interface Jar {
  /** Takes every Set-Cookie of an answer, one after another. Answers may come in any order. */
  take(response: Response): void;
  /** Takes one Set-Cookie, as `save` answers it. */
  put(header: string): void;
  /** The value of the Cookie header for a path; null when no cookie goes there. */
  header(path?: string): string | null;
  /** A request to this origin with the cookies that go there. */
  request(path?: string, headers?: Readonly<Record<string, string>>): Request;
  get(name: string): string | undefined;
  /** Set-Cookie headers that a browser refuses, in order. */
  readonly refused: readonly string[];
  /** A second browser with the same cookies: a thief, or a test's memory of what once was. */
  copy(): Jar;
}

const ORIGIN = "https://shop.example";

/** An empty jar, or one with cookies of another's. */
export function cookieJar(
  origin: string = ORIGIN,
  given: ReadonlyMap<string, Kept> = new Map(),
): Jar {
  const { hostname, protocol } = new URL(origin);
  const cookies = new Map(given);
  const refused: string[] = [];

  function put(header: string): void {
    const [pair = "", ...rest] = header.split(";");
    const at = pair.indexOf("=");
    const name = pair.slice(0, at).trim();
    const value = pair.slice(at + 1).trim();
    const attributes = new Map(rest.map(readAttribute));
    const path = attributes.get("path") ?? "/";
    const domain = attributes.get("domain");
    const secure = attributes.has("secure");
    const isRefused =
      at < 1 ||
      name.length + value.length > 4096 ||
      (secure && protocol !== "https:") ||
      (/^__(secure|host)-/i.test(name) && !secure) ||
      (/^__host-/i.test(name) && (domain !== undefined || attributes.get("path") !== "/")) ||
      (attributes.get("samesite")?.toLowerCase() === "none" && !secure) ||
      (attributes.has("partitioned") && !secure) ||
      (domain !== undefined && hostname !== domain && !hostname.endsWith(`.${domain}`));
    if (isRefused) {
      refused.push(header);
      return;
    }
    const expiresAt = expiryOf(attributes);
    const slot = `${name};${domain ?? ""};${path}`;
    if (expiresAt !== undefined && expiresAt <= Date.now()) cookies.delete(slot);
    else cookies.set(slot, { value, path, secure, expiresAt });
  }

  function sent(path: string): [name: string, value: string][] {
    const pairs: [string, string][] = [];
    for (const [slot, kept] of cookies) {
      const isLive = kept.expiresAt === undefined || kept.expiresAt > Date.now();
      const isThere = path.startsWith(kept.path) && (!kept.secure || protocol === "https:");
      if (isLive && isThere) pairs.push([slot.slice(0, slot.indexOf(";")), kept.value]);
    }
    return pairs;
  }

  function header(path = "/"): string | null {
    return (
      sent(path)
        .map(([name, value]) => `${name}=${value}`)
        .join("; ") || null
    );
  }

  return {
    put,
    header,
    refused,
    take(response) {
      for (const line of response.headers.getSetCookie()) put(line);
    },
    request(path = "/", headers = {}) {
      const cookie = header(path);
      return new Request(origin + path, {
        headers: { ...headers, ...(cookie === null ? {} : { cookie }) },
      });
    },
    get: (name) => sent("/").find((pair) => pair[0] === name)?.[1],
    copy: () => cookieJar(origin, cookies),
  };
}

function readAttribute(text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at === -1) return [text.trim().toLowerCase(), ""];
  return [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()];
}

/** Max-Age counts before Expires. */
function expiryOf(attributes: ReadonlyMap<string, string>): number | undefined {
  const maxAge = attributes.get("max-age");
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Date.now() + Number(maxAge) * 1000;
  const expires = attributes.get("expires");
  return expires === undefined ? undefined : Date.parse(expires);
}
