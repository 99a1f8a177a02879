// record <-> string: what stands in a store's row. One line of header, one line of JSON data.
//
//     v1 <stamp> {"createdAt":…,"seenAt":…}
//     {"cart":["tea"]}
//
// or, in the place of a session, a mark: {"moved":<key of the new row>}, {"moved":null} where it was ended.
//
// Never bare JSON: some Redis clients parse that on the way out.

import { isObject } from "./check.ts";
import { decodeData } from "./data.ts";
import { newStamp } from "./token.ts";

/** A value for the next page. The tag tells two values of one name apart, so that only the one shown is removed. */
export type Flash = readonly [tag: string, value: unknown];

/** Who has signed in, when and how. Instants are epoch milliseconds. */
export interface Identity {
  readonly user: string;
  /** What the application calls the session by: 22 characters of base64url that mean nothing. */
  readonly handle: string;
  readonly signedInAt: number;
  /** When the user last proved who they are: at the sign-in, or again later. */
  readonly authenticatedAt: number;
  /** What the application wants to see of it in a list of sessions. */
  readonly meta?: object;
  /** The browser forgets the cookie when it is closed. */
  readonly persistent?: false;
}

/** A session as stored. Instants are epoch milliseconds. */
export interface SessionRecord {
  readonly createdAt: number;
  /** When the session was last renewed: the idle timeout counts from here. */
  readonly seenAt: number;
  /** Absent before a sign-in. */
  readonly identity?: Identity;
  readonly flash: ReadonlyMap<string, Flash>;
  /** JSON of the application's object. */
  readonly data: string;
}

/**
 * A record that stands for a while where a session was, so that a late writer learns what became of it: moved to
 * another key, or ended (null).
 */
export interface Mark {
  readonly moved: string | null;
}

const HEAD = /^v1 [0-9a-f]{16} (\{[^]*\})$/;

/** Writes a record, under a new stamp. */
export function encodeRecord(record: SessionRecord | Mark): string {
  const { data = "{}", flash, ...header } = record as Partial<SessionRecord>;
  const head = JSON.stringify(flash?.size ? { ...header, flash: [...flash] } : header);
  // Joined: a template would keep the pieces, of which JSON.stringify makes many, and they take more room.
  return [`v1 ${newStamp()} ${head}`, data].join("\n");
}

/** Reads a record; answers `undefined` for anything that `encodeRecord` would not have written. */
export function decodeRecord(text: string): SessionRecord | Mark | undefined {
  const end = text.indexOf("\n");
  const data = text.slice(end + 1);
  const isWhole = data.startsWith("{") && data.endsWith("}");
  const [, head = ""] = (isWhole && HEAD.exec(text.slice(0, end))) || [];
  const header = (decodeData(head) ?? {}) as Partial<SessionRecord & Mark>;
  const { moved, createdAt, seenAt, identity } = header;
  if (moved === null || typeof moved === "string") return { moved };
  const flash = header.flash ?? ([] as unknown);
  const isRight =
    Number.isSafeInteger(createdAt) &&
    Number.isSafeInteger(seenAt) &&
    (identity === undefined || isIdentity(identity)) &&
    Array.isArray(flash) &&
    flash.every((entry) => Array.isArray(entry?.[1]));
  return isRight
    ? Object.assign(header as SessionRecord, { flash: new Map(flash), data })
    : undefined;
}

function isIdentity(value: Identity | null): boolean {
  const { user, handle, signedInAt, authenticatedAt, meta = {} } = { ...value };
  return (
    [signedInAt, authenticatedAt].every(Number.isSafeInteger) &&
    [user, handle].every((name) => typeof name === "string") &&
    isObject(meta)
  );
}

/**
 * When a session ends if it is not renewed, in epoch milliseconds: lifetime counts from the sign-in (before that,
 * from the creation) and nothing moves it; idle timeout counts from the last renewal (R22, R23).
 */
export function expiryOf(
  record: Pick<SessionRecord, "createdAt" | "seenAt" | "identity">,
  { idleTimeout, lifetime }: { idleTimeout: number; lifetime: number },
): number {
  const start = record.identity?.signedInAt ?? record.createdAt;
  return Math.min(start + lifetime * 1000, record.seenAt + idleTimeout * 1000);
}
