// The application that is put to the test: one instance of it. A path says what is asked, the query with what.

import type { SessionEvent, Store } from "coatcheck";
import type { Asked } from "./history.ts";
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
  "sign out": "/sign-out",
};

/** Where a request for something goes. `waitMs`: how long the handler takes. */
export function pathOf(
  asked: Asked,
  query: { token?: string; user?: string; waitMs?: number },
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
    const session = await getSession();
    const { isNew, unavailable, data } = session;
    const { user, count, tokens } = data;
    note.seen = { isNew, unavailable, user, count, tokens: [...tokens] };
    const waitMs = Number(searchParams.get("waitMs"));
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (pathname === PATHS["sign out"]) session.destroy();
    else if (!unavailable) act(pathname, searchParams);
    return Response.json({ ok: true });

    function act(path: string, query: URLSearchParams): void {
      if (path === PATHS.change) {
        session.update((draft) => {
          draft.count++;
          draft.tokens.push(query.get("token") ?? "");
        });
      }
      if (path === PATHS["sign in"]) {
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
