// What the forms do to the session. Each answers with a redirect, so that a reload repeats nothing.
import { browserOf } from "./agent.js";
import { refuse, seeOther } from "./answer.js";
import { readForm } from "./guard.js";
import { SHELF } from "./pages.js";
import { seeSignedOut } from "./places.js";

/**
 * @typedef {{ basket: string[], count: number }} Data
 * @typedef {import("coatcheck").Session<Data>} Session
 * @typedef {import("./meter.js").Cost & {
 *   render?: (response: Response) => string,
 *   failure?: "ends",
 * }} Visit what a request costs, its page, and what it is to say where the store does not answer
 * @typedef {{
 *   request: Request,
 *   getSession: () => Promise<Session>,
 *   visit: Visit,
 *   base: string,
 *   user: (userId: string) => import("coatcheck").UserSessions,
 * }} Context
 * @typedef {(context: Context) => Promise<Response>} Handler
 */

const BASKET_LIMIT = 24;
const NAME_LIMIT = 40;

/** @type {Handler} */
export async function addToBasket({ request, getSession, base }) {
  const form = await readForm(request);
  if (typeof form === "number") return refuse(form, { base });
  const item = SHELF.find(({ id }) => id === form.get("item"));
  if (!item) return refuse(400, { base });

  const session = await getSession();
  if (session.data.basket.length >= BASKET_LIMIT) {
    session.flash("problem", `The basket holds ${BASKET_LIMIT} things, and it is full.`);
    return seeOther(base, "basket", session);
  }
  // A function, not an assignment: two tabs that add at the same moment both succeed.
  session.update((data) => {
    if (data.basket.length < BASKET_LIMIT) data.basket.push(item.id);
  });
  session.flash("notice", `${item.name} is in the basket.`);
  return seeOther(base, "basket", session);
}

/** @type {Handler} */
export async function removeFromBasket({ request, getSession, base }) {
  const form = await readForm(request);
  if (typeof form === "number") return refuse(form, { base });
  const item = SHELF.find(({ id }) => id === form.get("item"));
  if (!item) return refuse(400, { base });

  const session = await getSession();
  session.update((data) => {
    const index = data.basket.lastIndexOf(item.id);
    if (index >= 0) data.basket.splice(index, 1);
  });
  session.flash("notice", `${item.name} is back on the shelf.`);
  return seeOther(base, "basket", session);
}

/** @type {Handler} */
export async function count({ request, getSession, base }) {
  const session = await getSession();
  session.update((data) => {
    data.count++;
  });
  if (request.headers.get("accept") === "application/json") {
    return new Response(null, { status: 204 });
  }
  session.flash("notice", "Counted.");
  return seeOther(base, "counter", session);
}

/** @type {Handler} */
export async function showCount({ getSession }) {
  const session = await getSession();
  return Response.json({ count: session.data.count, isNew: session.isNew });
}

/** @type {Handler} */
export async function signIn({ request, getSession, base }) {
  const form = await readForm(request);
  if (typeof form === "number") return refuse(form, { base });
  const name = Array.from((form.get("name") ?? "").trim())
    .slice(0, NAME_LIMIT)
    .join("");

  const session = await getSession();
  if (!name) {
    session.flash("problem", "A name is needed to sign in.");
    return seeOther(base, "account", session);
  }
  // A new id with the change of privilege: whoever knew the old one knows nothing now. Here the name is all there is to a
  // user; where somebody else was signed in before, nothing of theirs is left.
  session.signIn(name, { meta: { browser: browserOf(request) } });
  session.flash(
    "notice",
    `Welcome, ${name}. The session has a new ticket, the old one opens nothing.`,
  );
  return seeOther(base, "account", session);
}

/** @type {Handler} */
export async function signOut({ getSession, base }) {
  const session = await getSession();
  session.signOut();
  return seeSignedOut(base);
}
