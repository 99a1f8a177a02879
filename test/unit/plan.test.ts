import { expect, test } from "vitest";
import { type Plan, plan } from "../../src/commit.ts";
import type { Origin } from "../../src/state.ts";

const NOW = 1_700_000_000_000;
/** Seconds. Renewal is due after a tenth: 100 s. */
const IDLE = 1_000;
const KEY = "k".repeat(43);

type Kind = Origin["kind"];

const FLAGS = [
  "ended",
  "regenerate",
  "changed",
  "due",
  "prefetch",
  "failed",
  "cookieless",
  "readOnly",
  "cookieCame",
] as const;
type Facts = Record<(typeof FLAGS)[number], boolean>;
const NONE = Object.fromEntries(FLAGS.map((flag) => [flag, false])) as Facts;

function originOf(kind: Kind, seenAt: number): Origin {
  if (kind === "none") return { kind };
  const id = new Uint8Array(32);
  if (kind === "unanswered") return { kind, id, key: KEY };
  if (kind !== "row") return { kind, id, key: KEY, text: null };
  const record = { createdAt: 0, seenAt, flash: new Map(), data: "{}" };
  return { kind, key: KEY, id, text: "text", record };
}

function planOf(kind: Kind, facts: Facts): Plan {
  const { changed, due, failed, cookieless, prefetch, ...rest } = facts;
  const state = { ...rest, isPrefetch: () => prefetch };
  const origin = originOf(kind, due ? NOW - 100_000 : NOW - 99_999);
  return plan({ origin, ...state }, NOW, { changed, failed, cookieless, idleTimeout: IDLE });
}

/** Every combination of the facts, by counting in binary. */
function everyCombination(): Facts[] {
  return Array.from(
    { length: 2 ** FLAGS.length },
    (_, bits) =>
      Object.fromEntries(FLAGS.map((flag, at) => [flag, ((bits >> at) & 1) === 1])) as Facts,
  );
}

/** The same decision in words of the design, most binding first: what plan() must agree with everywhere. */
function expected(kind: Kind, facts: Facts): Plan {
  const { ended, regenerate, changed, due, prefetch, failed, cookieless, readOnly } = facts;
  switch (true) {
    case ended && kind === "none" && facts.cookieCame:
      return "forget";
    case ended && kind === "none":
      return "nothing";
    case ended:
      return "end";
    case failed:
    case readOnly:
    case kind === "unanswered":
      return "nothing";
    case kind === "replaced" && (changed || regenerate):
      return "conflict";
    case kind === "replaced":
      return "nothing";
    case (kind === "none" || kind === "absent") && changed:
      return "create";
    case kind === "none":
    case kind === "absent":
      return "nothing";
    case regenerate:
      return "regenerate";
    case changed && due && !prefetch && !cookieless:
      return "renewing update";
    case changed:
      return "update";
    case due && !prefetch && !cookieless:
      return "renew";
    default:
      return "nothing";
  }
}

test.each<Kind>(["none", "row", "absent", "replaced", "unanswered"])(
  "plan() of %s, in every combination of facts",
  (kind) => {
    for (const facts of everyCombination()) {
      expect(planOf(kind, facts), `${kind} ${JSON.stringify(facts)}`).toBe(expected(kind, facts));
    }
  },
);

test.each<[Kind, Partial<Facts>, Plan]>([
  ["none", {}, "nothing"],
  ["none", { changed: true }, "create"],
  ["none", { regenerate: true }, "nothing"],
  ["none", { ended: true }, "nothing"],
  ["none", { ended: true, cookieCame: true }, "forget"],
  ["none", { changed: true, failed: true }, "nothing"],
  ["none", { changed: true, cookieless: true }, "create"],
  ["absent", { changed: true }, "create"],
  ["absent", { ended: true }, "end"],
  ["row", {}, "nothing"],
  ["row", { changed: true }, "update"],
  ["row", { due: true }, "renew"],
  ["row", { due: true, prefetch: true }, "nothing"],
  ["row", { due: true, cookieless: true }, "nothing"],
  ["row", { due: true, changed: true }, "renewing update"],
  ["row", { due: true, changed: true, prefetch: true }, "update"],
  ["row", { due: true, changed: true, cookieless: true }, "update"],
  ["row", { regenerate: true }, "regenerate"],
  ["row", { regenerate: true, changed: true, due: true }, "regenerate"],
  ["row", { ended: true, regenerate: true, changed: true }, "end"],
  ["row", { ended: true, failed: true }, "end"],
  ["row", { ended: true, cookieless: true }, "end"],
  ["row", { changed: true, failed: true }, "nothing"],
  ["row", { regenerate: true, failed: true }, "nothing"],
  ["row", { due: true, failed: true }, "nothing"],
  ["row", { due: true, readOnly: true }, "nothing"],
  ["replaced", { due: true }, "nothing"],
  ["replaced", { changed: true }, "conflict"],
  ["replaced", { regenerate: true }, "conflict"],
  ["replaced", { changed: true, failed: true }, "nothing"],
  ["replaced", { ended: true }, "end"],
  ["unanswered", { ended: true }, "end"],
  ["unanswered", { ended: true, failed: true }, "end"],
  ["unanswered", { due: true }, "nothing"],
])("%s with %o: %s", (kind, facts, planned) => {
  expect(planOf(kind, { ...NONE, ...facts })).toBe(planned);
});

test("failed and cookieless may be left out", () => {
  const state = { ...NONE, isPrefetch: () => false, origin: originOf("row", NOW - 100_000) };
  expect(plan(state, NOW, { changed: false, idleTimeout: IDLE })).toBe("renew");
});

test("a row that was seen in the future is not due", () => {
  const state = { ...NONE, isPrefetch: () => false, origin: originOf("row", NOW + 5_000) };
  expect(plan(state, NOW, { changed: false, idleTimeout: IDLE })).toBe("nothing");
});
