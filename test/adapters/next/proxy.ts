import { cookies } from "next/headers";
import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server";
import { sessionProxy } from "./sessions";

/** Lets only who has a name pass, beside cookies and headers of the application's own. */
const guard = sessionProxy((request, session) => {
  if (session.data.name === undefined) {
    return NextResponse.redirect(new URL("/", request.url));
  }
  const headers = new Headers(request.headers);
  headers.set("x-for-page", "for the page");
  const response = NextResponse.next({ request: { headers } });
  response.cookies.set("theme", "dark", { path: "/", maxAge: 60 });
  response.headers.append("Set-Cookie", "other=1; Path=/");
  response.headers.set("x-for-browser", "for the browser");
  return response;
});

const rewriting = sessionProxy((request, session) => {
  if (session.data.visits === 3) session.destroy();
  return NextResponse.rewrite(new URL("/second", request.url));
});

/** Uses the jar that Next offers here as everywhere. */
const withJar = sessionProxy(async () => {
  const jar = await cookies();
  jar.set("theme", "dark");
});

/** Uses it where it answers by itself. */
const withJarElsewhere = sessionProxy(async (request, session) => {
  (await cookies()).set("theme", "dark");
  session.flash("notice", "from the proxy");
  return NextResponse.redirect(new URL("/second", request.url));
});

/** Keeps cookies from the page, or from another server. */
const without = sessionProxy((request) => {
  const headers = new Headers(request.headers);
  headers.delete("cookie");
  const other = request.nextUrl.searchParams.get("to");
  return other === null
    ? NextResponse.next({ request: { headers } })
    : NextResponse.rewrite(new URL(other), { request: { headers } });
});

const regenerating = sessionProxy((_request, session) => {
  if (!session.isNew) session.regenerate();
  return null;
});

const failing = sessionProxy((_request, session) => {
  session.data.visits = 1_000;
  throw new Error("The proxy failed");
});

export function proxy(request: NextRequest, event: NextFetchEvent): Promise<Response> {
  const { pathname } = request.nextUrl;
  if (pathname.startsWith("/guarded")) return guard(request, event);
  if (pathname === "/rewritten") return rewriting(request, event);
  if (pathname === "/with-jar") return withJar(request, event);
  if (pathname === "/with-jar-elsewhere") return withJarElsewhere(request, event);
  if (pathname === "/second/without-cookies") return without(request, event);
  if (pathname === "/second/regenerated") return regenerating(request, event);
  if (pathname === "/proxy-fails") return failing(request, event);
  return sessionProxy(request);
}

export const config = {
  matcher: [
    {
      source: "/((?!_next/|api/|edge/|unguarded|favicon).*)",
      missing: [{ type: "header", key: "next-router-prefetch" }],
    },
  ],
};
