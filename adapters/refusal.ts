// What guards answer to whoever may not pass, the same in every framework.

import { type Session, StoreError } from "../src/index.ts";

/** What a guard looks at: a session, to be changed or to be read. */
export type Visitor = Pick<Session<object>, "userId" | "unavailable" | "isFresh">;

/** A session in which somebody is signed in. */
export type SignedIn<Given> = Given & { readonly userId: string };

/**
 * Answers why a visitor may not pass, or `undefined` for who may: a 401 where nobody is signed in; a 403 where the user
 * has to prove once more who they are, which says how recent the proof must be. Those are the words of RFC 9470, whose
 * 401 is for tokens: here it would send a client that is signed in to the sign-in. The scheme is no `Bearer`, but a
 * cookie.
 *
 * @throws StoreError where nobody can tell: an outage is no sign-out (R51)
 * @see https://www.rfc-editor.org/rfc/rfc9470#section-3
 */
export function refusalFor(visitor: Visitor, seconds?: number): Response | undefined {
  // First of all, so that a number that is none throws whoever comes.
  const isFresh = seconds === undefined || visitor.isFresh(seconds);
  if (visitor.userId === undefined) {
    if (visitor.unavailable) {
      throw new StoreError("none", "Cannot tell who is signed in: no store answered");
    }
    return refusal(401, "Unauthorized\n", { "WWW-Authenticate": "Cookie" });
  }
  if (isFresh) return undefined;
  const error = "insufficient_user_authentication";
  return refusal(403, `${JSON.stringify({ error, max_age: seconds })}\n`, {
    "Content-Type": "application/json",
    "WWW-Authenticate": `Cookie error="${error}", max_age=${seconds}`,
  });
}

/** A response that is for this one request, and tells nothing of why (R50) but in its headers. */
export function refusal(
  status: number,
  body: string | null,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, { status, headers: { "Cache-Control": "no-store", ...headers } });
}
