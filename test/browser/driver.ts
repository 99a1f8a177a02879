// The browser driver, from this folder's own packages, and the browser of this machine.

import { type Browser, chromium } from "playwright-core";
import { findProgram } from "../../scripts/system.js";

export type { Browser, BrowserContext, Page } from "playwright-core";

const BINARY = findProgram("chromium");
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP plain.test 127.0.0.1",
];

/** Whether cases in a browser are left out: never in CI, where a missing browser is a failure. */
export const lacksBrowser = BINARY === null && process.env["CI"] !== "true";

/**
 * `plain.test` leads to this machine.
 * @param keepsPages whether it keeps pages whole for Back, as everybody's browser does, and the driver's does not
 */
export function launchBrowser({ keepsPages = false } = {}): Promise<Browser> {
  const ignoreDefaultArgs = keepsPages ? ["--disable-back-forward-cache"] : [];
  return chromium.launch({ executablePath: BINARY ?? "", args: FLAGS, ignoreDefaultArgs });
}
