// The demonstration as a function from Request to Response: a basket, a counter and a sign-in in one session.
import { createSessions, SessionConflictError, StoreError } from "coatcheck";
import { addToBasket, count, removeFromBasket, showCount, signIn, signOut } from "./actions.js";
import { file, refuse } from "./answer.js";
import { cookieLog } from "./cookies.js";
import { isCrossSite } from "./guard.js";
import { note } from "./log.js";
import { measure, metered, noCost } from "./meter.js";
import { homePage } from "./pages.js";
import { endEverywhere, endOne, endOthers, showPlaces } from "./places.js";
import { throwSwitch } from "./switches.js";
import { countedUsers } from "./users.js";

/**
 * @typedef {import("./actions.js").Session} Session
 * @typedef {import("./actions.js").Handler} Handler
 * @typedef {import("./log.js").Line} Line
 * @typedef {import("./actions.js").Visit} Visit
 */

/** Sessions of one name: so many fit on its page. */
const MAX_PER_USER = 20;

const HEADERS = {
  "Content-Security-Policy":
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "Referrer-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
};

/**
 * @param {import("./shops.js").Shop & {
 *   secrets: [string, ...string[]],
 *   onEvent?: (event: import("coatcheck").SessionEvent) => void,
 *   isLocal: boolean,
 * }} options `isLocal`: whether it can be reached from this machine alone
 * @returns {import("./town.js").App}
 */
