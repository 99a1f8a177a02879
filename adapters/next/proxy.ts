// The proxy: renews the session, which no component can, and hands a changed cookie to the browser and to the
// components of the same request.

import { cookies } from "next/headers.js";
import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server.js";
import { type Session, type Sessions, type SetCookie, StoreError } from "../../src/index.ts";
import { warnOfMemory } from "./memory.ts";

/** Decides about a request before it reaches a page; what it answers goes out instead, or with `NextResponse.next()` on. */
export type Decide<Data extends object> = (
  request: NextRequest,
  session: Session<Data>,
  event?: NextFetchEvent,
) => Response | undefined | void | Promise<Response | undefined | void>;

/** `proxy` of `nextSessions`: as it is, or around a function that decides. */
export interface SessionProxy<Data extends object> {
  (request: NextRequest): Promise<Response>;
  (decide: Decide<Data>): (request: NextRequest, event?: NextFetchEvent) => Promise<Response>;
}

export function createProxy<Data extends object>(sessions: Sessions<Data>): SessionProxy<Data> {
  async function renew(request: NextRequest): Promise<Response> {
    const next = NextResponse.next();
    // Next's own request for the page that an action redirects to: a cookie set here would not reach the browser.
    if (request.headers.has("x-action-redirect")) return next;
    try {
      const session = await sessions.load(request);
      const cookie = await sessions.save(session);
      if (cookie === null) return next;
      handOn(request, next.headers, cookie);
      return await sessions.commit(session, next);
    } catch (error) {
      // A page that needs no session is none the worse, and one that does finds out by itself.
      if (error instanceof StoreError) return next;
      throw error;
    }
  }

  function around(decide: Decide<Data>) {
    return sessions.handler(async (request: NextRequest, getSession, event?: NextFetchEvent) => {
      const jar = await cookies();
      const before = String(jar);
      const session = await getSession();
      const decided = (await decide(request, session, event)) ?? NextResponse.next();
      if (!PASSES_ON.some((name) => decided.headers.has(name))) return decided;
      const cookie = await sessions.save(session);
      const response = new Response(decided.body, decided);
      if (cookie) handOn(request, response.headers, cookie);
      if (cookie && String(jar) !== before) {
        // The application has used the jar: Next puts the jar's cookies in place of the response's own.
        put(jar, cookie);
        response.headers.delete(SET_COOKIES);
      }
      // What stands here is kept for the page, static ones too, which is not for everybody.
      if (!response.headers.has("Cache-Control")) response.headers.set("Cache-Control", UNSHARED);
      return response;
    });
  }

  function proxy(request: NextRequest): Promise<Response>;
  function proxy(
    decide: Decide<Data>,
  ): (request: NextRequest, event?: NextFetchEvent) => Promise<Response>;
  function proxy(first: NextRequest | Decide<Data>) {
    warnOfMemory(sessions.store);
    return typeof first === "function" ? around(first) : renew(first);
  }

  return proxy;
}

/** What Next's cookie jars have in common. */
type CookieJar = Awaited<ReturnType<typeof cookies>>;

/** Puts a cookie into Next's jar. */
export function put(jar: CookieJar, { name, value, attributes }: SetCookie): void {
  jar.set({ name, value, ...attributes });
}

/** What Next itself says of a page that was made for one request. */
const UNSHARED = "private, no-cache, no-store, max-age=0, must-revalidate";
/** How a response of the proxy's says that the request goes on. */
const PASSES_ON = ["x-middleware-next", "x-middleware-rewrite"];
/** How it says which headers of the request are changed, and to what. */
const CHANGED = "x-middleware-override-headers";
const CHANGED_COOKIE = "x-middleware-request-cookie";

/** How it says which cookies it sets. Next sets these again, and no others, when an action or a page asks for its jar. */
const SET_COOKIES = "x-middleware-set-cookie";

/**
 * Puts the cookie into the request as the page gets it, in both ways that Next knows. Next's own `response.cookies` would
 * write the application's cookies anew, and drop a Max-Age of 0 from them.
 */
function handOn(request: NextRequest, headers: Headers, { name, value, header }: SetCookie): void {
  headers.set(SET_COOKIES, [...headers.getSetCookie(), header].join());
  // The application may have changed the request itself: then only the cookie is ours to change.
  const changedNames = headers.get(CHANGED);
  const came = headers.get(CHANGED_COOKIE) ?? request.headers.get("cookie") ?? "";
  const pairs = came.split(";").map((pair) => pair.trim());
  const others = pairs.filter((pair) => pair !== "" && pair.split("=", 1)[0]?.trim() !== name);
  const incoming = new Headers(request.headers);
  incoming.set("cookie", [...others, ...(value ? [`${name}=${value}`] : [])].join("; "));
  for (const [key, text] of NextResponse.next({ request: { headers: incoming } }).headers) {
    if (changedNames === null || key === CHANGED_COOKIE) headers.set(key, text);
  }
  if (changedNames !== null) {
    headers.set(CHANGED, [...new Set([...changedNames.split(","), "cookie"])].join());
  }
}
