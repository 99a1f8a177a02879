// What a bundler for browsers gets in place of the adapter: package.json#exports says so.

import "server-only"; // Next knows it by itself, and builds no client component that has it

/** @throws TypeError always, where a bundler lets it come so far */
export function nextSessions(): never {
  throw new TypeError(
    "Cannot use coatcheck/next in a client component: read the session in a server component, and hand on what is needed",
  );
}

export {
  nextSessions as crossSiteGuard,
  nextSessions as requireFresh,
  nextSessions as requireUser,
};
