// cookie -> Response. Works on immutable responses, and puts no cookie on one that somebody else may hold.

import type { SetCookie } from "./cookie.ts";

/** Why a response cannot be answered: its body was read, or it is `Response.error()`. `undefined` where it can. */
export function misfitOf(response: Response): unknown {
  if (response.status && !response.bodyUsed && !response.body?.locked) return undefined;
  try {
    copyOf(response);
    return undefined;
  } catch (error) {
    return error;
  }
}

/**
 * Answers the response with the cookie, for a request whose handler asked for the session. The application's own
 * headers and cookies stay as they are (R17, R21). A 101 is what it is.
 *
 * @throws TypeError or RangeError where it cannot be answered
 */
export function finish(
  response: Response,
  { cookie, clearSiteData }: { cookie?: SetCookie | undefined; clearSiteData?: boolean },
): Response {
  if (response.status === 101) return response;
  if (!cookie) return keep(response);
  const copy = copyOf(response);
  const { headers } = copy;
  // One of the session's own may stand there, from an error that a later try has overtaken.
  const others = headers.getSetCookie().filter((line) => !line.startsWith(`${cookie.name}=`));
  headers.delete("Set-Cookie");
  for (const line of [...others, cookie.header]) headers.append("Set-Cookie", line);
  headers.set("Cache-Control", "no-store");
  if (clearSiteData && !cookie.value) headers.set("Clear-Site-Data", '"cookies", "storage"');
  return vary(copy);
}

/**
 * Keeps a response out of shared caches: in place, since that is right for whoever else it may serve, and a copy takes
 * longer than all the rest of most requests.
 */
function keep(response: Response): Response {
  try {
    return vary(response);
  } catch (error) {
    if (error instanceof TypeError) return vary(copyOf(response));
    throw error;
  }
}

/** @throws TypeError where the headers are immutable, as of `fetch` and `Response.redirect` */
function vary(response: Response): Response {
  const { headers } = response;
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "private");
  const names = headers.get("Vary");
  if (names === null) headers.set("Vary", "Cookie");
  else if (!/(^|,)\s*(cookie|\*)\s*(,|$)/i.test(names)) headers.append("Vary", "Cookie");
  return response;
}

function copyOf(response: Response): Response {
  return new Response(response.body, response);
}
