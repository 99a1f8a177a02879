// The pages that say why there is no page.
import { html, layout } from "./html.js";
import { noCost } from "./meter.js";
import { outagePanel } from "./outage.js";

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
    "Nothing is lost, and your ticket stays as it is: go back and try again in a moment. The server's log says why.",
  ],
};

/** @type {[title: string, text: string]} */
const ENDING = [
  "The sign-out is not done yet",
  "Nobody confirms the end of the session now, so this is no success. But this browser has a ticket that only ends it, and the next request that is answered sees to that.",
];

/**
 * @typedef {{
 *   base?: string,
 *   cost?: import("./meter.js").Cost,
 *   outage?: import("./embedded.js").Outage | undefined,
 *   isEnding?: boolean,
 * }} Around what the page of an error stands in; `isEnding`: a sign-out that no store has confirmed yet
 */

/**
 * @param {number} status a key of `ERRORS`
 * @param {Around} [around]
 */
export function errorPage(status, { base = "", cost = noCost(), outage, isEnding } = {}) {
  const [title, text] = (isEnding ? ENDING : ERRORS[status]) ?? ["Something broke", ""];
  return layout(
    `${title} · coatcheck`,
    html`<main class="error">
        <p class="number">${status}</p>
        <h1>${title}</h1>
        <p>${text}</p>
        ${
          outage &&
          status === 503 &&
          html`<p>
            Restore Redis below: the library tries it again within 8 seconds, and then
            ${isEnding ? "you are signed out" : "all is as it was"}.
          </p>`
        }
        <p><a href="${base}/">Back to the basket</a></p>
      </main>
      ${outage && outagePanel({ base, cost, outage })}`,
  );
}
