// Hono: a session is opened when a handler first asks, and committed once, when everything behind the middleware has
// answered. Guards stand behind it. Uses nothing but the public index, and of Hono nothing but its types.

import type { Context, MiddlewareHandler } from "hono";
import {
  crossSiteGuard,
  type CrossSiteOptions,
  type LoadOptions,
  type Session,
  type Sessions,
  type SetCookie,
  StoreError,
} from "../src/index.ts";
import { refusal, refusalFor, type SignedIn } from "./refusal.ts";

export { crossSiteGuard, type CrossSiteOptions } from "../src/index.ts";
export type { SignedIn } from "./refusal.ts";

/** What the middleware keeps in the context's variables: opens the session, the same one every time. */
export interface GetSession<Data extends object> {
  (options?: LoadOptions): Promise<Session<Data>>;
  /** The sessions that it opens from. */
  readonly sessions: Sessions<Data>;
}

/** The variables of a context behind {@link session}. */
export interface SessionVariables<Data extends object, Name extends string = "session"> {
  readonly Variables: { readonly [Key in Name]: GetSession<Data> };
}

/**
 * The Env of an application whose `app.use(session(…))` stands on a line of its own, as in
 * `new Hono<SessionEnv<typeof sessions>>()`; where calls are chained it is inferred. `From` is what `session` is given.
 */
export type SessionEnv<From, Name extends string = "session"> = SessionVariables<
  From extends Sessions<infer Data>
    ? Data
    : From extends (...given: never[]) => Sessions<infer Data>
      ? Data
      : never,
  Name
>;

/**
 * Middleware that gives every handler behind it a session, for {@link getSession}. A request that nobody asks it for
 * passes untouched. A handler that throws or answers 5xx saves nothing, but an end (`destroy`) holds; what
 * `app.onError` itself does to the session is saved, unless it answers 5xx.
 *
 * What fails goes the way of every error of Hono's, to `app.onError`. A StoreError has `getResponse()`, as Hono's
 * HTTPException, so that it becomes a 503 with Retry-After where nobody shapes it. The cookie of an end that the store
 * did not confirm (`error.cookie`) goes out with whatever answer is given.
 *
 * @param from the sessions, or a function that answers them for a context, as `(c) => sessionsOf(c.env)`
 * @param name of the context's variable; a second session in one application needs one of its own
 */
export function session<Data extends object, Name extends string = "session">(
  from: Sessions<Data> | ((c: Context) => Sessions<Data>),
  name: Name = "session" as Name,
): MiddlewareHandler<SessionVariables<Data, Name>> {
  return async function withSession(c: Context, next) {
    const sessions = typeof from === "function" ? from(c) : from;
    // Once is enough, where an application and a part of it both ask for the middleware.
    if ((c.get(name) as Partial<GetSession<Data>> | undefined)?.sessions === sessions)
      return next();

    let opening: Promise<Session<Data>> | undefined;
    let failure: Error | undefined;
    let isAnswered = false;
    const dropped: Promise<Session<Data>>[] = [];

    /** What was done before a failure is dropped: whoever answers for it starts from what is stored. */
    function noteFailure(): void {
      if (c.error === failure) return;
      failure = c.error;
      if (opening) dropped.push(opening);
      opening = undefined;
    }

    async function open(options?: LoadOptions): Promise<Session<Data>> {
      const isLate = isAnswered;
      const opened = await sessions.load(c.req.raw, options);
      // Asked for in a stream, when the response is on its way, the session can only be read.
      if (isLate) await sessions.commit(opened, failed(new Response()));
      return opened;
    }

    function getOpened(options?: LoadOptions): Promise<Session<Data>> {
      if (!isAnswered) noteFailure();
      return (opening ??= open(options));
    }

    c.set(name, Object.assign(getOpened, { sessions }));
    try {
      await next();
    } catch (error) {
      // Not an Error, or thrown by `app.onError`: Hono answers nothing, so that only an end is left to be carried out.
      isAnswered = true;
      for (const each of [...dropped, opening]) {
        await settled(each?.then((it) => sessions.commit(it, failed(new Response()))));
      }
      throw error;
    }
    noteFailure();
    isAnswered = true;
    if (!opening && dropped.length === 0) return undefined;

    try {
      let response = c.res;
      for (const each of dropped) {
        const { status, statusText } = response;
        // The core knows a failure by its status, Hono by the error, whatever status `app.onError` gives it.
        const { body, headers } = await commit(sessions, each, failed(response));
        response = new Response(body, { status, statusText, headers });
      }
      // A handler that answers nothing is a failure too, which Hono finds when all middleware has returned.
      if (!c.finalized) await commit(sessions, opening, failed(response));
      else replace(c, opening ? await commit(sessions, opening, response) : response);
    } catch (error) {
      void settled(c.res.body?.cancel());
      replace(c, new Response(null, { headers: keptHeaders(c, error) }));
      throw error;
    }
    return undefined;
  };
}

/**
 * Answers the session of the request: reads it on the first call, and is the same one ever after. Once the response has
 * been committed, in a stream say, it can only be read.
 *
 * @param name as given to {@link session}
 * @throws StoreError when the store cannot answer; TypeError where no {@link session} has run before
 */
export function getSession<Data extends object, Given = unknown>(c: {
  readonly var: { readonly session: GetSession<Data> & Given };
}): Promise<SessionBehind<Given, Data>>;
export function getSession<Variables, Name extends keyof Variables & string>(
  c: { readonly var: Variables },
  name: Name,
): Variables[Name] extends GetSession<infer Data>
  ? Promise<SessionBehind<Variables[Name], Data>>
  : never;
