// The pages. `html` escapes whatever is put into it, unless that is HTML made by `html` itself.

/**
 * @typedef {import("./log.js").Line} Line
 * @typedef {{
 *   basket: readonly string[],
 *   count: number,
 *   name?: string | undefined,
 *   isNew: boolean,
 *   notice: unknown,
 *   problem: unknown,
 *   isSignedOut: boolean,
 *   refusedAt: { host: string, protocol: string } | undefined,
 * }} View what the session holds
 * @typedef {{
 *   storeName: string,
 *   cost: import("./meter.js").Cost,
 *   times: { createdAt: number, expiresAt: number } | undefined,
 *   cookie: string | undefined,
 *   events: Line[],
 *   requests: Line[],
 * }} Account what it took
 */

export const SHELF = [
  { id: "tea", name: "Tea" },
  { id: "honey", name: "Honey" },
  { id: "biscuits", name: "Biscuits" },
  { id: "lemon", name: "Lemon" },
];

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text that is HTML already. */
class Html extends String {}

/**
 * @param {TemplateStringsArray} strings
 * @param {unknown[]} values text to escape, `Html`, lists of both; nothing for `undefined` and `false`
 */
function html(strings, ...values) {
  return new Html(String.raw({ raw: strings }, ...values.map(toHtml)));
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function toHtml(value) {
  if (value === undefined || value === false) return "";
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(toHtml).join("");
  return String(value).replace(
    /[&<>"']/g,
    (character) => ENTITIES[/** @type {keyof typeof ENTITIES} */ (character)],
  );
}

/**
 * @param {string} title
 * @param {Html} body
 */
function layout(title, body) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        ${body}
      </body>
    </html> `.toString();
}

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
      ${view.refusedAt && refusedCookie(view.refusedAt)}
      <div class="columns">
        <main id="main" tabindex="-1">${basket(view)} ${counter(view)} ${person(view)}</main>
        ${ticket(account)}
      </div>
      <script src="/app.js" type="module"></script>`,
  );
}

/** @param {View} view */
function message({ notice, problem, isSignedOut, isNew }) {
  if (problem !== undefined) return html`<p class="message problem">${problem}</p>`;
  if (notice !== undefined) return html`<p class="message">${notice}</p>`;
  if (isSignedOut && isNew) {
    return html`<p class="message">
      Signed out. The session is gone from the store, basket and all.
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

/** @param {string} host */
function isLoopback(host) {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
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
                  <form method="post" action="/basket/remove">
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
    <form method="post" action="/basket/add" class="shelf" aria-label="Shelf">
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
      <form method="post" action="/count"><button>Count one</button></form>
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
      <form method="post" action="/sign-in" class="row">
        <label for="name">Your name</label>
        <input id="name" name="name" required maxlength="40" autocomplete="given-name" />
        <button>Sign in</button>
      </form>
      <p class="quiet">Any name will do. The basket stays, the ticket changes.</p>
    </section>`;
  }
  return html`<section id="account" aria-labelledby="account-title">
    <h2 id="account-title">Signed in</h2>
    <form method="post" action="/sign-out" class="row">
      <p>You are <strong>${name}</strong>.</p>
      <button>Sign out</button>
    </form>
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
      ({ text, times, reads = 0, writes = 0 }) =>
        html` <li>
          <code>${text}</code>${times > 1 && html` <span class="times">× ${times}</span>`}
          ${reads + writes > 0 && html`<span class="cost">${describeCost({ reads, writes })}</span>`}
        </li>`,
    )}
  </ul>`;
}

/** @param {import("./meter.js").Cost} cost */
function describeCost({ reads, writes }) {
  if (reads + writes === 0) return "no store command";
  const parts = [plural(reads, "read"), plural(writes, "write")];
  return parts.filter((_, index) => [reads, writes][index] !== 0).join(", ");
}

/** @param {number} at epoch milliseconds */
function instant(at) {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${relative(at - Date.now())}</time>
    <span class="quiet">${iso.slice(0, 19).replace("T", " ")} UTC</span>`;
}

/** @param {number} milliseconds from now, negative for the past */
function relative(milliseconds) {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  if (seconds < 5) return "just now";
  const amount =
    seconds < 60
      ? plural(seconds, "second")
      : seconds < 3600
        ? plural(Math.round(seconds / 60), "minute")
        : seconds < 172_800
          ? plural(Math.round(seconds / 3600), "hour")
          : plural(Math.round(seconds / 86_400), "day");
  return milliseconds < 0 ? `${amount} ago` : `in ${amount}`;
}

/**
 * @param {number} count
 * @param {string} noun
 */
function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** @type {Record<number, [title: string, text: string]>} */
const ERRORS = {
  400: ["That is not on the shelf", "The form named something that is not for sale here."],
  403: ["Not from here", "The form was sent from another site, so nothing was done."],
  404: ["No such page", "There is only one page here, and this is not it."],
  405: ["Not like that", "This address does not answer to that method."],
  409: [
    "Somebody was faster",
    "Another request replaced the session meanwhile. Go back and try again in a minute, or sign in again.",
  ],
  413: ["Too much", "The form was larger than this page needs, so it was not read."],
  415: ["Not a form", "This address reads only what a plain HTML form sends."],
  500: ["Something broke", "The request was not saved. The server's log says why."],
  503: [
    "The cloakroom does not answer",
    "Your ticket stays good: go back and try again in a moment. The server's log says why.",
  ],
};

/** @param {number} status a key of `ERRORS` */
export function errorPage(status) {
  const [title, text] = ERRORS[status] ?? ["Something broke", ""];
  return layout(
    `${title} · coatcheck`,
    html`<main class="error">
      <p class="number">${status}</p>
      <h1>${title}</h1>
      <p>${text}</p>
      <p><a href="/">Back to the basket</a></p>
    </main>`,
  );
}
