// The page: the basket, the counter, the account, and beside them the ticket.
import { isLoopback } from "./guard.js";
import { html, layout } from "./html.js";
import { outagePanel } from "./outage.js";
import { describeCost, instant } from "./words.js";

/**
 * @typedef {import("./log.js").Line} Line
 * @typedef {{
 *   basket: readonly string[],
 *   count: number,
 *   name?: string | undefined,
 *   isNew: boolean,
 *   notice: unknown,
 *   problem: unknown,
 *   signedOut: string | undefined,
 *   isGone: boolean,
 *   refusedAt: { host: string, protocol: string } | undefined,
 * }} View what the session holds; `signedOut`: where a sign-out was just now; `isGone`: whether the browser has a ticket
 *   that opens nothing
 * @typedef {{
 *   storeName: string,
 *   cost: import("./meter.js").Cost,
 *   times: { createdAt: number, expiresAt: number } | undefined,
 *   cookie: string | undefined,
 *   events: Line[],
 *   requests: Line[],
 *   base: string,
 *   outage: import("./embedded.js").Outage | undefined,
 * }} Account what it took
 */

export const SHELF = [
  { id: "tea", name: "Tea" },
  { id: "honey", name: "Honey" },
  { id: "biscuits", name: "Biscuits" },
  { id: "lemon", name: "Lemon" },
];

/**
 * @param {View} view
 * @param {Account} account
 */
export function homePage(view, account) {
  return layout(
    "coatcheck",
    html`<a class="skip" href="#main">Skip to the basket</a>
      <div id="message" role="status" aria-live="polite">${message(view)}</div>
      <header>
        <h1>coatcheck</h1>
        <p>
          Hand in your coat, get a ticket. The ticket is a cookie; the coat hangs in
          ${account.storeName}.
        </p>
      </header>
      ${view.refusedAt && refusedCookie(view.refusedAt)} ${account.outage && outagePanel(account)}
      <div class="columns">
        <main id="main" tabindex="-1">${basket(view)} ${counter(view)} ${person(view)}</main>
        ${ticket(account)}
      </div>
      <script src="/app.js" type="module"></script>`,
  );
}

/** @param {View} view */
function message({ notice, problem, signedOut, isGone, isNew }) {
  if (problem !== undefined) return html`<p class="message problem">${problem}</p>`;
  if (notice !== undefined) return html`<p class="message">${notice}</p>`;
  if (signedOut === "everywhere" && isNew) {
    return html`<p class="message">
      Signed out everywhere. No ticket of yours opens anything any more.
    </p>`;
  }
  if (signedOut !== undefined && isNew) {
    return html`<p class="message">
      Signed out. The session is gone from the store, basket and all.
    </p>`;
  }
  if (isGone) {
    return html`<p class="message problem">
      The ticket of this browser opens nothing any more: its session has ended, perhaps from another
      device.
    </p>`;
  }
  return undefined;
}

/** @param {{ host: string, protocol: string }} at */
function refusedCookie({ host, protocol }) {
  const port = host.match(/:\d+$/)?.[0] ?? "";
  return html`<section class="warning" role="alert">
    <h2>Your browser did not keep the cookie</h2>
    ${
      protocol === "https:"
        ? html`<p>
            It was sent over https, so the browser blocks cookies of this site. Allow them, and try
            again.
          </p>`
        : isLoopback(host)
          ? html`<p>
              It is marked Secure. Chrome, Edge and Firefox keep such a cookie on
              <code>http://localhost</code>, Safari does not: open this page in one of the others,
              or over https.
            </p>`
          : html`<p>
              It is marked Secure, and this page came from <code>http://${host}</code>. Browsers
              keep such a cookie only over https or from this very machine: open
              <code>http://localhost${port}/</code> there, or put https in front of this server.
            </p>`
    }
  </section>`;
}

