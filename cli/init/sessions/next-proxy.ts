// Before each page: renews the session, cookie included, which no component can do.

export { proxy } from "./sessions";

export const config = {
  matcher: [
    {
      source: "/((?!_next/|favicon.ico).*)",
      missing: [{ type: "header", key: "next-router-prefetch" }], // not for what is only fetched ahead
    },
  ],
};