export function getSession(
  c: { readonly var: { readonly [name: string]: unknown } },
  name = "session",
): Promise<Session<object>> {
  const { [name]: getOpened } = c.var;
  // The very promise that the middleware waits for: a handler that drops it leaves no rejection unhandled.
  if (typeof getOpened === "function") return (getOpened as GetSession<object>)();
  const named = name === "session" ? "" : `, "${name}"`;
  throw new TypeError(
    `Cannot get session: the middleware has not run; put app.use(session(sessions${named})) before the route`,
  );
}

/** What a guard takes. */
export interface GuardOptions<Name extends string = "session"> {
  /**
   * Where who may not pass is sent, by 303, if they ask for a page: `Accept` names `text/html`. What scripts and programs
   * ask for is refused by its status all the same. Default nowhere: the status is for all.
   */
  readonly redirect?: string;
  /** As given to {@link session}. */
  readonly name?: Name;
}

/** Says to the compiler alone that a guard stands before: {@link getSession} then knows of a user. */
export interface Guarded {
  readonly isGuarded: true;
}

/** What {@link getSession} answers of a variable, behind a guard or not. */
export type SessionBehind<Given, Data extends object> = Given extends Guarded
  ? SignedIn<Session<Data>>
  : Session<Data>;

/** The variables of a context behind a guard, beside those of {@link session}. */
export interface GuardVariables<Name extends string = "session"> {
  readonly Variables: { readonly [Key in Name]: Guarded };
}

/**
 * Middleware that lets pass who is signed in. Others get a 401, or are sent to `redirect`, which must not stand behind
 * the guard itself. It stands behind {@link session}.
 */
export function requireUser<Name extends string = "session">(
  options: GuardOptions<Name> = {},
): MiddlewareHandler<GuardVariables<Name>> {
  return guard(options);
}

/**
 * As {@link requireUser}, and lets pass only who has proved who they are, by `signIn` or `elevate`, no longer than so
 * many seconds ago. Who is signed in and has not gets a 403 that says so, in `WWW-Authenticate` and in JSON:
 * `{ "error": "insufficient_user_authentication", "max_age": 300 }`. With `redirect` it sends all of them there.
 *
 * @param seconds a whole number from 1 to 34,560,000; with another one every request is a RangeError
 */
export function requireFresh<Name extends string = "session">(
  seconds: number,
  options: GuardOptions<Name> = {},
): MiddlewareHandler<GuardVariables<Name>> {
  // What is no number at all must not make it a guard of users alone.
  return guard(options, seconds ?? Number.NaN);
}

function guard({ redirect, name = "session" }: GuardOptions<string>, seconds?: number) {
  return async function passSignedIn(c: Context, next: () => Promise<void>) {
    const refused = refusalFor(await getSession(c, name), seconds);
    if (!refused) return next();
    const isPage = /\btext\/html\b/i.test(c.req.header("Accept") ?? "");
    if (redirect === undefined || !isPage) return refused;
    return refusal(303, null, { Location: redirect });
  };
}

/**
 * Middleware that answers 403 to what pages of other sites send to change something: `crossSiteGuard`, which says what
 * that is. It needs no session, and asks for none: put it before everything that changes something.
 *
 * @throws TypeError that names the option and the mend
 */
export function refuseCrossSite(options?: CrossSiteOptions): MiddlewareHandler {
  const isCrossSite = crossSiteGuard(options);
  return async function passOwn(c, next) {
    return isCrossSite(c.req.raw) ? refusal(403, "Forbidden\n") : next();
  };
}

/** Commits what was opened. Where the store did not answer, the handler has dealt with it: nobody's session is left. */
async function commit<Data extends object>(
  sessions: Sessions<Data>,
  opening: Promise<Session<Data>> | undefined,
  response: Response,
): Promise<Response> {
  const opened = (await settled(opening)) ?? (await settled(sessions.open(null)));
  return opened ? sessions.commit(opened, response) : response;
}

/** What goes out of a response that an error replaces: Hono merges it into the answer to that error. */
function keptHeaders({ res, error: earlier }: Context, error: unknown): Headers {
  const [before, ending] = [endingOf(earlier), endingOf(error)];
  const headers = [...res.headers].filter(
    ([header, value]) =>
      // Who may read it: a page of another origin should see the 503 as well.
      /^(access-control-|vary$)/.test(header) ||
      // What another session's middleware has left there.
      (before && header === "set-cookie" && !value.startsWith(`${ending?.name}=`)),
  );
  const kept = new Headers(headers);
  if (ending) kept.append("Set-Cookie", ending.header);
  if (before ?? ending) kept.set("Cache-Control", "no-store");
  return kept;
}

/** The cookie that must go out all the same, where the store did not confirm an end. */
function endingOf(error: unknown): SetCookie | undefined {
  return error instanceof StoreError ? error.cookie : undefined;
}

/** The same response, as one that saves nothing but an end. */
function failed({ body, headers }: Response): Response {
  return new Response(body, { status: 500, headers });
}

/** Hono merges the headers of the old response into the new one, and so would undo what was set or double it. */
function replace(c: Context, response: Response): void {
  c.res = undefined;
  c.res = response;
}

async function settled<Value>(promise: Promise<Value> | undefined): Promise<Value | undefined> {
  return promise?.catch(() => undefined);
}
