// Cookies as they stand in a history: names instead of what could be used.

import { createHash } from "node:crypto";
import { nameOf, type Ticket } from "./history.ts";

/** The default name of the session's cookie. */
export const COOKIE = "__Host-session";

export interface Tickets {
  /** The ticket for a cookie's value. */
  of(value: string): Ticket;
  /** What a response sets: nothing, a ticket, or that it is deleted. More than one Set-Cookie is an error. */
  setBy(response: Response): Ticket | "deleted" | undefined;
}

/** Remembers the first value of every id, which is its session's: another one of the same id can only end it. */
export function createTickets(): Tickets {
  const first = new Map<string, string>();

  function of(value: string): Ticket {
    const [id = ""] = value.split(".");
    const key = createHash("sha256").update(Buffer.from(id, "base64url")).digest("base64url");
    const session = nameOf(key);
    const known = first.get(session) ?? value;
    first.set(session, known);
    return { session, purpose: known === value ? "session" : "ending" };
  }

  return {
    of,
    setBy(response) {
      const [header, another] = response.headers.getSetCookie();
      if (another !== undefined) throw new Error("two cookies in one response");
      if (header === undefined) return undefined;
      const value = header.slice(COOKIE.length + 1, header.indexOf(";"));
      return value === "" ? "deleted" : of(value);
    },
  };
}
