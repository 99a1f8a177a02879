// The pages that say why there is no page.
import { html, layout } from "./html.js";
import { noCost } from "./meter.js";
import { outagePanel } from "./outage.js";

/** @type {Record<number, [title: string, text: string]>} */
const ERRORS = {
  400: ["That is not on the shelf", "The form named something that is not for sale here."],
  403: ["Not from here", "The form was sent from another site, so nothing was done."],
  404: ["No such page", "There are two pages here, and this is neither."],
  405: ["Not like that", "This address does not answer to that method."],
  409: [
    "Somebody was faster",
    "Nothing was done: the session was ended from another device, or another request has replaced it. Sign in again, or go back and try again in a minute.",
  ],
  413: ["Too much", "The form was larger than this page needs, so it was not read."],
  415: ["Not a form", "This address reads only what a plain HTML form sends."],
  500: ["Something broke", "The request was not saved. The server's log says why."],
  503: [
    "The cloakroom does not answer",
    "Nothing is lost, and your ticket stays as it is: go back and try again in a moment. The server's log says why.",
  ],
};

/**
 * What is more to be said of a 503 than that.
 *
 * @typedef {"sign-out" | "ends"} Failure `sign-out`: of this session, which is remembered; `ends`: of other sessions
 * @type {Readonly<Record<Failure, [title: string, text: string, restored: string]>>}
 */
const FAILURES = {
  "sign-out": [
    "The sign-out is not done yet",
    "Nobody confirms the end of the session now, so this is no success. But this browser has a ticket that only ends it, and the next request that is answered sees to that.",
    "you are signed out",
  ],
  ends: [
    "The sessions have not all ended",
    "The cloakroom does not answer, so this is no success: each session that you meant to end may still be open. Go back and press the button again in a moment, and it goes on where it stopped.",
    "the button does its work",
  ],
};

/**
 * @typedef {{
 *   base?: string,
 *   cost?: import("./meter.js").Cost,
 *   outage?: import("./embedded.js").Outage | undefined,
 *   failure?: Failure | undefined,
 * }} Around what the page of an error stands in
 */

/**
 * @param {number} status a key of `ERRORS`
 * @param {Around} [around]
 */
export function errorPage(status, { base = "", cost = noCost(), outage, failure } = {}) {
  const [title, text] = (failure ? FAILURES[failure] : ERRORS[status]) ?? ["Something broke", ""];
  const [, , restored = "all is as it was"] = failure ? FAILURES[failure] : [];
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
            Restore Redis below: the library tries it again within 8 seconds, and then ${restored}.
          </p>`
        }
        <p><a href="${base}/">Back to the basket</a></p>
      </main>
      ${outage && outagePanel({ base, cost, outage })}`,
  );
}
