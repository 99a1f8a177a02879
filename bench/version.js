// The version of a library as it is installed here; ours, as it stands.

// @ts-check

import { readFileSync } from "node:fs";

/**
 * @param {string} library
 * @returns {string}
 */
export function versionOf(library) {
  const path = library === "coatcheck" ? "../package.json" : `node_modules/${library}/package.json`;
  return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")).version;
}
