// The application that is put to the test: one instance of it. A path says what is asked, the query with what.

import type { SessionEvent, Store, UserIndex, UserSessions } from "coatcheck";
import { type Asked, nameOf } from "./history.ts";
import { type Note, type Watch } from "./watch.ts";

export interface AppData {
  user: string | null;
  count: number;
  tokens: string[];
}

/** What is tried: the library, or a mutant of it. */
export type Library = typeof import("./library.ts");

export interface AppOptions {
  readonly store: Store;
  /** With it people sign in by `signIn`; without, their name is in the data. */
  readonly users?: UserIndex;
  readonly maxPerUser?: number;
  readonly watch: Watch;
  readonly secrets: readonly string[];
  readonly whenUnavailable?: "reject" | "anonymous";
  readonly onEvent?: (event: SessionEvent) => void;
}

/** Serves one request: the response, and what was noted of it. Never rejects. */
export type App = (request: Request) => Promise<{ result: Response; note: Note }>;

const PATHS: Readonly<Record<Asked, string>> = {
  load: "/load",
  change: "/change",
  "sign in": "/sign-in",
  elevate: "/elevate",
  "sign out": "/sign-out",
  list: "/list",
  "end one": "/end-one",
  "end others": "/end-others",
  "end all": "/end-all",
};
/** What an operator asks, who has no session. */
const BY_OPERATOR: readonly string[] = [PATHS.list, PATHS["end one"], PATHS["end all"]];

/** Where a request for something goes. `waitMs`: how long the handler takes; `at`: which of a list is to end. */
export function pathOf(
  asked: Asked,
  query: { token?: string; user?: string; waitMs?: number; at?: number },
): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  return `${PATHS[asked]}?${pairs.join("&")}`;
}

export function createApp(
  {
    createSessions,
    SessionConflictError,
  }: Pick<Library, "createSessions" | "SessionConflictError">,
  { store, watch, ...options }: AppOptions,
): App {
  const sessions = createSessions<AppData>({
    ...options,
    secrets: [...options.secrets],
    store,
    initial: () => ({ user: null, count: 0, tokens: [] }),
  });

  const handle = sessions.handler(async (request, getSession, note: Note) => {
    const { pathname, searchParams } = new URL(request.url);
    if (BY_OPERATOR.includes(pathname)) {
      await operate(sessions.user(searchParams.get("user") ?? ""), {
        pathname,
        searchParams,
        note,
      });
      return Response.json({ ok: true });
    }
    const session = await getSession();
    const { isNew, unavailable, data, userId, handle } = session;
    const { user, count, tokens } = data;
    const who = { user: userId ?? user, ...(handle && { handle: nameOf(handle) }) };
    note.seen = { isNew, unavailable, ...who, count, tokens: [...tokens] };
    const waitMs = Number(searchParams.get("waitMs"));
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (pathname === PATHS["sign out"]) session.destroy();
    else if (!unavailable) await act(pathname, searchParams);
    return Response.json({ ok: true });

    async function act(path: string, query: URLSearchParams): Promise<void> {
      if (path === PATHS.change) {
        session.update((draft) => {
          draft.count++;
          draft.tokens.push(query.get("token") ?? "");
        });
      }
      if (path === PATHS["sign in"] && options.users) session.signIn(query.get("user") ?? "");
      if (path === PATHS.elevate && userId !== undefined) session.elevate();
      if (path === PATHS["end others"] && userId !== undefined && handle !== undefined) {
        note.handles = [nameOf(handle)];
        await sessions.user(userId).endOthers(session);
      }
      if (path === PATHS["sign in"] && !options.users) {
        session.update((draft) => {
          draft.user = query.get("user");
        });
        session.regenerate();
      }
    }
  });

  return (request) =>
    watch.run(async (note) => {
      try {
        return await handle(request, note);
      } catch (error) {
        if (error instanceof SessionConflictError) return new Response(null, { status: 409 });
        return new Response(String(error), { status: 500 });
      }
    });
}

/** Lists a user's sessions, or ends one of them, or all. */
async function operate(
  mine: UserSessions,
  { pathname, searchParams, note }: { pathname: string; searchParams: URLSearchParams; note: Note },
): Promise<void> {
  if (pathname === PATHS["end all"]) return mine.endAll();
  const { sessions } = await mine.list({ limit: 100 });
  const handles = sessions.map(({ handle }) => handle);
  if (pathname === PATHS.list) {
    note.handles = handles.map(nameOf);
    return;
  }
  const handle = handles[Number(searchParams.get("at")) % handles.length];
  if (handle === undefined) return;
  note.handles = [nameOf(handle)];
  await mine.end(handle);
}
