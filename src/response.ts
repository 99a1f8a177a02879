// cookie -> Response. Works on immutable responses, and never touches one that somebody else may hold.

import type { SetCookie } from "./cookie.ts";

/** Seconds after which a client may ask again while the store cannot answer. */
const RETRY_AFTER = 5;

/**
 * Copies a response, so that it can be changed: one that came from `fetch` or `redirect` is immutable, and one without
 * a body may be a constant that serves every visitor. A 101 is what it is.
 *
 * @throws TypeError or RangeError where it cannot be answered: its body was read, or it is `Response.error()`
 */
export function copyOf(response: Response): Response {
  return response.status === 101 ? response : new Response(response.body, response);
}

/**
 * Puts the cookie on a response that is ours to change, for a request whose handler asked for the session. The
 * application's own headers and cookies stay as they are (R17, R21).
 */
export function finish(
  response: Response,
  { cookie, clearSiteData }: { cookie?: SetCookie | undefined; clearSiteData?: boolean },
): Response {
  const { headers, status } = response;
  if (status === 101) return response;
  if (cookie) {
    headers.append("Set-Cookie", cookie.header);
    headers.set("Cache-Control", "no-store");
    if (clearSiteData && !cookie.value) headers.set("Clear-Site-Data", '"cookies", "storage"');
  } else if (!headers.has("Cache-Control")) {
    headers.set("Cache-Control", "private");
  }
  if (!/(^|,)\s*(cookie|\*)\s*(,|$)/i.test(headers.get("Vary") ?? ""))
    headers.append("Vary", "Cookie");
  return response;
}

/** What a visitor gets while the store cannot answer: nothing of why, and no cookie set or cleared (R50, R51). */
export function unavailable(): Response {
  return new Response("Service unavailable\n", {
    status: 503,
    headers: {
      "Cache-Control": "no-store",
      "Content-Type": "text/plain; charset=utf-8",
      "Retry-After": String(RETRY_AFTER),
    },
  });
}
