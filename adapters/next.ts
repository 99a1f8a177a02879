// Next.js, App Router: components read, server actions and route handlers change, the proxy renews. Uses nothing but
// the public index, and of Next its cookie jar.

import { cookies, headers } from "next/headers.js";
import { cache } from "react";
import {
  type LoadOptions,
  type Session,
  SessionError,
  type Sessions,
  type SetCookie,
  StoreError,
} from "../src/index.ts";
import { warnOfMemory } from "./next/memory.ts";
import { isNavigation, responseOf } from "./next/navigation.ts";
import { createProxy, put, type SessionProxy } from "./next/proxy.ts";
import { type ReadonlySession, refuse, View } from "./next/view.ts";

export { crossSiteGuard, type CrossSiteOptions } from "../src/index.ts";
export type { SignedIn, Visitor } from "./refusal.ts";
export { type GuardOptions, requireFresh, requireUser } from "./next/guard.ts";
export type { Decide, SessionProxy } from "./next/proxy.ts";
export type { DeepReadonly, ReadonlySession } from "./next/view.ts";

/** What `nextSessions` answers; its parts may be taken apart. */
export interface NextSessions<Data extends object> {
  /**
   * Answers the session of the request to be read, anywhere on the server: once for a page, however many components
   * ask, with no side effect. In an action or a route handler it shows what has been changed so far.
   *
   * With `{ readOnly: false }`, in an action or a route handler: to be changed, and then saved by `saveSession`. To sign
   * out add `whenUnavailable: "anonymous"`, so that an outage does not forget it.
   *
   * @throws StoreError when the store cannot answer; SessionError `SESSION_READ_ONLY` where nothing can be changed;
   *   TypeError where there is no request
   */
  readonly getSession: {
    (options?: { readonly readOnly?: true }): Promise<ReadonlySession<Data>>;
    (options: { readonly readOnly: false } & LoadOptions): Promise<Session<Data>>;
  };

  /**
   * Saves what was done to the session and puts the cookie, if one is due, into Next's cookie jar. For where the rest
   * must not happen unless it is saved, and before `redirect()`; may be called any number of times. In a route handler
   * the response is yours: one that carries a cookie has to say `Cache-Control: no-store`, as `withSession` sees to.
   *
   * @throws what `sessions.save` throws; SessionError `SESSION_READ_ONLY` where nothing can be saved
   */
  readonly saveSession: (session: Session<Data>) => Promise<void>;

  /**
   * Wraps a server action or a route handler: its first argument is the session, and what was done to it is saved when
   * the function has ended, in `redirect()` and `notFound()` too. When it throws anything else, or a route handler
   * answers 5xx, nothing is saved, but an end (`destroy`) holds. A route handler answers 503 while the store cannot;
   * an action throws StoreError. Of several at work in one request the last to end saves for all.
   */
  readonly withSession: <Args extends readonly unknown[], Result>(
    handle: (session: Session<Data>, ...args: Args) => Result | Promise<Result>,
  ) => (...args: Args) => Promise<Result>;

  /**
   * For `proxy.ts`, as it is or around a function that decides who gets further. Renews the session, which no component
   * can, and hands a changed cookie to the browser and to the components of the same request.
   *
   * Around a function it answers 503 while the store cannot, and what stands behind it is kept by no cache; as it is it
   * lets the request pass. Next hides from the proxy which requests its router sends ahead: only `config.matcher` can
   * keep them out, with `missing: [{ type: "header", key: "next-router-prefetch" }]` (what `prefetch={true}` sends looks
   * like a visit). Since anybody can send that header, and other ways past a proxy were found, check the session where
   * it matters too.
   */
  readonly proxy: SessionProxy<Data>;
}

/** What a request has opened and saved so far. */
interface Visit<Data extends object> {
  /** Of the request, as the page gets them. */
  readonly headers: Headers;
  /** To be changed, in an action or a route handler. */
  session?: Promise<Session<Data>> | undefined;
  /** The session's cookie as this request has set it, `name=value`, which its headers cannot know. */
  cookie?: string | undefined;
  /** Whether it was asked for outside `withSession`, and so is saved by hand. */
  isByHand?: boolean;
  /** How many `withSession` are at work. */
  wrappers: number;
}

/** What came of a function. */
type Outcome<Result> =
  | { readonly result: Result; readonly error?: undefined }
  | { readonly error: unknown; readonly result?: undefined };

interface Place<Data extends object> {
  readonly visit: Visit<Data>;
  readonly jar: Awaited<ReturnType<typeof cookies>>;
  /** Whether cookies can be set here: not in a component, nor when the response is on its way. */
  readonly isWritable: boolean;
}

/**
 * Brings sessions into Next's components, actions, route handlers and proxy. Does nothing by itself: all work begins in
 * what it answers, after `await cookies()`.
 *
 * Next loads a module apart for pages, for route handlers and for the proxy, so that a `memoryStore` made in one knows
 * nothing of the others: keep it on `globalThis`. In development a second one is warned of.
 */
