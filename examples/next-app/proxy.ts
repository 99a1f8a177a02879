// Before the page: renews the session, and takes its message out, which no component can do. While sessions cannot be
// reached it answers 503.

import { NextResponse } from "next/server";
import { proxy as sessionProxy } from "./sessions";

export const proxy = sessionProxy((request, session) => {
  const headers = new Headers(request.headers);
  const notice = session.flash("notice") ?? "";
  headers.set("x-notice", new URLSearchParams({ notice: String(notice) }).toString());
  return NextResponse.next({ request: { headers } });
});

export const config = {
  // Not for what is only fetched ahead.
  matcher: [{ source: "/", missing: [{ type: "header", key: "next-router-prefetch" }] }],
};
