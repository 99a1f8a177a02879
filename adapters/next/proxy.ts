// The proxy: renews the session, which no component can, and hands a changed cookie to the browser and to the
// components of the same request.

import { cookies } from "next/headers.js";
import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server.js";
import { type Session, type Sessions, type SetCookie, StoreError } from "../../src/index.ts";
import { warnOfMemory } from "./memory.ts";

type Decision = Response | null | undefined | void;

/** Decides about a request before it reaches a page: answers a response, or nothing to let the request pass. */
export type Decide<Data extends object> = (
  request: NextRequest,
  session: Session<Data>,
  event: NextFetchEvent,
) => Decision | Promise<Decision>;

/** `proxy` of `nextSessions`: as it is, or around a function that decides. */
export interface SessionProxy<Data extends object> {
  (request: NextRequest): Promise<Response>;
  (decide: Decide<Data>): (request: NextRequest, event: NextFetchEvent) => Promise<Response>;
}

export function createProxy<Data extends object>(sessions: Sessions<Data>): SessionProxy<Data> {
  async function renew(request: NextRequest): Promise<Response> {
    const next = NextResponse.next();
    if (isInner(request)) return next;
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
    const handle = sessions.handler(
      async (request: NextRequest, getSession, event: NextFetchEvent) => {
        const jar = await cookies();
        const before = String(jar);
        const session = await getSession();
        const decided = (await decide(request, session, event)) ?? NextResponse.next();
        // The application has used the jar: Next puts the jar's cookies in place of the response's own.
        const usesJar = String(jar) !== before;
        const goesOn = PASSES_ON.some((name) => decided.headers.has(name));
        const isFinal = !goesOn && !usesJar;
        const cookie = isFinal || decided.status >= 500 ? null : await sessions.save(session);
        if (cookie && usesJar) put(jar, cookie);
        if (!goesOn) return decided;

        const response = new Response(decided.body, decided);
        if (cookie) handOn(request, response.headers, cookie);
        if (usesJar) response.headers.delete(SET_COOKIES);
        // What stands here is kept for the page, static ones too, which is not for everybody.
        if (!response.headers.has("Cache-Control")) response.headers.set("Cache-Control", UNSHARED);
        return response;
      },
    );
    return async (request: NextRequest, event: NextFetchEvent): Promise<Response> =>
      // Not a page: the browser then asks for it by itself, and gets its cookie.
      isInner(request) ? new Response(null, { status: 204 }) : handle(request, event);
  }

  function proxy(request: NextRequest): Promise<Response>;
  function proxy(
    decide: Decide<Data>,
  ): (request: NextRequest, event: NextFetchEvent) => Promise<Response>;
  function proxy(first: NextRequest | Decide<Data>) {
    warnOfMemory(sessions.store);
    return typeof first === "function" ? around(first) : renew(first);
  }

  return proxy;
}

/** Next's own request for the page that an action redirects to. A cookie that is set here does not reach the browser. */
function isInner(request: NextRequest): boolean {
  return request.headers.has("x-action-redirect");
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
  const cameAs = pairsOf(request.headers.get("cookie"));
  // Where the application has changed the request itself, only the cookie is ours to change; and not even that where
  // it has taken the cookie out, for another server say.
  const changed = headers.get(CHANGED);
  const goesAs = changed === null ? cameAs : pairsOf(headers.get(CHANGED_COOKIE));
  const isOurs = (pair: string) => pair.split("=", 1)[0]?.trim() === name;
  if (changed !== null && cameAs.length > 0 && goesAs.length === 0) return;
  if (cameAs.some(isOurs) && !goesAs.some(isOurs)) return;

  headers.set(SET_COOKIES, [...headers.getSetCookie(), header].join());
  const others = goesAs.filter((pair) => !isOurs(pair));
  const incoming = new Headers(request.headers);
  incoming.set("cookie", [...others, ...(value ? [`${name}=${value}`] : [])].join("; "));
  for (const [key, text] of NextResponse.next({ request: { headers: incoming } }).headers) {
    if (changed === null || key === CHANGED_COOKIE) headers.set(key, text);
  }
  if (changed !== null) {
    headers.set(CHANGED, [...new Set([...changed.split(","), "cookie"])].join());
  }
}

function pairsOf(cookieHeader: string | null): string[] {
  const pairs = (cookieHeader ?? "").split(";").map((pair) => pair.trim());
  return pairs.filter((pair) => pair !== "");
}