export function nextSessions<Data extends object>(sessions: Sessions<Data>): NextSessions<Data> {
  const visits = new WeakMap<object, Visit<Data>>();

  const read = cache(async ({ headers, cookie }: Visit<Data>) => {
    const header = cookie ?? headers.get("cookie");
    return new View(await sessions.open(header, { readOnly: true }));
  });

  /** Opens the session to be changed, once. `incoming` are the headers that say whether the request is a prefetch. */
  function open(
    visit: Visit<Data>,
    incoming = visit.headers,
    options: LoadOptions = {},
  ): Promise<Session<Data>> {
    if (visit.session) return visit.session;
    const known = new Headers(incoming);
    if (visit.cookie !== undefined) known.set("cookie", visit.cookie);
    visit.session = sessions.load(known, options).catch((error: unknown) => {
      visit.session = undefined;
      throw error;
    });
    return visit.session;
  }

  async function here(): Promise<Place<Data>> {
    warnOfMemory(sessions.store);
    try {
      // Before all else: with Cache Components neither a clock nor a random number may come before it.
      const jar = await cookies();
      const incoming = await headers();
      // Next makes the headers once for a request, a jar for each of its phases.
      const visit = visits.get(incoming) ?? { headers: incoming, wrappers: 0 };
      visits.set(incoming, visit);
      // What a component may not do is one function in its jar, under every name.
      return { visit, jar, isWritable: !Object.is(jar.set, jar.delete) };
    } catch (error) {
      if (!/outside a request/.test(String(error))) throw error;
      throw new TypeError(
        "Cannot get session: there is no request here; ask in a component, an action or a route handler, not at the top of a module",
        { cause: error },
      );
    }
  }

  /** Saves where Next has the cookie jar: in an action, or by hand. */
  async function keep(place: Place<Data>, session: Session<Data>): Promise<void> {
    const { visit } = place;
    try {
      const cookie = await sessions.save(session);
      if (cookie) set(place, cookie);
      if (cookie?.value === "") visit.session = undefined;
    } catch (error) {
      // An end that the store did not confirm: the next request repeats it.
      if (error instanceof StoreError && error.cookie) set(place, error.cookie);
      throw error;
    }
  }

  function set({ visit, jar }: Place<Data>, cookie: SetCookie): void {
    put(jar, cookie);
    visit.cookie = `${cookie.name}=${cookie.value}`;
  }

  /** Saves where there is a response. Its cookies stay as they are: Next's jar would write them anew. */
  async function answer(
    visit: Visit<Data>,
    session: Session<Data>,
    response: Response,
  ): Promise<Response> {
    const { length } = response.headers.getSetCookie();
    const answered = await sessions.commit(session, response).catch((error: unknown) => {
      void response.body?.cancel().catch(() => undefined);
      throw error;
    });
    const own = answered.headers.getSetCookie()[length];
    if (own !== undefined) visit.cookie = own.split(";", 1)[0];
    return answered;
  }

  function getSession(options: { readonly readOnly: false } & LoadOptions): Promise<Session<Data>>;
  function getSession(options?: { readonly readOnly?: true }): Promise<ReadonlySession<Data>>;
  async function getSession({
    readOnly = true,
    ...options
  }: { readonly readOnly?: boolean } & LoadOptions = {}): Promise<
    Session<Data> | ReadonlySession<Data>
  > {
    const { visit, isWritable } = await here();
    if (!isWritable) return readOnly ? read(visit) : refuse();
    if (!readOnly && visit.wrappers === 0) visit.isByHand = true;
    const session = await open(visit, visit.headers, options);
    return readOnly ? new View(session) : session;
  }

  async function saveSession(session: Session<Data>): Promise<void> {
    const place = await here();
    if (!place.isWritable || session instanceof View) refuse();
    await keep(place, session);
  }

  /** Saves what was done, as the outcome wants it; `isRoute`: a route handler, which answers responses. */
  async function finish<Result>(
    place: Place<Data>,
    {
      opened,
      outcome,
      isRoute,
    }: { opened: Session<Data>; outcome: Outcome<Result>; isRoute: boolean },
  ): Promise<Outcome<Result>> {
    const { visit } = place;
    // Where the one that was opened has been ended and saved by hand, another may have begun.
    const session = (await visit.session) ?? opened;
    try {
      const { result, error } = outcome;
      const response = result instanceof Response ? result : isRoute && responseOf(error);
      if (response) return { result: (await answer(visit, session, response)) as Result };
      const isDone = "error" in outcome ? isNavigation(error) : !isRoute;
      if (isDone || isEnded(session)) await keep(place, session);
      return outcome;
    } finally {
      if (!visit.isByHand) await close(visit, session);
    }
  }

  /** What is done to it later, in `after()` say, would be lost: let it throw. */
  async function close(visit: Visit<Data>, session: Session<Data>): Promise<void> {
    visit.session = undefined;
    if (!isEnded(session)) await sessions.commit(session, new Response(null, { status: 500 }));
  }

  function withSession<Args extends readonly unknown[], Result>(
    handle: (session: Session<Data>, ...args: Args) => Result | Promise<Result>,
  ): (...args: Args) => Promise<Result> {
    return async function handleWithSession(...args) {
      const place = await here();
      const { visit, isWritable } = place;
      if (!isWritable) refuse();
      const [request] = args;
      const incoming = request instanceof Request ? request.headers : undefined;
      let opened: Session<Data> | undefined;
      visit.wrappers++;
      const outcome: Outcome<Result> = await (async () => {
        opened = await open(visit, incoming);
        return handle(opened, ...args);
      })().then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      );
      visit.wrappers--;
      try {
        // Of those within one another, or side by side, the last to end saves for all.
        const isRoute = incoming !== undefined;
        const isLast = visit.wrappers === 0;
        const final =
          isLast && opened ? await finish(place, { opened, outcome, isRoute }) : outcome;
        if ("error" in final) throw final.error;
        return final.result;
      } catch (error) {
        if (incoming && error instanceof StoreError) return error.getResponse() as Result;
        throw error;
      }
    };
  }

  return { getSession, saveSession, withSession, proxy: createProxy(sessions) };
}

function isEnded<Data extends object>(session: Session<Data>): boolean {
  try {
    session.flash(""); // of what can be asked, this costs least
    return false;
  } catch (error) {
    return error instanceof SessionError && error.code === "SESSION_DESTROYED";
  }
}
