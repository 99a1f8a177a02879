// Guards for components, actions and route handlers: they look at a session that is open, wherever it was opened.

import { refusalFor, type SignedIn, type Visitor } from "../refusal.ts";
import { Refusal } from "./navigation.ts";

/** What a guard takes. */
export interface GuardOptions {
  /**
   * Where who may not pass is sent, as by Next's `redirect()`. Leave it out in a route handler that scripts ask, which get
   * the status then. Default nowhere: `unauthorized.tsx` and `forbidden.tsx` are shown, with `experimental.authInterrupts`.
   */
  readonly redirect?: string;
}

/**
 * Lets pass who is signed in, and answers their session, in which `userId` is text. For others the function ends here:
 * they are sent to `redirect`, else get a 401. In a page, an action or a route handler alike; a layout is not enough,
 * since Next does not ask it again when the visitor goes on. In `proxy.ts` answer a response of your own instead.
 *
 * @throws what Next takes for a redirect or a 401; StoreError where the store did not answer
 */
export function requireUser<Given extends Visitor>(
  session: Given,
  options: GuardOptions = {},
): SignedIn<Given> {
  return pass(session, options);
}

/**
 * As {@link requireUser}, and lets pass only who has proved who they are, by `signIn` or `elevate`, no longer than so
 * many seconds ago. Who is signed in and has not is sent to `redirect` too, else gets a 403, from a route handler in
 * `withSession` one that says so, in `WWW-Authenticate` and in JSON:
 * `{ "error": "insufficient_user_authentication", "max_age": 300 }`.
 *
 * @param seconds a whole number from 1 to 34,560,000
 * @throws as {@link requireUser}, the 403 as well; RangeError for another number
 */
export function requireFresh<Given extends Visitor>(
  session: Given,
  seconds: number,
  options: GuardOptions = {},
): SignedIn<Given> {
  // What is no number at all must not make it a guard of users alone.
  return pass(session, options, seconds ?? Number.NaN);
}

function pass<Given extends Visitor>(
  session: Given,
  { redirect }: GuardOptions,
  seconds?: number,
): SignedIn<Given> {
  const response = refusalFor(session, seconds);
  if (response) throw new Refusal(response, redirect);
  return session as SignedIn<Given>;
}
