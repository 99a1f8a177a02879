// Beside the path: whether a page of another site sent a request (R43, as Go 1.25's CrossOriginProtection and OWASP's
// cheat sheet on CSRF have it). Reads headers alone, and never the Content-Type, which the other page chooses (F41).

import { checkOptions, isText, oneOf, optional, type Rule } from "./check.ts";

/** What `crossSiteGuard` takes. An unknown option is a TypeError. */
export interface CrossSiteOptions {
  /** Other origins whose pages may change things here, exactly as browsers say them: `https://admin.example.com`. */
  readonly trustedOrigins?: readonly string[];
  /**
   * The header in which your proxy says which host the browser asked for, such as `x-forwarded-host`: it must replace
   * what comes from outside. Default none: the Host header counts, else the URL's host.
   */
  readonly proxyHost?: string;
  /**
   * Whether a request with cookies but with neither `Sec-Fetch-Site` nor `Origin` passes. Browsers send one of them;
   * programs with a cookie jar of their own may not. Default false. Without cookies it always passes.
   */
  readonly allowWithoutOrigin?: boolean;
}

/** As a browser writes it: in lower case, without path, slash or the port that goes without saying. */
const ORIGIN = /^(?!http:.*:80$|https:.*:443$)[a-z][a-z\d.+-]*:\/\/[a-z\d_.:[\]-]+$/;
const isOrigin = isText(ORIGIN);

const RULES: Readonly<Record<string, Rule>> = {
  trustedOrigins: [
    [],
    (origins) => Array.isArray(origins) && origins.every(isOrigin),
    "a list of exact origins, such as https://admin.example.com: in lower case, no path, no slash at the end, no default port, no null",
  ],
  proxyHost: [undefined, optional(isText(/^[\w-]+$/)), "the name of a header"],
  allowWithoutOrigin: oneOf(false, true),
};

/**
 * Makes a guard against requests that pages of other sites send with a visitor's cookies. It answers whether a request
 * is one and has to be refused, by 403, before anything is done. GET, HEAD and OPTIONS never are: they must change
 * nothing. Neighbours such as `blog.example.com` are other sites too, unless they are in `trustedOrigins`.
 *
 * A browser that says no `Sec-Fetch-Site` is judged by the host in `Origin` alone, so `http:` passes for `https:`
 * there: HSTS prevents that.
 *
 * @throws TypeError that names the option and the mend
 * @see https://pkg.go.dev/net/http#CrossOriginProtection
 */
export function crossSiteGuard(options: CrossSiteOptions = {}): (request: Request) => boolean {
  const { trustedOrigins, proxyHost, allowWithoutOrigin } = checkOptions(
    "guard",
    options,
    RULES,
  ) as unknown as Required<CrossSiteOptions>;
  const trusted = new Set(trustedOrigins);

  return function isCrossSite({ method, headers, url }) {
    if (/^(GET|HEAD|OPTIONS)$/.test(method)) return false;
    const site = headers.get("Sec-Fetch-Site");
    if (site === "same-origin" || site === "none") return false;
    const origin = headers.get("Origin");
    if (origin && trusted.has(origin)) return false;
    if (site) return true;
    if (!origin) return !allowWithoutOrigin && Boolean(headers.get("Cookie"));
    // A server behind a proxy has a URL of its own, but Host is what the browser or the proxy says.
    const host = proxyHost ? headers.get(proxyHost) : (headers.get("Host") ?? new URL(url).host);
    // What is no origin equals no host either, so that several values or none in the header refuse.
    return !isOrigin(origin) || origin.replace(/^https?:\/\//, "") !== host?.toLowerCase();
  };
}
