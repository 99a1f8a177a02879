// The session's cookie in a response: would a browser keep it, and may a cache.

import type { Finding } from "./finding.ts";

const DEFAULTS = ["__Host-session", "__Secure-session", "session"];
const MEND = "leave the cookie to the library, and look at what stands between it and the browser";

interface Cookie {
  readonly name: string;
  readonly has: (attribute: string) => boolean;
  readonly get: (attribute: string) => string | undefined;
}

export function cookieFindings(
  { url, cookie: given }: { readonly url: URL; readonly cookie?: string },
  headers: Headers,
): Finding[] {
  const names = given === undefined ? DEFAULTS : [given];
  const cookies = headers.getSetCookie().map(parse);
  const cookie = cookies.find(({ name }) => names.includes(name));
  if (cookie === undefined) {
    const message = `this page sets no cookie of the session (${names.join(", ")})`;
    const mend = "give the address of a page that begins a session, or --cookie with the name";
    return [{ check: "site.cookie", status: "skipped", message, mend }];
  }
  const fault = cookieFault(cookie, url);
  const found: Finding =
    fault === undefined
      ? { check: "site.cookie", status: "ok", message: `${cookie.name} is as browsers want it` }
      : { check: "site.cookie", status: "wrong", ...fault };
  return [found, cacheFinding(headers)];
}

type Fault = Pick<Finding, "message" | "why" | "mend">;

function cookieFault({ name, has, get }: Cookie, { protocol }: URL): Fault | undefined {
  const refused =
    "browsers refuse it: every request is a new visitor's, and sessions do not persist";
  const say = (message: string, why = refused, mend = MEND): Fault => ({
    message: `${name} ${message}`,
    why,
    mend,
  });
  if (name.startsWith("__Host-") && has("domain")) return say("has a Domain");
  if (name.startsWith("__Host-") && get("path") !== "/") return say("has no Path=/");
  if (/^__(Host|Secure)-/.test(name) && !has("secure")) return say("has no Secure");
  if (has("secure") && protocol === "http:") {
    const mend = "serve the site over https";
    return say("is for https, and this page came over http", refused, mend);
  }
  if (!has("secure") && protocol === "https:") {
    const why = "the browser also sends it over http, where anybody on the way can take it";
    return say(
      "has no Secure on an https site",
      why,
      "leave out cookie: { secure: false } in production",
    );
  }
  if (!has("httponly")) {
    return say("has no HttpOnly", "scripts in the page, those of others too, can take the session");
  }
  if (get("samesite")?.toLowerCase() === "none" && !has("secure")) {
    return say("has SameSite=None without Secure");
  }
  return undefined;
}

/** The library sends `no-store` with every cookie (R21): what is missing was replaced on the way. */
function cacheFinding(headers: Headers): Finding {
  const check = "site.cache";
  const value = headers.get("cache-control") ?? "";
  if (/\bno-store\b/i.test(value))
    return { check, status: "ok", message: "Cache-Control: no-store" };
  return {
    check,
    status: "wrong",
    message: "the response with the cookie may be kept by caches",
    why: "a cache that keeps it hands one visitor's session to the next",
    mend: "have the proxy or CDN leave Cache-Control as it is, and set no header after the library",
  };
}

function parse(header: string): Cookie {
  const [pair = "", ...rest] = header.split(";");
  const attributes = new Map(
    rest.map((part) => {
      const [name = "", value = ""] = part.split(/=(.*)/s);
      return [name.trim().toLowerCase(), value.trim()];
    }),
  );
  const name = pair.slice(0, Math.max(0, pair.indexOf("="))).trim();
  return { name, has: (each) => attributes.has(each), get: (each) => attributes.get(each) };
}
