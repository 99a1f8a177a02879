// The site as a browser meets it: https, the cookie, and what stands around it.

import { clockFinding, type Moment } from "./clock.ts";
import type { Finding, Report } from "./finding.ts";
import { cookieFindings } from "./setcookie.ts";

export interface SiteSubject {
  readonly url: URL;
  /** The cookie's name, where it is not one of the defaults. */
  readonly cookie?: string;
  readonly timeoutMs: number;
}

const LOCAL = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export async function checkSite(subject: SiteSubject, report: Report): Promise<void> {
  const { url, timeoutMs } = subject;
  report(schemeFinding(url));
  const askedAt = Date.now();
  let response: Response;
  try {
    response = await ask(url, timeoutMs);
  } catch (error) {
    return report({
      check: "site.reach",
      status: "unknown",
      message: `${url.host} does not answer (${reasonOf(error)})`,
      why: "cookie and headers cannot be looked at",
      mend: "check the address, and that this machine may reach it",
    });
  }
  const { status, headers } = response;
  report(reachFinding(url, status));
  for (const finding of cookieFindings(subject, headers)) report(finding);
  if (url.protocol === "https:") {
    report(hstsFinding(headers));
    // Elsewhere nobody can say on which port http would be.
    if (url.port === "") report(await redirectFinding(new URL(`http://${url.host}/`), timeoutMs));
  }
  const moment = { ...timeIn(headers), askedAt, answeredAt: Date.now() };
  if (!Number.isNaN(moment.at)) report(clockFinding("site.clock", "the site's", moment));
}

/** When a response was sent. A cache leaves `Date` as it was, and says in `Age` how long ago that is (RFC 9111, 4.2.3). */
function timeIn(headers: Headers): Pick<Moment, "at" | "grainMs"> {
  const at = Date.parse(headers.get("date") ?? "");
  const age = /^\d+$/.exec(headers.get("age") ?? "")?.[0];
  // Both in whole seconds.
  return age === undefined ? { at, grainMs: 1000 } : { at: at + Number(age) * 1000, grainMs: 2000 };
}

function reachFinding({ host }: URL, status: number): Finding {
  const base = { check: "site.reach", message: `${host} answers ${status}`, details: { status } };
  if (status < 500) return { ...base, status: "ok" };
  return {
    ...base,
    status: "warning",
    why: "it is the page of a failure, whose cookie and headers may be others than the site's",
    mend: "look at the site's log, or give --site a page that answers",
  };
}

/** Whether browsers keep a cookie that is for https. */
export function schemeFinding({ protocol, hostname }: URL): Finding {
  const check = "site.scheme";
  if (protocol === "https:") return { check, status: "ok", message: "https" };
  if (LOCAL.test(hostname)) {
    return {
      check,
      status: "warning",
      message: "http on this machine",
      why: "Safari refuses a cookie that is for https here; Chrome and Firefox keep it",
      mend: "use https in development, or cookie: { secure: false } there alone",
    };
  }
  return {
    check,
    status: "wrong",
    message: "http",
    why: "a cookie that is for https is refused by browsers, so that sessions do not persist; one without Secure can be taken by anybody on the way",
    mend: "serve the site over https",
  };
}

/** Whether http leads to https. A page over http can be changed by anybody on the way. */
export async function redirectFinding(url: URL, timeoutMs: number): Promise<Finding> {
  const check = "site.redirect";
  try {
    const { status, headers } = await ask(url, timeoutMs);
    const location = headers.get("location") ?? "";
    const isRedirect = status >= 300 && status < 400;
    if (isRedirect && URL.canParse(location, url.href)) {
      const { protocol } = new URL(location, url.href);
      if (protocol === "https:") return { check, status: "ok", message: "http leads to https" };
    }
    return {
      check,
      status: "warning",
      message: `http answers ${status} instead of leading to https`,
      why: "over http no session is found, and whoever is on the way can change the page",
      mend: "have the platform or the proxy redirect http to https",
    };
  } catch {
    // Nothing listens there: nobody can be sent over http.
    return { check, status: "ok", message: "nothing answers over http" };
  }
}

function hstsFinding(headers: Headers): Finding {
  const check = "site.hsts";
  const value = headers.get("strict-transport-security") ?? "";
  const seconds = Number(/max-age="?(\d+)/i.exec(value)?.[1] ?? 0);
  if (seconds > 0) {
    const message = `Strict-Transport-Security for ${Math.round(seconds / 86_400)} days`;
    return { check, status: "ok", message, details: { seconds } };
  }
  return {
    check,
    status: "warning",
    message: "no Strict-Transport-Security",
    why: "the first visit may still go over http, where anybody on the way can answer",
    mend: "send Strict-Transport-Security: max-age=31536000 once all of the site is on https",
  };
}

/** Redirects are looked at, not followed: the cookie may be on any of them. */
async function ask(url: URL, timeoutMs: number): Promise<Response> {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { redirect: "manual", signal });
  await response.body?.cancel();
  return response;
}

function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: unknown; cause?: { code?: unknown } };
  if (name === "TimeoutError") return "no answer in time";
  const code = cause?.code;
  return typeof code === "string" && /^[A-Z_\d]+$/.test(code) ? code : "the request failed";
}
