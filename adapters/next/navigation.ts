// What `redirect()`, `notFound()`, `forbidden()` and `unauthorized()` throw: ends of a function that succeeded.

/** Whether Next has thrown this to go elsewhere. */
export function isNavigation(error: unknown): boolean {
  return /^NEXT_(REDIRECT|HTTP_ERROR_FALLBACK);/.test(digestOf(error));
}

/**
 * The response that Next makes of it in a route handler. Made here it can be told who may keep it, which the one that
 * Next makes cannot: a shared cache may keep a 308, its Set-Cookie with it (R21).
 */
export function responseOf(error: unknown): Response | undefined {
  const [kind, ...parts] = digestOf(error).split(";");
  if (kind === "NEXT_HTTP_ERROR_FALLBACK") return new Response(null, { status: Number(parts[0]) });
  if (kind !== "NEXT_REDIRECT") return undefined;
  // How it stands in the browser's history; the address, which may have semicolons in it; the status; nothing.
  const headers = { Location: parts.slice(1, -2).join(";") };
  return new Response(null, { status: Number(parts.at(-2)), headers });
}

function digestOf(error: unknown): string {
  return String((Object(error) as { digest?: unknown }).digest);
}
