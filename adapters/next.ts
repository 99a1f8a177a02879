// Next.js, App Router: components read, server actions and route handlers change, the proxy renews. Uses nothing but
// the public index, and of Next its cookie jar.

import "server-only"; // Next knows it by itself: what imports this into a client component does not build
import { cookies, headers } from "next/headers.js";
import { cache } from "react";
import {
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

export type { Decide, SessionProxy } from "./next/proxy.ts";
export type { DeepReadonly, ReadonlySession } from "./next/view.ts";

/** What `nextSessions` answers; its parts may be taken apart. */
export interface NextSessions<Data extends object> {
  /**
   * Answers the session of the request to be read, anywhere on the server: once for a page, however many components
   * ask, with no side effect. In an action or a route handler it shows what has been changed so far.
   *
   * With `{ readOnly: false }`, in an action or a route handler: to be changed, and then saved by `saveSession`.
   *
   * @throws StoreError when the store cannot answer; SessionError `SESSION_READ_ONLY` where nothing can be changed;
   *   TypeError where there is no request
   */
  readonly getSession: {
    (options?: { readonly readOnly?: true }): Promise<ReadonlySession<Data>>;
    (options: { readonly readOnly: false }): Promise<Session<Data>>;
  };

  /**
   * Saves what was done to the session and puts the cookie, if one is due, into Next's cookie jar. For where the rest
   * must not happen unless it is saved, and before `redirect()`; may be called any number of times.
   *
   * @throws what `sessions.save` throws; SessionError `SESSION_READ_ONLY` where nothing can be saved
   */
  readonly saveSession: (session: Session<Data>) => Promise<void>;

  /**
   * Wraps a server action or a route handler: its first argument is the session, and what was done to it is saved when
   * the function has ended, in `redirect()` and `notFound()` too. When it throws anything else, or a route handler
   * answers 5xx, nothing is saved, but an end (`destroy`) holds. A route handler answers 503 while the store cannot;
   * an action throws StoreError.
   */
  readonly withSession: <Args extends readonly unknown[], Result>(
    handle: (session: Session<Data>, ...args: Args) => Result | Promise<Result>,
  ) => (...args: Args) => Promise<Result>;

  /**
   * For `proxy.ts`, as it is or around a function that decides who gets further. Renews the session, which no component
   * can, and hands a changed cookie to the browser and to the components of the same request.
   *
   * Around a function it answers 503 while the store cannot; as it is it lets the request pass. Next hides from the
   * proxy which requests its router sends ahead: only `config.matcher` can keep them out, with
   * `missing: [{ type: "header", key: "next-router-prefetch" }]` (what `prefetch={true}` sends looks like a visit).
   * Since anybody can send that header, and other ways past a proxy were found, check the session where it matters too.
   */
  readonly proxy: SessionProxy<Data>;
}

/** What a request has opened and saved so far. */
interface Visit<Data extends object> {
  /** Of the request, as the page gets them. */
  readonly headers: Headers;
  /** To be changed, in an action or a route handler. */
  session?: Promise<Session<Data>> | undefined;
  /** What this request has saved, which its headers cannot know. */
  cookie?: SetCookie;
  /** Whether a `withSession` is at work, which saves for those within. */
  isWrapped?: boolean;
}

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
    const header = cookie ? `${cookie.name}=${cookie.value}` : headers.get("cookie");
    return new View(await sessions.open(header, { readOnly: true }));
  });

  /** Opens the session to be changed. `incoming` are the headers that say whether the request is a prefetch. */
  function open({ cookie }: Visit<Data>, incoming: Headers): Promise<Session<Data>> {
    const known = new Headers(incoming);
    if (cookie) known.set("cookie", `${cookie.name}=${cookie.value}`);
    return sessions.load(known);
  }

  async function here(): Promise<Place<Data>> {
    warnOfMemory(sessions.store);
    try {
      // Before all else: with Cache Components neither a clock nor a random number may come before it.
      const jar = await cookies();
      const incoming = await headers();
      // Next makes the headers once for a request, a jar for each of its phases.
      const visit = visits.get(incoming) ?? { headers: incoming };
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

  async function keep({ visit, jar }: Place<Data>, session: Session<Data>): Promise<void> {
    const cookie = await sessions.save(session);
    if (cookie === null) return;
    put(jar, cookie);
    visit.cookie = cookie;
    if (!cookie.value) visit.session = undefined;
  }

  /** A route handler's answer: its status says whether to save, and it is told who may keep it. */
  async function answer(
    place: Place<Data>,
    session: Session<Data>,
    response: Response,
  ): Promise<Response> {
    try {
      if (response.status < 500) await keep(place, session);
      return await sessions.commit(session, response);
    } catch (error) {
      if (!response.bodyUsed) void response.body?.cancel();
      throw error;
    }
  }

  function getSession(options: { readonly readOnly: false }): Promise<Session<Data>>;
  function getSession(options?: { readonly readOnly?: true }): Promise<ReadonlySession<Data>>;
  async function getSession({ readOnly = true } = {}): Promise<
    Session<Data> | ReadonlySession<Data>
  > {
    const { visit, isWritable } = await here();
    if (!isWritable) return readOnly ? read(visit) : refuse();
    const session = await (visit.session ??= open(visit, visit.headers));
    return readOnly ? new View(session) : session;
  }

  async function saveSession(session: Session<Data>): Promise<void> {
    const place = await here();
    if (!place.isWritable || session instanceof View) refuse();
    await keep(place, session);
  }

  function withSession<Args extends readonly unknown[], Result>(
    handle: (session: Session<Data>, ...args: Args) => Result | Promise<Result>,
  ): (...args: Args) => Promise<Result> {
    /** What was thrown is heard of, but for what a route handler can answer with. */
    async function run(place: Place<Data>, session: Session<Data>, args: Args): Promise<Result> {
      const isRoute = args[0] instanceof Request;
      try {
        const result = await handle(session, ...args);
        if (result instanceof Response) return (await answer(place, session, result)) as Result;
        await keep(place, session);
        return result;
      } catch (error) {
        const response = isRoute ? responseOf(error) : undefined;
        if (response) return (await answer(place, session, response)) as Result;
        if (isNavigation(error) || isEnded(session)) await keep(place, session);
        throw error;
      } finally {
        // What is done to it later, in `after()` say, would be lost: let it throw.
        if (!isEnded(session)) await sessions.commit(session, new Response(null, { status: 500 }));
      }
    }

    return async function handleWithSession(...args) {
      const place = await here();
      const { visit, isWritable } = place;
      if (!isWritable) refuse();
      if (visit.isWrapped && visit.session) return handle(await visit.session, ...args);

      const [request] = args;
      const isRoute = request instanceof Request;
      visit.isWrapped = true;
      try {
        visit.session ??= open(visit, isRoute ? request.headers : visit.headers);
        return await run(place, await visit.session, args);
      } catch (error) {
        if (!(isRoute && error instanceof StoreError)) throw error;
        return error.getResponse() as Result;
      } finally {
        visit.isWrapped = false;
        visit.session = undefined;
      }
    };
  }

  return { getSession, saveSession, withSession, proxy: createProxy(sessions) };
}

function isEnded<Data extends object>(session: Session<Data>): boolean {
  try {
    return !session.data;
  } catch (error) {
    return error instanceof SessionError && error.code === "SESSION_DESTROYED";
  }
}
