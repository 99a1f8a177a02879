// This machine's clock beside another's.

import type { Finding } from "./finding.ts";

/** A moment of another clock, and between which of ours it was asked. Epoch milliseconds. */
export interface Moment {
  readonly at: number;
  readonly askedAt: number;
  readonly answeredAt: number;
  /** How coarse that clock is: 1000 for the `Date` of HTTP. */
  readonly grainMs?: number;
}

/** More than networks and coarse clocks explain. */
const LIMIT_MS = 5_000;

/** Asks for a moment. */
export async function momentOf(ask: () => Promise<number>, grainMs = 1): Promise<Moment> {
  const askedAt = Date.now();
  const at = await ask();
  return { at, askedAt, answeredAt: Date.now(), grainMs };
}

/** How far the other clock is ahead, in milliseconds; 0 where it may be the same. */
export function skewOf({ at, askedAt, answeredAt, grainMs = 1 }: Moment): number {
  if (at > answeredAt) return at - answeredAt;
  const latest = at + grainMs;
  return latest < askedAt ? latest - askedAt : 0;
}

export function clockFinding(check: string, whose: string, moment: Moment): Finding {
  const skewMs = skewOf(moment);
  const details = { skewMs };
  if (Math.abs(skewMs) <= LIMIT_MS) {
    return { check, status: "ok", message: `this machine's clock agrees with ${whose}`, details };
  }
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return {
    check,
    status: "warning",
    message: `this machine's clock is ${seconds} s ${skewMs > 0 ? "behind" : "ahead of"} ${whose}`,
    why: "sessions end that much sooner or later, and cachedStore may accept an ended session that much longer",
    mend: "keep clocks in step with NTP (timedatectl set-ntp true)",
    details,
  };
}