/** @param {View} view */
function basket({ basket: items }) {
  const chosen = SHELF.map((item) => ({
    ...item,
    times: items.filter((id) => id === item.id).length,
  })).filter(({ times }) => times > 0);

  return html`<section id="basket" aria-labelledby="basket-title">
    <h2 id="basket-title">Basket</h2>
    ${
      chosen.length === 0
        ? html`<p class="quiet">
            Empty. What you put in survives a reload, and another tab sees it too.
          </p>`
        : html`<ul class="basket">
            ${chosen.map(
              ({ id, name, times }) =>
                html` <li>
                  <span>${name}</span> <span class="times">× ${times}</span>
                  <form method="post" action="basket/remove">
                    <button
                      class="plain"
                      name="item"
                      value="${id}"
                      aria-label="Take out one ${name}"
                    >
                      Take out
                    </button>
                  </form>
                </li>`,
            )}
          </ul>`
    }
    <form method="post" action="basket/add" class="shelf" aria-label="Shelf">
      ${SHELF.map(({ id, name }) => html`<button name="item" value="${id}" aria-label="Add ${name}">+ ${name}</button>`)}
    </form>
  </section>`;
}

/** @param {View} view */
function counter({ count }) {
  return html`<section id="counter" aria-labelledby="counter-title">
    <h2 id="counter-title">Counter</h2>
    <div class="counter">
      <output id="count" class="number" aria-label="Count">${count}</output>
      <form method="post" action="count"><button>Count one</button></form>
      <button id="burst" type="button" hidden>50 at once</button>
      <p id="burst-result" class="quiet" role="status"></p>
    </div>
    <p class="quiet">
      Hammer it from two tabs: no click is lost, since <code>session.update()</code> is applied
      again when another request saved first.
    </p>
  </section>`;
}

/** @param {View} view */
function person({ name }) {
  if (name === undefined) {
    return html`<section id="account" aria-labelledby="account-title">
      <h2 id="account-title">Sign in</h2>
      <form method="post" action="sign-in" class="row">
        <label for="name">Your name</label>
        <input id="name" name="name" required maxlength="40" autocomplete="given-name" />
        <button>Sign in</button>
      </form>
      <p class="quiet">Any name will do. The basket stays, the ticket changes.</p>
    </section>`;
  }
  return html`<section id="account" aria-labelledby="account-title">
    <h2 id="account-title">Signed in</h2>
    <form method="post" action="sign-out" class="row">
      <p>You are <strong>${name}</strong>.</p>
      <button>Sign out</button>
    </form>
    <p><a href="sessions">Where you are signed in</a></p>
    <p class="quiet">
      Signing out ends the session in the store: a copy of the cookie opens nothing afterwards.
    </p>
  </section>`;
}

/** @param {Account} account */
function ticket({ storeName, cost, times, cookie, events, requests }) {
  return html`<aside class="ticket" aria-labelledby="ticket-title">
    <h2 id="ticket-title">Ticket</h2>
    <dl>
      <dt>Held in</dt>
      <dd>${storeName}</dd>
      <dt>This page cost</dt>
      <dd>${describeCost(cost)}</dd>
      <dt>Created</dt>
      <dd>
        ${times ? instant(times.createdAt) : "no session yet: nothing is stored, no cookie is set"}
      </dd>
      ${
        times &&
        html`<dt>Expires</dt>
          <dd>${instant(times.expiresAt)}</dd>`
      }
      ${
        times &&
        html`<dt>Last Set-Cookie</dt>
          <dd>${cookie ? attributes(cookie) : "before this server started"}</dd>`
      }
    </dl>
    <h3>Everybody's requests before this one</h3>
    ${log(requests)}
    <h3>Everybody's events</h3>
    ${log(events)}
  </aside>`;
}

/** @param {string} cookie */
function attributes(cookie) {
  return html`<code class="cookie"
    >${cookie
      .split(/;\s*/)
      .map(
        (part, index, { length }) => html`<span>${part}${index < length - 1 && ";"}</span> `,
      )}</code
  >`;
}

/** @param {Line[]} lines */
function log(lines) {
  if (lines.length === 0) return html`<p class="quiet">None yet.</p>`;
  return html`<ul class="log">
    ${lines.map(
      ({ text, times, ...cost }) =>
        html` <li>
          <code>${text}</code>${times > 1 && html` <span class="times">× ${times}</span>`}
          ${cost.ms !== undefined && html`<span class="cost">${describeCost(cost)}</span>`}
        </li>`,
    )}
  </ul>`;
}
