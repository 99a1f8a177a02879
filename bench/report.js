// What was measured, as tables, and beside it what we want to reach.

// @ts-check

import { WORKS } from "./stopwatch.js";
import { NONE, quartilesOf, spread, table } from "./table.js";

/**
 * @typedef {import("./stopwatch.js").Work} Work
 * @typedef {import("./stopwatch.js").Taken} Taken
 *
 * @typedef {import("./table.js").Quartiles} Quartiles
 *
 * @typedef {object} Comparison
 * @property {readonly Taken[]} taken in each round
 * @property {Record<keyof Taken, Quartiles>} micros
 * @property {Record<keyof Taken, Quartiles>} ratios times as fast, or as cheap, as the floor in the same round
 *
 * @typedef {object} Result
 * @property {string} name
 * @property {string} version
 * @property {"store" | "cookie"} keeps
 * @property {boolean} unsigned
 * @property {"Web" | "Node"} speaks
 * @property {boolean} isFloor
 * @property {boolean} isOurs
 * @property {Partial<Record<Work, Comparison>>} works
 * @property {Partial<Record<Work, import("./faraway.js").Calls>> | undefined} calls
 * @property {{ keys: number, counted: number } | undefined} left
 */

/** Times as fast as the floor that we want to be at least. */
const SPEEDS = { read: 1.8, write: 1.4, anonymous: 0.95, forged: 2, "sign in": 1.6 };

/**
 * What we want to be at least as good at, and where to find it.
 * @type {readonly Count[]}
 *
 * @typedef {object} Count
 * @property {string} name
 * @property {readonly number[]} bar
 * @property {(...values: number[]) => number} best
 * @property {(result: Result) => readonly (number | undefined)[]} valuesOf
 */
const COUNTS = [
  {
    name: "store calls, forged",
    bar: [0],
    best: Math.min,
    valuesOf: ({ calls }) => [calls?.forged?.calls],
  },
  {
    name: "round trips: read / write / sign in",
    bar: [1, 2, 3],
    best: Math.min,
    valuesOf: ({ calls }) =>
      /** @type {const} */ (["read", "write", "sign in"]).map((work) => tripsOf(calls?.[work])),
  },
  {
    name: "left of 50 writes: keys / counter++",
    bar: [50, 50],
    best: Math.max,
    valuesOf: ({ left }) => [left?.keys, left?.counted],
  },
];

/**
 * @param {readonly Taken[]} taken in each round
 * @param {readonly Taken[]} floor in the same rounds
 * @returns {Comparison}
 */
export function compare(taken, floor) {
  /** @param {keyof Taken} kind */
  const microsOf = (kind) => quartilesOf(taken.map((each) => each[kind]));
  /** @param {keyof Taken} kind */
  const ratiosOf = (kind) =>
    quartilesOf(taken.map((each, round) => (floor[round]?.[kind] ?? NaN) / each[kind]));
  return {
    taken,
    micros: { wall: microsOf("wall"), cpu: microsOf("cpu") },
    ratios: { wall: ratiosOf("wall"), cpu: ratiosOf("cpu") },
  };
}

/** @param {readonly Result[]} results */
export function formatRatios(results) {
  return [
    "Times as fast as the floor, a store in process: median of the rounds and quartiles; of the floor itself its time",
    comparisonOf(results, "wall"),
  ].join("\n");
}

/** @param {readonly Result[]} results */
export function formatCosts(results) {
  return ["The same in time of the processor, of all threads", comparisonOf(results, "cpu")].join(
    "\n",
  );
}

/**
 * @param {readonly Result[]} results
 * @param {keyof Taken} kind
 */
function comparisonOf(results, kind) {
  const rows = results.map(({ name, version, keeps, speaks, isFloor, works }) => [
    `${name} ${version}`.trim(),
    keeps,
    speaks,
    ...WORKS.map((work) => {
      const found = works[work];
      if (found === undefined) return NONE;
      return isFloor ? `${found.micros[kind].median.toFixed(1)} µs` : spread(found.ratios[kind]);
    }),
  ]);
  return table(["", "data in", "on", ...WORKS], rows);
}