export function createApp({ base, store, storeName, secrets, onEvent, ...options }) {
  const { users, usersName, cookieName = "__Host-session" } = options;
  // What any visitor could take away from all the others is not even shown where others come.
  const outage = options.isLocal ? options.outage : undefined;
  /** @type {Line[]} */
  const events = [];
  /** @type {Line[]} */
  const requests = [];
  const cookies = cookieLog();

  const sessions = createSessions({
    secrets,
    store: metered(store),
    initial: () => /** @type {import("./actions.js").Data} */ ({ basket: [], count: 0 }),
    users: countedUsers(users),
    maxPerUser: MAX_PER_USER,
    cookie: { secure: true, name: cookieName },
    // For the sign-out alone: it can be asked for, and is remembered, while no store answers.
    whenUnavailable: "anonymous",
    onEvent(event) {
      note(events, event.type);
      onEvent?.(event);
    },
  });

  /** @type {Handler} */
  async function home({ request, getSession, visit }) {
    const session = await getSession();
    const { searchParams, host, protocol } = new URL(request.url);
    const view = {
      ...session.data,
      name: session.userId,
      isNew: session.isNew,
      // A HEAD shows nothing, so it must not use the message up.
      notice: request.method === "GET" ? session.flash("notice") : undefined,
      problem: request.method === "GET" ? session.flash("problem") : undefined,
      signedOut: searchParams.get("signed-out") ?? undefined,
      isGone: session.isNew && hasCookie(request),
      // The form that sent the browser here was answered with a cookie: without one it was refused.
      refusedAt: searchParams.has("check") && session.isNew ? { host, protocol } : undefined,
    };
    // Rendered after the commit, so that the page can say what the commit cost.
    visit.render = (response) =>
      homePage(
        { ...view, signedOut: view.signedOut ?? (deletesCookie(response) ? "here" : undefined) },
        {
          storeName,
          cost: visit,
          times: session.isNew ? undefined : session,
          cookie: session.isNew ? undefined : cookies.of(request, response),
          events,
          requests,
          base,
          outage,
        },
      );
    const headers = new Headers({ "Content-Type": "text/html; charset=utf-8" });
    // After a sign-out, Back must ask again.
    if (view.name !== undefined) headers.set("Cache-Control", "no-store");
    return new Response(null, { headers });
  }

  /**
   * Whether the browser has a ticket, good or not.
   *
   * @param {Request} request
   */
  function hasCookie(request) {
    const sent = request.headers.get("cookie")?.split(/;\s*/) ?? [];
    return sent.some((cookie) => cookie.startsWith(`${cookieName}=`));
  }

  /** @type {Record<string, { GET?: Handler, POST?: Handler }>} */
  const routes = {
    "/": { GET: home },
    "/basket/add": { POST: addToBasket },
    "/basket/remove": { POST: removeFromBasket },
    "/count": { GET: showCount, POST: count },
    "/sign-in": { POST: signIn },
    "/sign-out": { POST: signOut },
    "/sessions": { GET: showPlaces(usersName) },
    "/sessions/end": { POST: endOne },
    "/sessions/end-others": { POST: endOthers },
    "/sessions/end-all": { POST: endEverywhere },
    ...(outage && { "/redis": { POST: throwSwitch(outage) } }),
    "/style.css": { GET: file("style.css", "text/css; charset=utf-8") },
    "/app.js": { GET: file("browser.js", "text/javascript; charset=utf-8") },
    "/icon.svg": { GET: file("icon.svg", "image/svg+xml") },
  };

  const handle = sessions.handler(
    /**
     * @param {Request} request
     * @param {() => Promise<Session>} getSession
     * @param {Visit} visit
     */
    async (request, getSession, visit) => {
      const route = routes[new URL(request.url).pathname.slice(base.length)];
      if (!route) return refuse(404, { base });
      const handler = request.method === "POST" ? route.POST : isRead(request) && route.GET;
      if (!handler) return refuse(405, { base }, { Allow: allowedBy(route) });
      if (request.method === "POST" && isCrossSite(request)) return refuse(403, { base });
      const context = { request, getSession, visit, base, user: sessions.user };
      if (handler === signOut) return handler(context);
      return handler({ ...context, getSession: () => answered(getSession) });
    },
  );

  /** @param {Request} request */
  async function handleApp(request) {
    /** @type {Visit} */
    const visit = noCost();
    const startedAt = performance.now();
    const plain = await measure(visit, () => handle(request, visit)).catch(failed);
    visit.ms = performance.now() - startedAt;
    cookies.note(plain);
    const response = plain.status === 503 ? unavailable(plain, visit) : plain;

    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
    const page = response.ok ? visit.render?.(response) : undefined;
    const body = request.method === "HEAD" ? null : (page ?? response.body);

    const { pathname } = new URL(request.url);
    if (visit.reads + visit.writes + visit.index > 0) {
      note(requests, `${request.method} ${pathname}`, visit);
    }
    return new Response(body, { status: response.status, headers });
  }

  /**
   * The library's plain 503 as a page of this site. Its headers stay: when to try again, that nobody keeps it, and the
   * cookie of a sign-out that is not confirmed yet.
   *
   * @param {Response} response
   * @param {Visit} visit
   */
  function unavailable({ headers }, visit) {
    const failure = headers.getSetCookie().length > 0 ? "sign-out" : visit.failure;
    return refuse(503, { base, cost: visit, outage, failure }, headers);
  }

  /** @param {unknown} error */
  function failed(error) {
    if (error instanceof SessionConflictError) return refuse(409, { base });
    console.error(error);
    return refuse(500, { base });
  }

  return { base, handle: handleApp };
}

/**
 * Whether a sign-out that was not confirmed before has now been finished: the library did it, not the page.
 *
 * @param {Response} response
 */
function deletesCookie(response) {
  return response.headers.getSetCookie().some((cookie) => /^[^=]+=;/.test(cookie));
}

/**
 * A session that its store has answered for. Without one the library answers 503, whatever the page is.
 *
 * @param {() => Promise<Session>} getSession
 */
async function answered(getSession) {
  const session = await getSession();
  if (!session.unavailable) return session;
  throw new StoreError("none", "Cannot open session: its store does not answer");
}

/** @param {Request} request */
function isRead(request) {
  return request.method === "GET" || request.method === "HEAD";
}

/** @param {{ GET?: Handler, POST?: Handler }} route */
function allowedBy({ GET, POST }) {
  return [GET && "GET, HEAD", POST && "POST"].filter(Boolean).join(", ");
}
