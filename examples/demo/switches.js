// The switches between the library and Redis. For whoever sits at this machine: nobody else has them.
import { refuse, seeOther } from "./answer.js";
import { isLoopback, readForm } from "./guard.js";

/** @typedef {import("./link.js").LinkState} LinkState */

/**
 * Throws a switch, whatever the session is. That no other site sent the form was seen to before.
 *
 * @param {import("./embedded.js").Outage} outage
 * @returns {import("./actions.js").Handler}
 */
export function throwSwitch({ link }) {
  return async ({ request, base }) => {
    // The server listens on this machine alone; a name of somebody else's that leads here is still not this machine.
    if (!isLoopback(new URL(request.url).host)) return refuse(403, { base });
    const form = await readForm(request);
    if (typeof form === "number") return refuse(form, { base });
    const wanted = form.get("redis");
    if (!isState(wanted)) return refuse(400, { base });
    await link.set(wanted);
    return seeOther(base, "outage");
  };
}

/**
 * @param {string | null} text
 * @returns {text is LinkState}
 */
function isState(text) {
  return text === "up" || text === "slow" || text === "cut";
}