/** @param {readonly Result[]} results */
export function formatCalls(results) {
  const rows = results.flatMap(({ name, calls, left }) => {
    if (calls === undefined) return [];
    const counted = WORKS.map((work) => {
      const found = calls[work];
      if (found === undefined) return NONE;
      const { roundTrips, unawaited } = found;
      return unawaited === 0 ? String(roundTrips) : `${roundTrips} and ${unawaited} not awaited`;
    });
    return [[name, ...counted, left ? `${left.keys} / ${left.counted}` : NONE]];
  });
  return [
    "Round trips to a store 5 ms away, and what is left of 50 writes at once: of keys / of counter++",
    table(["", ...WORKS, "left"], rows),
  ].join("\n");
}

/**
 * What we want to reach, beside what there is: our first contender, and the best of those who keep sessions in a store
 * and speak Web requests. Of what is weighed, the best of all.
 * @param {readonly Result[]} results
 * @param {import("./weight.js").Weight} [weight]
 */
export function formatBar(results, weight) {
  const ours = results.find(({ isOurs }) => isOurs);
  if (ours === undefined) return "";
  const peers = results.filter(
    ({ isFloor, isOurs, keeps, speaks }) =>
      !isFloor && !isOurs && keeps === "store" && speaks === "Web",
  );
  const signed = peers.filter(({ unsigned }) => !unsigned);
  const speeds = WORKS.map((work) => {
    const ratio = ours.works[work]?.ratios.wall;
    const bar = SPEEDS[work];
    const peer = [bestOf(peers, work), bestOf(signed, work)];
    return [work, ...peer, spread(ratio), bar.toFixed(2), verdict((ratio?.median ?? 0) >= bar)];
  });
  const counts = COUNTS.map(({ name, bar, best, valuesOf }) => {
    const own = valuesOf(ours);
    const isMet = bar.every((least, at) => own[at] === best(own[at] ?? NaN, least));
    const peer = bar.map((_, at) => {
      const values = signed.flatMap((each) => valuesOf(each)[at] ?? []);
      return values.length === 0 ? NONE : best(...values);
    });
    return [name, "", peer.join(" / "), own.join(" / "), bar.join(" / "), verdict(isMet)];
  });
  return [
    "The bar: ours beside the best of those who keep sessions in a store and speak Web requests",
    table(
      ["", "best", "best that signs", "ours", "bar", ""],
      [...speeds, ...counts, ...weightsOf(weight)],
    ),
  ].join("\n");
}

/**
 * @param {import("./weight.js").Weight | undefined} weight ours comes first in its lists
 * @returns {string[][]}
 */
function weightsOf(weight) {
  if (weight === undefined) return [];
  const imports = weight.imports.filter(({ counted }) => counted !== "client alone");
  const weighed = [
    {
      name: "KB, minified and gzipped",
      barOf: () => 8,
      of: imports.map(({ name, bytes }) => ({ name, value: bytes / 1000 })),
    },
    {
      name: "ms of a cold import; half the best's",
      /** @param {number} best */
      barOf: (best) => best / 2,
      of: imports.map(({ name, cold }) => ({ name, value: cold.micros.wall.median / 1000 })),
    },
    {
      name: "MB of heap, 10,000 sessions",
      barOf: () => 24,
      of: weight.heaps.map(({ name, bytes }) => ({ name, value: bytes / 1e6 })),
    },
  ];
  return weighed.map(({ name, barOf, of: [ours, ...others] }) => {
    const peers = others.filter((other) => !other.name.startsWith("coatcheck"));
    const [best] = peers.toSorted((a, b) => a.value - b.value);
    const value = ours?.value ?? NaN;
    const told = best ? `${best.value.toFixed(1)} ${best.name}` : NONE;
    const bar = barOf(best?.value ?? NaN);
    const asked = Number.isNaN(bar) ? NONE : bar.toFixed(1);
    return [name, told, "", value.toFixed(1), asked, verdict(value <= bar)];
  });
}

/**
 * @param {readonly Result[]} peers
 * @param {Work} work
 */
function bestOf(peers, work) {
  const [best] = peers
    .map(({ name, works }) => ({ name, median: works[work]?.ratios.wall.median ?? 0 }))
    .toSorted((a, b) => b.median - a.median);
  return best ? `${best.median.toFixed(2)} ${best.name}` : NONE;
}

/** @param {boolean} isMet */
function verdict(isMet) {
  return isMet ? "met" : "NOT MET";
}

/**
 * The round trips where the answer has waited for every call: without that they are none that one could compare.
 * @param {import("./faraway.js").Calls | undefined} calls
 */
function tripsOf(calls) {
  return calls?.unawaited === 0 ? calls.roundTrips : undefined;
}
