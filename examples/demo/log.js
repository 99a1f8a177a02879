// The last few lines of what happened, for the page to show.

/** @typedef {import("./meter.js").Cost} Cost */
/** @typedef {{ text: string, times: number } & Partial<Omit<Cost, "asked">>} Line what repeats is counted, not written again */

const LIMIT = 6;

/**
 * Newest first; what repeats the newest line is counted on it, with its cost.
 *
 * @param {Line[]} log
 * @param {string} text
 * @param {Cost} [cost]
 */
export function note(log, text, cost) {
  const newest = log[0];
  const isRepeated = newest?.text === text;
  const line = isRepeated ? newest : { text, times: 0 };
  line.times++;
  if (cost) {
    line.reads = (line.reads ?? 0) + cost.reads;
    line.writes = (line.writes ?? 0) + cost.writes;
    line.index = (line.index ?? 0) + cost.index;
    // The slowest says what the others waited at most.
    line.ms = Math.max(line.ms ?? 0, cost.ms ?? 0);
  }
  if (isRepeated) return;
  log.unshift(line);
  log.length = Math.min(log.length, LIMIT);
}
