// Findings for people. Colours only where a terminal shows them: Node's own rules, NO_COLOR and FORCE_COLOR included.

import { styleText } from "node:util";
import { exitCodeOf, type Finding, jsonOf, type Status } from "./finding.ts";

type Colour = Parameters<typeof styleText>[0];

const SIGNS: Readonly<Record<Status, readonly [sign: string, colour: Colour]>> = {
  ok: ["✓", "green"],
  warning: ["!", "yellow"],
  wrong: ["✗", "red"],
  unknown: ["?", "magenta"],
  skipped: ["-", "dim"],
};

const VERDICTS = ["All is well", "Something is wrong", "Not everything could be checked"] as const;

/** One line for each finding: sign, name, what was found; why and mend on lines of their own below it. */
export function printFinding({ check, status, message, why, mend }: Finding): string {
  const [sign, colour] = SIGNS[status];
  const lines = [`${paint(colour, sign)} ${paint("bold", check)}: ${message}`];
  if (why !== undefined) lines.push(`    ${paint("dim", "why:")} ${why}`);
  if (mend !== undefined) lines.push(`    ${paint("dim", "mend:")} ${mend}`);
  return lines.join("\n");
}

/** The last line. */
export function printSummary(findings: readonly Finding[]): string {
  const { summary } = jsonOf(findings);
  const counts = (["ok", "warning", "wrong", "unknown", "skipped"] as const)
    .filter((status) => summary[status] > 0)
    .map((status) => `${summary[status]} ${status}`);
  return `\n${VERDICTS[exitCodeOf(findings)]}: ${counts.join(", ")}`;
}

function paint(colour: Colour, text: string): string {
  return styleText(colour, text, { stream: process.stdout });
}
