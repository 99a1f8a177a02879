// The browser driver, from this folder's own packages.

export { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
