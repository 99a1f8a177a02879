// cookie -> Response. Works on immutable responses, and never touches one that somebody else may hold.

import type { SetCookie } from "./cookie.ts";

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
    // One of the session's own may stand there, from an error that a later try has overtaken.
    const others = headers.getSetCookie().filter((line) => !line.startsWith(`${cookie.name}=`));
    headers.delete("Set-Cookie");
    for (const line of [...others, cookie.header]) headers.append("Set-Cookie", line);
    headers.set("Cache-Control", "no-store");
    if (clearSiteData && !cookie.value) headers.set("Clear-Site-Data", '"cookies", "storage"');
  } else if (!headers.has("Cache-Control")) {
    headers.set("Cache-Control", "private");
  }
  if (!/(^|,)\s*(cookie|\*)\s*(,|$)/i.test(headers.get("Vary") ?? ""))
    headers.append("Vary", "Cookie");
  return response;
}
