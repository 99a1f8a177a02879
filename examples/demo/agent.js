// A short name for a browser, by which its owner can tell one session from another. A guess: a User-Agent says what it
// likes, and many that are not Chrome say Chrome.

const UNKNOWN = "Unknown browser";

/** The first that fits: most name those they come from, too. */
const BROWSERS = /** @type {const} */ ([
  [/Edg(A|iOS)?\//, "Edge"],
  [/OPR\//, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/(Firefox|FxiOS)\//, "Firefox"],
  [/(Chrome|CriOS)\//, "Chrome"],
  [/Safari\//, "Safari"],
]);

const SYSTEMS = /** @type {const} */ ([
  [/Android/, "Android"],
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Windows/, "Windows"],
  [/Macintosh/, "Mac"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
]);

/**
 * What a browser calls itself, in words of this file alone.
 *
 * @param {Request} request
 */
export function browserOf(request) {
  const agent = request.headers.get("user-agent") ?? "";
  const [, browser] = BROWSERS.find(([sign]) => sign.test(agent)) ?? [];
  const [, system] = SYSTEMS.find(([sign]) => sign.test(agent)) ?? [];
  if (!browser) return UNKNOWN;
  return system ? `${browser} on ${system}` : browser;
}

/**
 * The name that was kept at a sign-in.
 *
 * @param {object | undefined} meta
 */
export function nameIn(meta) {
  return meta && "browser" in meta ? String(meta.browser) : UNKNOWN;
}
