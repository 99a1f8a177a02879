// What stands between a form and the application: where it comes from, and how large it may be.

const MAX_FORM_BYTES = 4096;

/**
 * Whether a page of another site sent this. A browser says so in Sec-Fetch-Site or, on plain http, in Origin;
 * what sends neither is no browser and carries nobody's cookie.
 *
 * @param {Request} request
 */
export function isCrossSite(request) {
  const site = request.headers.get("sec-fetch-site");
  if (site) return site !== "same-origin" && site !== "none";
  const origin = request.headers.get("origin");
  if (!origin) return false;
  return !URL.canParse(origin) || new URL(origin).host !== new URL(request.url).host;
}

/**
 * Whether a host, with a port or without, is this very machine.
 *
 * @param {string} host
 */
export function isLoopback(host) {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)(:\d+)?$/.test(host);
}

/**
 * Reads a form, or answers the status to refuse it with: 415 for another type, 413 for too many bytes. Never holds
 * more than the limit, whatever Content-Length says.
 *
 * @param {Request} request
 * @returns {Promise<URLSearchParams | 413 | 415>}
 */
export async function readForm(request) {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") return 415;
  if (!request.body) return new URLSearchParams();

  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_FORM_BYTES) return 413;
    text += decoder.decode(chunk, { stream: true });
  }
  return new URLSearchParams(text + decoder.decode());
}
