// The page "Where you are signed in": a table of sessions, and buttons to end them.
import { nameIn } from "./agent.js";
import { html, layout, plural } from "./html.js";
import { describeCost, instant, relative } from "./words.js";

/**
 * @typedef {import("coatcheck").ListedSession} ListedSession
 * @typedef {{
 *   name: string | undefined,
 *   sessions: readonly ListedSession[],
 *   notice: unknown,
 *   problem: unknown,
 * }} View `name`: whose sessions; of nobody where nobody is signed in
 * @typedef {{ base: string, usersName: string, cost: import("./meter.js").Cost }} Account what it took
 */

const TITLE = "Where you are signed in";

/**
 * @param {View} view
 * @param {Account} account
 */
export function placesPage(view, account) {
  const { name, notice, problem } = view;
  return layout(
    `${TITLE} · coatcheck`,
    html`<a class="skip" href="#main">Skip to the sessions</a>
      <div id="message" role="status" aria-live="polite">
        ${
          problem !== undefined
            ? html`<p class="message problem">${problem}</p>`
            : notice !== undefined && html`<p class="message">${notice}</p>`
        }
      </div>
      <header>
        <p class="back"><a href="${account.base}/">Back to the basket</a></p>
        <h1>${TITLE}</h1>
        ${name !== undefined && html`<p>You are <strong>${name}</strong>. Each browser that signs in has a session of its own.</p>`}
      </header>
      <main id="main" tabindex="-1" class="places">
        ${name === undefined ? nobody(account) : html`${table(view)} ${ends(account)}`}
      </main>
      <script src="/app.js" type="module"></script>`,
  );
}

/** @param {Account} account */
function nobody({ base }) {
  return html`<section>
    <p>
      You are not signed in here. If you were, that session has ended, perhaps from another device.
    </p>
    <p><a href="${base}/#account">Sign in</a></p>
  </section>`;
}

/**
 * On a phone a row is a card. A table that is laid out as something else is none to some screen readers, unless its roles
 * are written down.
 *
 * @param {View} view
 */
function table({ sessions }) {
  return html`<section aria-labelledby="sessions-title">
    <h2 id="sessions-title">${plural(sessions.length, "session")}</h2>
    <table role="table" aria-labelledby="sessions-title" aria-describedby="seen">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Browser</th>
          <th role="columnheader" scope="col">Signed in</th>
          <th role="columnheader" scope="col">Last seen</th>
          <th role="columnheader" scope="col"><span class="unseen">Sign out</span></th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${sessions.map(row)}
      </tbody>
    </table>
    <p class="quiet" id="seen">
      “Last seen” is noted when a visit renews the session, at most once in 2 hours and 24 minutes:
      the last visit may have been that much later.
    </p>
  </section>`;
}

/** @param {ListedSession} session */
function row({ handle, createdAt, lastSeenAt, current, meta }) {
  const browser = nameIn(meta);
  const label = `Sign out ${browser}, signed in ${relative(createdAt - Date.now())}`;
  return html`<tr role="row">
    <th role="rowheader" scope="row">
      ${browser} ${current && html`<strong class="here">This device</strong>`}
    </th>
    <td role="cell" data-label="Signed in">${instant(createdAt)}</td>
    <td role="cell" data-label="Last seen">${instant(lastSeenAt)}</td>
    <td role="cell">
      ${
        current
          ? // The sign-out of the other page: it is remembered even while no store answers.
            html`<form method="post" action="sign-out">
              <button aria-label="Sign out this device">Sign out</button>
            </form>`
          : html`<form method="post" action="sessions/end">
              <button name="session" value="${handle}" aria-label="${label}">Sign out</button>
            </form>`
      }
    </td>
  </tr>`;
}

/** @param {Account} account */
function ends({ usersName, cost }) {
  return html`<section aria-labelledby="ends-title">
    <h2 id="ends-title">Sign out of several at once</h2>
    <div class="row">
      <form method="post" action="sessions/end-others">
        <button>Sign out everywhere else</button>
      </form>
      <form method="post" action="sessions/end-all">
        <button>Sign out everywhere</button>
      </form>
    </div>
    <p class="quiet">
      To see it work, open this shop in another browser or in a private window, and sign in with the
      same name. There are no passwords here: whoever types your name is you.
    </p>
    <p class="quiet">
      Which sessions are whose is noted in ${usersName}. This page cost ${describeCost(cost)}.
    </p>
  </section>`;
}
