// The panel of the outage: which store answers, what it was asked, and the switches.
import { html } from "./html.js";
import { LATE_MS } from "./link.js";

/**
 * @typedef {import("./meter.js").Member} Member
 * @typedef {import("./embedded.js").Outage} Outage
 */

/** After so many failures in a row the library leaves a store alone. */
const BREAKER_FAILURES = 3;

const SHOPS = /** @type {const} */ ([
  ["cached", "/", "Cache over SQL"],
  ["fallback", "/fallback/", "Fallback to SQL"],
]);

/** @type {Readonly<Record<Outage["kind"], unknown>>} */
const PROMISES = {
  cached: html`<code>cachedStore</code>: SQL decides every change, Redis holds copies. Put something
    into the basket, cut Redis, and go on: the basket stays, changes are saved, a sign-out holds.`,
  fallback: html`<code>fallbackStore</code>: a session stays where it began, which is Redis, and SQL
    while Redis does not answer. Cut Redis, and a session that hangs there has to wait (503), but it
    is not lost, and new visitors are served: a private window is one. Restore Redis, and all is as
    it was.`,
};

const SWITCHES = /** @type {const} */ ([
  ["cut", "Cut Redis"],
  ["slow", "Slow Redis"],
  ["up", "Restore"],
]);

/** @type {Readonly<Record<import("./link.js").LinkState, string>>} */
const LINK = {
  up: "Redis can be reached.",
  slow: `Redis answers ${LATE_MS / 1000} seconds late. The library waits for one.`,
  cut: "Redis is cut off: connections are refused.",
};

/** @param {{ base: string, cost: import("./meter.js").Cost, outage?: Outage | undefined }} account */
export function outagePanel({ base, cost, outage }) {
  if (!outage) return undefined;
  const state = outage.link.state();
  return html`<section class="outage" id="outage" aria-labelledby="outage-title">
    <h2 id="outage-title">Take Redis away</h2>
    <nav class="shops" aria-label="Two ways to keep sessions">
      ${SHOPS.map(
        ([kind, href, name]) =>
          html`<a href="${href}" ${kind === outage.kind && html`aria-current="page"`}>${name}</a>`,
      )}
    </nav>
    <p>${PROMISES[outage.kind]}</p>
    <form method="post" action="${base}/redis" class="row switches" aria-label="Redis">
      ${SWITCHES.map(
        ([value, name]) =>
          html`<button
            name="redis"
            value="${value}"
            ${value !== "up" && html`aria-pressed="${String(value === state)}"`}
          >
            ${name}
          </button>`,
      )}
      <p id="link" class="${state}">${LINK[state]}</p>
    </form>
    <ul class="stores" aria-label="Stores">
      ${outage.members.map((member) => store(member, cost.asked.get(member.name) ?? 0))}
    </ul>
  </section>`;
}

/**
 * @param {Member} member
 * @param {number} now how often this request asked it
 */
function store(member, now) {
  const [kind, text] = stateOf(member);
  const { name, role, part, asked, answered } = member;
  return html`<li>
    <p><strong>${name}</strong> ${role}</p>
    <p class="state ${kind}">${text}</p>
    <p class="quiet">${part}</p>
    <p class="counts">asked ${asked}, answered ${answered}; for this page ${now}</p>
  </li>`;
}

/**
 * @param {Member} member
 * @returns {[kind: string, text: string]}
 */
function stateOf({ asked, failures, isDown }) {
  if (asked === 0) return ["idle", "not asked yet"];
  if (!isDown) return ["up", "answers"];
  if (failures < BREAKER_FAILURES) return ["down", "did not answer when it was last asked"];
  return ["down", "left alone, and tried every 5 to 8 seconds"];
}
