// createSessions(): wires the path. It decides nothing.

import { createAccount, type UserSessions } from "./account.ts";
import { cookieNeeded, type Plan, save, startSave } from "./commit.ts";
import { createContext } from "./context.ts";
import type { SetCookie } from "./cookie.ts";
import { StoreError } from "./errors.ts";
import { isPrefetch, load, type LoadOptions, type OpenOptions } from "./load.ts";
import { resolveOptions, type SessionOptions, type StandardSchema } from "./options.ts";
import { copyOf, finish, keep } from "./response.ts";
import { type Session, stateOf } from "./session.ts";
import type { Store } from "./store.ts";

/** What `createSessions` answers. */
export interface Sessions<Data extends object> {
  /** The store that it was given. */
  readonly store: Store;

  /**
   * Wraps a handler. `getSession` reads nothing before its first call, and answers the same session ever after; what
   * was done to it is committed once, when the handler has answered. A handler that throws or answers 5xx saves
   * nothing, but an end (`destroy`) holds. While the store cannot answer, the response is a 503.
   *
   * @throws what the handler throws; what `commit` throws, but StoreError
   */
  handler<Incoming extends Request, Rest extends readonly unknown[]>(
    handle: (
      request: Incoming,
      getSession: (options?: LoadOptions) => Promise<Session<Data>>,
      ...rest: Rest
    ) => Response | Promise<Response>,
  ): (request: Incoming, ...rest: Rest) => Promise<Response>;

  /**
   * Opens the session of a request. A missing, forged, expired or malformed cookie gives a new session.
   *
   * @throws StoreError when the store cannot answer, unless `whenUnavailable` is `"anonymous"`
   */
  load(request: Request | Headers, options?: LoadOptions): Promise<Session<Data>>;

  /**
   * Saves what was done to the session and answers the response: a copy with the cookie, if one is due, else perhaps
   * itself, with `Vary` and `Cache-Control` added. Afterwards the session can only be read. On a 5xx nothing is saved but an
   * end; on a 101 no cookie is set.
   *
   * @throws StoreError when the store cannot answer; SessionConflictError; SessionDataError and SessionSizeError
   *   before any write; SessionError `SESSION_COOKIE_NEEDED` on a 101 that would begin or regenerate a session,
   *   `SESSION_FOREIGN`; what a function given to `update` throws when it is applied to newer data
   */
  commit(session: Session<Data>, response: Response): Promise<Response>;

  /**
   * The sessions of a user: where they are signed in, and how to end that. Does no I/O.
   *
   * @param userId as given to `signIn`
   * @throws TypeError where `createSessions` was given no `users`
   */
  user(userId: string): UserSessions;

  /** `load` without a Request, for frameworks with a cookie jar of their own. Takes the value of the Cookie header. */
  open(cookieHeader: string | null | undefined, options?: OpenOptions): Promise<Session<Data>>;

  /**
   * Saves what was done to the session, and answers the cookie that the response must carry, or `null`. It may be
   * called any number of times, so that an effect that must not be repeated can come after it.
   *
   * @throws as `commit`
   */
  save(session: Session<Data>): Promise<SetCookie | null>;
}

/**
 * Makes sessions of one cookie over one store. Does no I/O.
 *
 * With `initial` or `schema` the data is complete from the start; without, every property may be absent.
 *
 * @throws TypeError or RangeError that names the option and the mend
 */
