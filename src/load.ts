// cookie -> token -> store -> record -> session. One read at most, none for a cookie that is not genuine. An end that
// the store could not confirm before is repeated first.

import { type Context, refOf } from "./context.ts";
import { deleteCookie, readCookies, type SetCookie } from "./cookie.ts";
import { endAll, endOpen } from "./end.ts";
import { expiryOf } from "./record.ts";
import { beginAnew, beginWith, interpret } from "./row.ts";
import { Session } from "./session.ts";
import type { Origin, Unanswered } from "./state.ts";
import type { Refusal } from "./token.ts";

/** What is asked for one session alone. */
export interface LoadOptions {
  /**
   * What to do when the store cannot answer. Default: what `createSessions` was given. To sign out, ask for
   * `"anonymous"`: `signOut()` can then be called, and an outage does not forget it (R54).
   */
  readonly whenUnavailable?: "reject" | "anonymous" | undefined;
}

/** How a session is opened. */
export interface OpenOptions extends LoadOptions {
  /** The request is a prefetch: it renews nothing and uses up no flash. Default false. */
  readonly prefetch?: boolean;
  /** Nothing can be changed or saved, as where no cookie can be set. Default false. */
  readonly readOnly?: boolean;
}

/** Whether a request says that it only fetches ahead (Fetch section 2.2.5, and what Next's router sends). */
export function isPrefetch(headers: Headers): boolean {
  const purpose = `${headers.get("sec-purpose")} ${headers.get("purpose")}`;
  return /\bprefetch\b/i.test(purpose) || headers.has("next-router-prefetch");
}

/**
 * Finds the session that a Cookie header names. No session, expired and malformed are answers; a store that cannot
 * answer is not.
 *
 * @throws StoreError when the store cannot answer, unless `whenUnavailable` is `"anonymous"`
 */
export async function load<Data extends object>(
  context: Context<Data>,
  cookieHeader: string | null | undefined,
  asked: OpenOptions & { closed?: boolean; isPrefetch?: () => boolean },
): Promise<Session<Data>> {
  const { options } = context;
  const { readOnly, closed, whenUnavailable = options.whenUnavailable } = asked;
  const cookies = readCookies(cookieHeader ?? "", options.cookie.name);
  // Empty: the cookie that this very request deleted, as Next hands it on to the page that an action redirects to.
  const isNone = cookies.length < 2 && !cookies[0];
  const found: Found<Data> = isNone ? NOTHING : await find(context, cookies, whenUnavailable);
  const { origin, data, json = "", duplicates = [], cookie } = found;
  const hasAnswered = cookie || (origin.kind !== "none" && origin.kind !== "unanswered");
  if (hasAnswered && context.openEnds.keys.size > 0) await endOpen(context);
  const now = Date.now();
  const record = origin.kind === "row" ? origin.record : undefined;
  const times = record ?? { createdAt: now, seenAt: now };
  const needsSchema = !data && options.schema && !options.initial;
  return new Session<Data>({
    owner: context,
    readOnly,
    isPrefetch: asked.isPrefetch ?? (() => asked.prefetch === true),
    cookieCame: cookies.length > 0,
    begin: needsSchema ? await beginWith(options) : beginAnew(options),
    origin,
    createdAt: times.createdAt,
    expiresAt: expiryOf(times, options),
    data,
    stored: json,
    noted: json,
    changes: [],
    flash: new Map(record?.flash),
    shown: new Map(),
    duplicates,
    sent: [],
    identity: record?.identity,
    cookie,
    closed,
  });
}

/** What a Cookie header names. */
interface Found<Data> {
  readonly origin: Origin;
  readonly data?: Data | undefined;
  /** Of the data, as it stands in the store or as the schema has completed it. */
  readonly json?: string;
  readonly duplicates?: Unanswered[];
  /** Deletes an ending token that has done its work. */
  readonly cookie?: SetCookie | undefined;
}

const NOTHING = { origin: { kind: "none" } } as const;

async function find<Data extends object>(
  context: Context<Data>,
  cookies: readonly string[],
  whenUnavailable: "reject" | "anonymous",
): Promise<Found<Data>> {
  const { options, store, report } = context;
  const { genuine, ends, reason } = sort(context, cookies);
  const duplicates = cookies.length > 1 ? genuine : [];
  const [ending] = ends;
  // Before anything else, so that nothing is opened that should have ended.
  const failure = ends.length > 0 ? await endAll(context, ends) : undefined;
  if (failure && whenUnavailable === "reject") throw failure.error;
  if (failure && ending) return { origin: ending, duplicates };
  const cookie = ending && deleteCookie(options.cookie);
  if (reason) report({ type: "forged", reason });
  const [named] = genuine;
  if (!named || reason) return { ...NOTHING, duplicates, cookie };
  const { id, key } = named;
  const ref = refOf(key);
  let text: string | null;
  try {
    text = await store.read(key);
  } catch (error) {
    // An outage. Whoever chose "anonymous" serves the visitor all the same; the cookie stays as it is.
    if (whenUnavailable === "reject") throw error;
    return { origin: named };
  }
  const reading = await interpret(options, text);
  if (reading.kind === "session") {
    const { record, data, json } = reading;
    if (data === undefined) report({ type: "refused", ref });
    return { origin: { kind: "row", id, key, text: text ?? "", record }, data, json };
  }
  report({ type: "gone", ref, during: "load", found: reading.kind });
  const isMark = reading.kind === "moved" || reading.kind === "ended";
  const isMoved = reading.kind === "moved";
  return { origin: { kind: isMark ? "replaced" : "absent", id, key, text, isMoved } };
}

/** Verifies each cookie: what it opens, or ends; and why none may be used, if that is so (R5, R19). */
function sort<Data extends object>(
  { tokens, openEnds }: Context<Data>,
  cookies: readonly string[],
): {
  genuine: Unanswered[];
  ends: Unanswered[];
  reason: Refusal | "duplicate" | undefined;
} {
  const genuine: Unanswered[] = [];
  const ends: Unanswered[] = [];
  let reason: Refusal | "duplicate" | undefined = cookies.length > 1 ? "duplicate" : undefined;
  for (const cookie of cookies) {
    const token = tokens.verify(cookie);
    if (typeof token === "string") {
      reason ??= token;
      continue;
    }
    const key = tokens.keyOf(token.id);
    // The browser may not have got the ending token; who signs out does not want to be served as if they had not.
    const isEnd = token.purpose === "end" || openEnds.keys.has(key);
    (isEnd ? ends : genuine).push({ kind: "unanswered", id: token.id, key });
  }
  return { genuine, ends, reason };
}
