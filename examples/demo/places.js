// Where a visitor is signed in: what the page shows, and what its buttons do.
import { refuse } from "./answer.js";
import { readForm } from "./guard.js";
import { placesPage } from "./list.js";

/** @typedef {import("./actions.js").Handler} Handler */

/**
 * @param {string} usersName where the index is
 * @returns {Handler}
 */
export function showPlaces(usersName) {
  return async ({ request, getSession, visit, base, user }) => {
    const session = await getSession();
    const { userId } = session;
    const page = userId === undefined ? undefined : await user(userId).list({ current: session });
    const view = {
      name: userId,
      sessions: page?.sessions ?? [],
      // A HEAD shows nothing, so it must not use the message up.
      notice: request.method === "GET" ? session.flash("notice") : undefined,
      problem: request.method === "GET" ? session.flash("problem") : undefined,
    };
    visit.render = () => placesPage(view, { base, usersName, cost: visit });
    // After a sign-out, Back must ask again.
    const headers = { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" };
    return new Response(null, { headers });
  };
}

/** @type {Handler} */
export async function endOne({ request, getSession, visit, base, user }) {
  const form = await readForm(request);
  if (typeof form === "number") return refuse(form, { base });
  visit.failure = "ends";
  const session = await getSession();
  if (session.userId === undefined) return seePlaces(base);
  const handle = form.get("session") ?? "";
  if (handle === session.handle) {
    session.signOut();
    return seeSignedOut(base);
  }
  // Looked for among this user's sessions alone, so a handle of somebody else's ends nothing.
  const isEnded = await user(session.userId).end(handle);
  if (isEnded) {
    session.flash("notice", "That session has ended. Its ticket opens nothing any more.");
  } else {
    session.flash(
      "problem",
      "Nothing was ended: you have no such session, or it was over already.",
    );
  }
  return seePlaces(base);
}

/** @type {Handler} */
export async function endOthers({ getSession, visit, base, user }) {
  visit.failure = "ends";
  const session = await getSession();
  if (session.userId === undefined) return seePlaces(base);
  await user(session.userId).endOthers(session);
  session.flash("notice", "You are signed out everywhere else.");
  return seePlaces(base);
}

/** @type {Handler} */
export async function endEverywhere({ getSession, visit, base, user }) {
  visit.failure = "ends";
  const session = await getSession();
  if (session.userId === undefined) return seePlaces(base);
  // Not endAll(): this one goes last, so that whoever learns that others could not be ended can still ask again.
  await user(session.userId).endOthers(session);
  session.signOut();
  return seeSignedOut(base, "everywhere");
}

/**
 * There is no session left to carry a message, so the address does.
 *
 * @param {string} base
 * @param {"here" | "everywhere"} [where]
 */
export function seeSignedOut(base, where = "here") {
  const location = `${base}/?signed-out=${where}#account`;
  return new Response(null, { status: 303, headers: { Location: location } });
}

/** @param {string} base */
function seePlaces(base) {
  return new Response(null, { status: 303, headers: { Location: `${base}/sessions` } });
}