export function createSessions<Data extends object>(
  options: SessionOptions<Data> & { readonly initial: () => Data },
): Sessions<Data>;
export function createSessions<Data extends object>(
  options: SessionOptions<Data> & { readonly schema: StandardSchema<Data> },
): Sessions<Data>;
export function createSessions<Data extends object = Record<string, unknown>>(
  options: SessionOptions<Data>,
): Sessions<Partial<Data>>;
export function createSessions<Data extends object>(options: SessionOptions<Data>): Sessions<Data> {
  const context = createContext(resolveOptions(options));
  const { clearSiteData, cookie } = context.options;
  if (!cookie.attributes.secure) context.report({ type: "insecure" });

  function open(
    request: Request | Headers,
    options?: LoadOptions,
    closed = false,
  ): Promise<Session<Data>> {
    const headers = "headers" in request ? request.headers : request;
    return load(context, headers.get("cookie"), {
      ...options,
      closed,
      isPrefetch: () => isPrefetch(headers),
    });
  }

  /** As `commit`, but that it need not be waited for where there is nothing to save. */
  function answer(session: Session<Data>, response: Response): Response | Promise<Response> {
    const state = stateOf(session);
    const { status } = response;
    const cookieless = status === 101;
    let misfit: unknown;
    let copy: Response | undefined;
    const fits = (planned: Plan) => {
      if (cookieless) return true;
      try {
        // Before the save, since the body may be read meanwhile. An update alone sets no cookie.
        const isPlain = planned === "update" && !state.cookie && !response.bodyUsed;
        copy = (isPlain ? keep : copyOf)(response);
      } catch (error) {
        misfit = error;
      }
      return misfit === undefined;
    };
    const dress = () => {
      if (misfit !== undefined) throw misfit;
      const { cookie } = state;
      if (cookieless && cookie?.value) throw cookieNeeded();
      const dressed = finish(response, { cookie, clearSiteData }, copy);
      state.cookie = undefined;
      return dressed;
    };
    try {
      const saving = startSave(context, session, { failed: status >= 500, cookieless, fits });
      return saving ? saving.then(dress) : dress();
    } finally {
      if (state.owner === context) state.closed = true;
    }
  }

  return {
    store: context.options.store,

    handler: (handle) =>
      async function handleWithSession(request, ...rest) {
        let opening: Promise<Session<Data>> | undefined;
        let opened: Promise<Session<Data> | undefined> | undefined;
        let response: Response | undefined;
        try {
          // Asked for in a stream, when the response is on its way, the session can only be read.
          const getSession = (options?: LoadOptions) => {
            opening ??= open(request, options, response !== undefined);
            // A handler may await it later: until then a rejection must not end the process.
            opened ??= settled(opening);
            return opening;
          };
          response = await handle(request, getSession, ...rest);
          if (opened === undefined) return response;
          const session = await opened;
          // Where the store did not answer, the handler has dealt with it.
          return session ? await answer(session, response) : finish(response, {});
        } catch (error) {
          const session = await opened;
          if (response?.body) {
            void settled(response.body.cancel());
          } else if (!response && session) {
            // A handler that failed saves nothing, but a logout holds (R46). What it threw is what the caller hears of.
            stateOf(session).closed = true;
            await settled(save(context, session, { failed: true }));
          }
          if (!(error instanceof StoreError)) throw error;
          if (opened === undefined) return error.getResponse();
          // What an earlier save has made is due all the same: else a regenerate it confirmed would be a sign-out. So is
          // what an end has left, whatever error the handler ended in.
          return finish(error.getResponse(), { cookie: session && stateOf(session).cookie });
        }
      },

    load: (request, options) => open(request, options),
    commit: async (session, response) => answer(session, response),
    open: (cookieHeader, options = {}) => load(context, cookieHeader, options),
    save: (session) => save(context, session),
    user: (userId) => createAccount(context, userId),
  };
}

/** What a promise gives, or `undefined` where it failed: whoever asked for it has been told. */
function settled<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  return promise.catch(() => undefined);
}

/**
 * For configuration that arrives with the request, as on Workers: makes the sessions once for each `env` object.
 *
 * @throws TypeError when `env` is no object; what `make` throws
 */
export function perEnv<Env extends object, Data extends object>(
  make: (env: Env) => Sessions<Data>,
): (env: Env) => Sessions<Data> {
  const made = new WeakMap<Env, Sessions<Data>>();
  return (env) => {
    let sessions = made.get(env);
    if (sessions === undefined) {
      sessions = make(env);
      made.set(env, sessions);
    }
    return sessions;
  };
}
