// The browser that visits the examples, and whether this machine has what the visits need.

import { lacksBrowser } from "../browser/driver.ts";
import { lacksRedis } from "../support/needs.ts";

export { launchBrowser } from "../browser/driver.ts";

/** Without a Redis or a Chromium the examples are skipped, by name; with CI=true they run, and fail. */
export const lacksParts: boolean = lacksRedis || lacksBrowser;
