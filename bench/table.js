// Figures as text: medians with their quartiles, rows under a head.

// @ts-check

/**
 * @typedef {object} Quartiles
 * @property {number} low
 * @property {number} median
 * @property {number} high
 */

export const NONE = "-";

/**
 * @param {readonly number[]} values
 * @returns {Quartiles}
 */
export function quartilesOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  // Outwards, so that few values seem no closer together than they are.
  return {
    low: sorted[Math.floor(last * 0.25)] ?? NaN,
    median: sorted[Math.round(last * 0.5)] ?? NaN,
    high: sorted[Math.ceil(last * 0.75)] ?? NaN,
  };
}

/** @param {Quartiles | undefined} quartiles */
export function spread(quartiles) {
  if (quartiles === undefined) return NONE;
  const { low, median, high } = quartiles;
  return `${short(median)} (${short(low)} to ${short(high)})`;
}

/**
 * Three digits that count, without an exponent.
 * @param {number} value
 */
export function short(value) {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => (row[at] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
