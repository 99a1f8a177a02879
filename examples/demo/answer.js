// The answers that are not the page: a redirect, a file, a refusal.
import { readFile } from "node:fs/promises";
import { errorPage } from "./pages.js";

/**
 * After a form: the page again, by GET. A browser that had no session yet is asked to show its new cookie.
 *
 * @param {{ isNew: boolean }} session
 * @param {string} section
 */
export function seeOther(session, section) {
  const location = session.isNew ? `/?check#${section}` : `/#${section}`;
  return new Response(null, { status: 303, headers: { Location: location } });
}

/**
 * @param {string} name
 * @param {string} type
 * @returns {() => Promise<Response>}
 */
export function file(name, type) {
  const url = new URL(name, import.meta.url);
  return async () =>
    new Response(await readFile(url), {
      headers: { "Content-Type": type, "Cache-Control": "no-cache" },
    });
}

/**
 * @param {number} status
 * @param {HeadersInit} [given]
 */
export function refuse(status, given) {
  const headers = new Headers(given);
  headers.set("Content-Type", "text/html; charset=utf-8");
  return new Response(errorPage(status), { status, headers });
}
