// The one way in which sessions end: swap the row for a mark, and follow marks that lead on.

import { type Context, refOf } from "./context.ts";
import { StoreError } from "./errors.ts";
import { decodeRecord, encodeRecord, type Mark } from "./record.ts";
import type { Origin } from "./state.ts";
import { DEADLINE_MS, MARK_MS } from "./write.ts";

/**
 * Ends the session that stands, or stood, at `origin`, and whatever it was moved to. Resolves once the store has
 * confirmed it: then no cookie of it opens anything, on any machine (R29, R30).
 *
 * @throws StoreError when the store cannot confirm it
 */
export async function end<Data extends object>(
  { store, report }: Context<Data>,
  origin: Origin,
): Promise<void> {
  if (origin.kind === "none") return;
  const mark = encodeRecord({ moved: null });
  const deadline = Date.now() + DEADLINE_MS;
  let { key } = origin;
  // Where no session was read nothing is expected: the swap then answers what stands there, so that a mark is
  // followed and not written over; or it marks the empty place, where a lagging replica had said "nothing".
  let expected = origin.kind === "replaced" ? null : origin.text;
  while (Date.now() <= deadline) {
    const swap = await store.write(key, mark, Date.now() + MARK_MS, expected);
    const current = swap.swapped ? null : swap.current;
    const { moved = key } = (decodeRecord(current ?? mark) ?? {}) as Partial<Mark>;
    if (moved === null) return report({ type: "destroyed", ref: refOf(origin.key) });
    expected = moved === key ? current : null;
    key = moved;
  }
  throw new StoreError("unknown", "Cannot end session: others write to it without pause");
}
