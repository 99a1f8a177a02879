// What the library's work may cost, and whether it does.

// @ts-check

import { WORKS } from "./stopwatch.js";

/**
 * @typedef {import("./stopwatch.js").Work} Work
 * @typedef {import("./faraway.js").Calls} Calls
 *
 * @typedef {object} Price
 * @property {number} bytes allocated for each request
 * @property {number} ratio times as cheap as the floor, in time of the processor
 *
 * @typedef {object} Figures
 * @property {string} node the version that was measured on
 * @property {Partial<Record<Work, Calls>>} calls
 * @property {{ keys: number, counted: number } | undefined} left of 50 writes at once
 * @property {Record<Work, Price>} prices
 */

/** Calls of the store, each after the one before. These are promised: no figure is set anew here. */
const CALLS = { read: 1, write: 2, anonymous: 0, forged: 0, "sign in": 3 };
const LEFT = 50;

// At most so many bytes, at least that ratio. Another major version of Node allocates otherwise, and is not judged.
// What `node bench/gate.js --limits` prints:
const SET_ON = "20.20.2";
const LIMITS = {
  read: { bytes: 29_600, ratio: 0.83 },
  write: { bytes: 45_100, ratio: 0.57 },
  anonymous: { bytes: 12_100, ratio: 0.23 },
  forged: { bytes: 18_000, ratio: 1 },
  "sign in": { bytes: 66_800, ratio: 0.4 },
};
const MEND =
  "If that is meant, node bench/gate.js --limits prints what is to stand in bench/limits.js";

/** Above what was measured: runs differ by 2 %, and one JSON.parse of the data more is 10 % of a read. */
const SLACK = 1.08;
/** Of the ratio that was measured: others use the machine, too, and on another the floor's hop may be shorter. */
const SHARE = 0.35;

/**
 * @param {Figures} figures
 * @returns {string[]} what is dearer than it may be, a sentence each
 */
export function findFaults({ node, calls, left, prices }) {
  const faults = WORKS.flatMap((work) => faultsOfCalls(work, calls[work]));
  if (left?.keys !== LEFT || left.counted !== LEFT) {
    faults.push(
      `Of ${LEFT} writes at once ${left?.keys} keys and ${left?.counted} counts are left`,
    );
  }
  const dear = isJudged(node) ? WORKS.flatMap((work) => faultsOfPrice(work, prices[work])) : [];
  return dear.length === 0 ? faults : [...faults, ...dear, MEND];
}

/**
 * @param {Work} work
 * @param {Calls | undefined} found
 */
function faultsOfCalls(work, found) {
  const promised = CALLS[work];
  const { calls, roundTrips, unawaited } = found ?? { calls: NaN, roundTrips: NaN, unawaited: NaN };
  if (calls === promised && roundTrips === promised && unawaited === 0) return [];
  const told = `${calls} calls of the store in ${roundTrips} round trips, ${unawaited} not awaited`;
  return [`${work} takes ${told}: ${promised} are promised`];
}

/**
 * @param {Work} work
 * @param {Price} price
 */
function faultsOfPrice(work, { bytes, ratio }) {
  const limit = LIMITS[work];
  const faults = [];
  if (bytes > limit.bytes) {
    const more = `${grouped(bytes - limit.bytes, ",")} more than its limit`;
    faults.push(`${work} allocates ${grouped(bytes, ",")} bytes, ${more} (set on Node ${SET_ON})`);
  }
  if (ratio < limit.ratio) {
    const less = `its limit is ${limit.ratio} (set on Node ${SET_ON})`;
    faults.push(`${work} is ${ratio.toFixed(2)} times as cheap as the floor, ${less}`);
  }
  return faults;
}

/** @param {Figures} figures */
export function formatFigures({ node, calls, left, prices }) {
  const lines = WORKS.map((work) => {
    const { bytes, ratio } = prices[work];
    const limit = LIMITS[work];
    const cells = [
      `  ${work.padEnd(9)}  ${calls[work]?.calls} calls`,
      `${grouped(bytes, ",").padStart(7)} bytes (limit ${grouped(limit.bytes, ",")})`,
      `${ratio.toFixed(2)} of the floor (limit ${limit.ratio})`,
    ];
    return cells.join("  ");
  });
  const judged = isJudged(node) ? "" : ", so bytes and ratios are not judged";
  return [
    `on Node ${node}, limits set on ${SET_ON}${judged}`,
    ...lines,
    `  of ${LEFT} writes at once ${left?.keys} keys and ${left?.counted} counts are left`,
  ].join("\n");
}

/**
 * The limits as they are to stand in this file.
 * @param {Figures} figures
 */
export function formatLimits({ node, prices }) {
  const lines = WORKS.map((work) => {
    const { bytes, ratio } = prices[work];
    const name = work.includes(" ") ? `"${work}"` : work;
    const limit = grouped(Math.ceil((bytes * SLACK) / 100) * 100, "_");
    return `  ${name}: { bytes: ${limit}, ratio: ${Number((ratio * SHARE).toFixed(2))} },`;
  });
  return [`const SET_ON = "${node}";`, "const LIMITS = {", ...lines, "};"].join("\n");
}

/** @param {string} node */
function isJudged(node) {
  return majorOf(node) === majorOf(SET_ON);
}

/** @param {string} version */
function majorOf(version) {
  return version.split(".", 1)[0];
}

/**
 * @param {number} value
 * @param {string} separator of thousands
 */
function grouped(value, separator) {
  return value.toLocaleString("en").replaceAll(",", separator);
}
