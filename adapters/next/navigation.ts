// What `redirect()`, `notFound()`, `forbidden()` and `unauthorized()` throw: ends of a function that succeeded. And what
// guards throw, in the same form.

import { refusal } from "../refusal.ts";

/** Whether Next has thrown this to go elsewhere. */
export function isNavigation(error: unknown): boolean {
  return /^NEXT_(REDIRECT|HTTP_ERROR_FALLBACK);/.test(digestOf(error));
}

/**
 * The response that Next makes of it in a route handler. Made here it can be told who may keep it, which the one that
 * Next makes cannot: a shared cache may keep a 308, its Set-Cookie with it (R21).
 */
export function responseOf(error: unknown): Response | undefined {
  if (error instanceof Refusal) return error.response;
  const [kind, ...parts] = digestOf(error).split(";");
  if (kind === "NEXT_HTTP_ERROR_FALLBACK") return new Response(null, { status: Number(parts[0]) });
  if (kind !== "NEXT_REDIRECT") return undefined;
  // How it stands in the browser's history; the address, which may have semicolons in it; the status; nothing.
  const headers = { Location: parts.slice(1, -2).join(";") };
  return new Response(null, { status: Number(parts.at(-2)), headers });
}

/** What a guard throws. Next takes it for its own, wherever it comes by. */
export class Refusal extends Error {
  static override readonly name: string = "Refusal";
  override readonly name = "Refusal" as const;
  /** By this Next knows what to do. */
  readonly digest: string;
  readonly response: Response;

  constructor(refused: Response, redirect?: string) {
    super("The visitor may not pass");
    if (redirect === undefined) {
      this.digest = `NEXT_HTTP_ERROR_FALLBACK;${refused.status}`;
      this.response = refused;
    } else {
      // Next's own 307 would have a browser send a form's fields on, to where it is sent.
      this.digest = `NEXT_REDIRECT;replace;${redirect};303;`;
      this.response = refusal(303, null, { Location: redirect });
    }
  }
}

function digestOf(error: unknown): string {
  return String((Object(error) as { digest?: unknown }).digest);
}
