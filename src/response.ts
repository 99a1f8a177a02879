// cookie -> Response. Works on immutable responses, and puts no cookie on one that somebody else may hold.

import type { SetCookie } from "./cookie.ts";

/** @throws TypeError or RangeError where it cannot be answered: its body was read, or it is `Response.error()` */
export function copyOf(response: Response): Response {
  return new Response(response.body, response);
}

/**
 * Answers the response with the cookie, for a request whose handler asked for the session. The application's own
 * headers and cookies stay as they are (R17, R21). A 101 is what it is.
 *
 * @param copy what {@link copyOf} or {@link keep} has made of the response already
 * @throws as {@link copyOf}
 */
export function finish(
  response: Response,
  { cookie, clearSiteData }: { cookie?: SetCookie | undefined; clearSiteData?: boolean },
  copy?: Response,
): Response {
  if (response.status === 101) return response;
  if (!cookie) return copy ? vary(copy) : keep(response);
  const own = copy && copy !== response ? copy : copyOf(response);
  const { headers } = own;
  // One of the session's own may stand there, from an error that a later try has overtaken.
  const others = headers.getSetCookie().filter((line) => !line.startsWith(`${cookie.name}=`));
  headers.delete("Set-Cookie");
  for (const line of [...others, cookie.header]) headers.append("Set-Cookie", line);
  headers.set("Cache-Control", "no-store");
  if (clearSiteData && !cookie.value) headers.set("Clear-Site-Data", '"cookies", "storage"');
  return vary(own);
}

/**
 * Keeps a response out of shared caches. One with a body can serve nobody else, so it is changed in place: a copy takes
 * longer than all the rest of most requests. One without may be a constant that serves every visitor.
 */
export function keep(response: Response): Response {
  // The body first: a Response that a server puts off making forgets headers that were changed before.
  if (response.body?.locked === false) {
    const { headers } = response;
    try {
      vary(response);
    } catch {
      // They are immutable, as of `fetch`.
      return vary(copyOf(response));
    }
    if (response.headers === headers) return response;
  }
  return vary(copyOf(response));
}

function vary(response: Response): Response {
  const { headers } = response;
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "private");
  const names = headers.get("Vary");
  if (names === null) headers.set("Vary", "Cookie");
  else if (!/(^|,)\s*(cookie|\*)\s*(,|$)/i.test(names)) headers.append("Vary", "Cookie");
  return response;
}
