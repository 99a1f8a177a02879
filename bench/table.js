// Text in columns, and what stands in a cell.

// @ts-check

/** Where there is nothing to say. */
export const NONE = "-";

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

/** @param {import("./report.js").Quartiles | undefined} quartiles */
export function spread(quartiles) {
  if (quartiles === undefined) return NONE;
  const [low, median, high] = [quartiles.low, quartiles.median, quartiles.high].map((each) =>
    each.toFixed(2),
  );
  return `${median} (${low} to ${high})`;
}
