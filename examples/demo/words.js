// Times and costs in words.
import { html, plural } from "./html.js";

/** @param {Partial<Omit<import("./meter.js").Cost, "asked">>} cost */
export function describeCost({ reads = 0, writes = 0, index = 0, ms }) {
  if (reads + writes + index === 0) return "no store command";
  const parts = [
    reads > 0 && plural(reads, "read"),
    writes > 0 && plural(writes, "write"),
    index > 0 && plural(index, "index call"),
  ];
  const time = ms !== undefined && `${Math.max(1, Math.round(ms))} ms`;
  return [...parts, time].filter(Boolean).join(", ");
}

/** @param {number} at epoch milliseconds */
export function instant(at) {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${relative(at - Date.now())}</time>
    <span class="quiet">${iso.slice(0, 19).replace("T", " ")} UTC</span>`;
}

/** @param {number} milliseconds from now, negative for the past */
export function relative(milliseconds) {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  if (seconds < 5) return "just now";
  const amount =
    seconds < 60
      ? plural(seconds, "second")
      : seconds < 3600
        ? plural(Math.round(seconds / 60), "minute")
        : seconds < 172_800
          ? plural(Math.round(seconds / 3600), "hour")
          : plural(Math.round(seconds / 86_400), "day");
  return milliseconds < 0 ? `${amount} ago` : `in ${amount}`;
}
