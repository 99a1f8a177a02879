// cookie -> token -> store -> record -> session. One read at most, none for a cookie that is not genuine.

import { type Context, refOf } from "./context.ts";
import { readCookies } from "./cookie.ts";
import { encodeData } from "./data.ts";
import { expiryOf } from "./record.ts";
import { beginWith, interpret } from "./row.ts";
import { Session } from "./session.ts";
import type { Origin } from "./state.ts";
import { keyOf } from "./token.ts";

/** How a session is opened. */
export interface OpenOptions {
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
  { prefetch, readOnly, closed }: OpenOptions & { closed?: boolean },
): Promise<Session<Data>> {
  const { options, tokens } = context;
  const cookies = readCookies(cookieHeader ?? "", options.cookie.name);
  const { origin, data } = await find(context, cookies);
  const ids = cookies.length > 1 ? cookies.map((cookie) => tokens.verify(cookie)) : [];
  const now = Date.now();
  const record = origin.kind === "row" ? origin.record : undefined;
  const times = record ?? { createdAt: now, seenAt: now };
  // With a schema the data may differ from what is stored, by a default say: that is no change of the application's.
  const json = record && data && (options.schema ? encodeData(data, "data") : record.data);
  return new Session<Data>({
    owner: context,
    readOnly,
    prefetch,
    cookieCame: cookies.length > 0,
    begin: data ? () => data : await beginWith(options),
    origin,
    createdAt: times.createdAt,
    expiresAt: expiryOf(times, options),
    data,
    stored: json ?? "",
    noted: json ?? "",
    changes: [],
    flash: new Map(record?.flash),
    shown: new Map(),
    duplicates: ids.flatMap((id) => (typeof id === "string" ? [] : keyOf(id))),
    sent: [],
    closed,
    saving: Promise.resolve(),
  });
}

async function find<Data extends object>(
  { options, tokens, store, report }: Context<Data>,
  [token, ...others]: readonly string[],
): Promise<{ origin: Origin; data?: Data | undefined }> {
  const nothing = { origin: { kind: "none" } } as const;
  // Empty: the cookie that this very request deleted, as Next hands it on to the page that an action redirects to.
  if (!token && others.length === 0) return nothing;
  const id = !token || others.length > 0 ? "duplicate" : tokens.verify(token);
  if (typeof id === "string") {
    report({ type: "forged", reason: id });
    return nothing;
  }
  const key = keyOf(id);
  const ref = refOf(key);
  let text: string | null;
  try {
    text = await store.read(key);
  } catch (error) {
    // An outage. Whoever chose "anonymous" serves the visitor all the same; the cookie stays as it is.
    if (options.whenUnavailable === "reject") throw error;
    return { origin: { kind: "unanswered", key, text: null } };
  }
  const reading = await interpret(options, text);
  if (reading.kind === "session") {
    const { record, data } = reading;
    if (data === undefined) report({ type: "refused", ref });
    return { origin: { kind: "row", id, key, text: text ?? "", record }, data };
  }
  report({ type: "gone", ref, during: "load", found: reading.kind });
  const isMark = reading.kind === "moved" || reading.kind === "ended";
  return { origin: { kind: isMark ? "replaced" : "absent", key, text } };
}
