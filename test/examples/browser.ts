// The browser that visits the examples, and whether this machine has what the visits need.

import { findProgram } from "../../scripts/system.js";
import { type Browser, chromium } from "../browser/driver.ts";
import { lacksRedis } from "../support/needs.ts";

const BINARY = findProgram("chromium");
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Without a Redis or a Chromium the examples are skipped, by name; with CI=true they run, and fail. */
export const lacksParts: boolean = lacksRedis || (process.env["CI"] !== "true" && BINARY === null);

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: BINARY ?? "", args: FLAGS });
}
