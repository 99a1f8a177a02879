// The answers that are not the page: a redirect, a file, a refusal.
import { readFile } from "node:fs/promises";
import { errorPage } from "./errors.js";

/**
 * After a form: the page again, by GET. A browser that had no session yet is asked to show its new cookie.
 *
 * @param {string} base
 * @param {string} section
 * @param {{ isNew: boolean }} [session]
 */
export function seeOther(base, section, session) {
  const location = session?.isNew ? `${base}/?check#${section}` : `${base}/#${section}`;
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
 * @param {import("./errors.js").Around} [around]
 * @param {HeadersInit} [given]
 */
export function refuse(status, around, given) {
  const headers = new Headers(given);
  headers.set("Content-Type", "text/html; charset=utf-8");
  return new Response(errorPage(status, around), { status, headers });
}
