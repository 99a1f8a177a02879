// What was measured, as a picture: `node bench/plot.js results.json docs/performance.svg`, of what `npm run bench --
// --json results.json` has written. Bars of those who keep sessions in a store; text is text, for whoever cannot see it.

// @ts-check

import { readFileSync, writeFileSync } from "node:fs";
import { isMain } from "../scripts/system.js";
import { WORKS } from "./stopwatch.js";

/**
 * @typedef {import("./report.js").Result} Result
 *
 * @typedef {object} Measured
 * @property {{ node: string, cpu: string, cores: number }} machine
 * @property {number} rounds
 * @property {readonly Result[]} results
 *
 * @typedef {object} Bar
 * @property {string} name
 * @property {boolean} isOurs
 * @property {number} value
 * @property {string} told the value as it is written beside the bar
 * @property {import("./report.js").Quartiles} [quartiles]
 *
 * @typedef {object} Group
 * @property {string} title
 * @property {readonly Bar[]} bars the longest first
 */

const WIDTH = 880;
const MARGIN = 20;
/** Where bars begin: names end before it. */
const LEFT = 240;
/** Where the longest ends: its value stands behind it. */
const RIGHT = 800;
const TOP = 92;
const ROW = 18;
const BAR = 12;
const GAP = 34;
const PARALLEL = 50;

const TITLE = "How fast sessions are, beside the least that the work takes";
const KEY = "Times as fast as the floor, hand-written for this work alone: median and quartiles.";
const LEFT_TITLE = `left of ${PARALLEL} parallel writes (counter++)`;

// A ground of its own: a page may be dark where the reader's system is light.
const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1f2328 }
  .title { font-size: 17px; font-weight: 600 }
  .group { font-size: 14px; font-weight: 600 }
  .quiet { fill: #59636e }
  .name { text-anchor: end }
  .tick { text-anchor: middle; fill: #59636e }
  .value { stroke: #fff; stroke-width: 4px; paint-order: stroke }
  .ours { font-weight: 600 }
  .ground { fill: #fff; stroke: #d1d9e0 }
  .bar { fill: #b7c0ca }
  .bar.ours { fill: #0969da }
  .grid { stroke: #d1d9e0; stroke-dasharray: 1 3 }
  .floor { stroke: #bc4c00; stroke-width: 1.5; stroke-dasharray: 5 3 }
  .spread { stroke: #1f2328 }
  text.floor { fill: #bc4c00; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet, .tick { fill: #9198a1 }
    .value { stroke: #0d1117 }
    .ground { fill: #0d1117; stroke: #3d444d }
    .bar { fill: #535c68 }
    .bar.ours { fill: #388bfd }
    .grid { stroke: #3d444d }
    .floor { stroke: #f0883e }
    .spread { stroke: #e6edf3 }
    text.floor { fill: #f0883e }
  }
`;

/**
 * @param {Measured} measured
 * @returns {string} an SVG
 */
export function plot({ machine, rounds, results }) {
  const stored = results.filter(({ keeps, isFloor }) => keeps === "store" && !isFloor);
  const speeds = WORKS.map((work) => speedsOf(stored, work));
  const left = leftOf(stored);
  const ends = speeds.flatMap(({ bars }) => bars.map(({ quartiles }) => quartiles?.high ?? 0));
  const most = Math.ceil(Math.max(1, ...ends) * 2) / 2;
  const bottom = TOP + speeds.reduce((height, group) => height + heightOf(group), 0);
  const height = bottom + GAP + heightOf(left) - ROW / 2;
  const told = `Node ${machine.node}, ${machine.cpu}, ${machine.cores} cores, ${rounds} rounds.`;
  const described = [KEY, ...[...speeds, left].map(describe), told].join(" ");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escape(TITLE)}</title>`,
    `<desc id="desc">${escape(described)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    text("title", MARGIN, 32, TITLE),
    text("quiet", MARGIN, 52, `${KEY} ${told}`),
    ...axis(most, bottom),
    line("floor", placeOf(1, most), TOP - 8, placeOf(1, most), bottom - GAP / 2),
    ...drawGroups(speeds, TOP, most),
    ...drawGroups([left], bottom + GAP / 2, PARALLEL),
    "</svg>\n",
  ].join("\n");
}

/**
 * @param {readonly Result[]} results
 * @param {import("./stopwatch.js").Work} work
 * @returns {Group}
 */
function speedsOf(results, work) {
  const bars = results.flatMap((result) => {
    const quartiles = result.works[work]?.ratios.wall;
    if (quartiles === undefined) return [];
    const { median: value } = quartiles;
    return [{ ...barOf(result), value, told: value.toFixed(2), quartiles }];
  });
  return { title: work, bars: bars.toSorted((a, b) => b.value - a.value) };
}

/**
 * @param {readonly Result[]} results
 * @returns {Group}
 */
function leftOf(results) {
  const bars = results.flatMap((result) => {
    const value = result.left?.counted;
    return value === undefined ? [] : [{ ...barOf(result), value, told: String(value) }];
  });
  return { title: LEFT_TITLE, bars: bars.toSorted((a, b) => b.value - a.value) };
}

/** @param {Result} result */
function barOf({ name, version, speaks, isOurs }) {
  return { name: `${name} ${version}${speaks === "Node" ? ", on Node" : ""}`, isOurs };
}

/** @param {Group} group */
function describe({ title, bars }) {
  return `${title}: ${bars.map(({ name, told }) => `${name}: ${told}`).join("; ")}.`;
}

/** @param {Group} group */
function heightOf({ bars }) {
  return GAP + bars.length * ROW;
}

/**
 * @param {number} most
 * @param {number} bottom
 */
function axis(most, bottom) {
  const at = Array.from({ length: Math.floor(most) + 1 }, (_, value) => value);
  return at.flatMap((value) => {
    const x = placeOf(value, most);
    if (value === 1) return [text("tick floor", x, TOP - 14, "floor 1.00")];
    const label = text("tick", x, TOP - 14, String(value));
    return [label, line("grid", x, TOP - 8, x, bottom - GAP / 2)];
  });
}

/**
 * @param {readonly Group[]} groups one below the other
 * @param {number} top
 * @param {number} most what the longest bar could say
 */
function drawGroups(groups, top, most) {
  let y = top;
  return groups.flatMap((group) => {
    const drawn = drawGroup(group, y, most);
    y += heightOf(group);
    return drawn;
  });
}

/**
 * @param {Group} group
 * @param {number} top
 * @param {number} most
 */
function drawGroup({ title, bars }, top, most) {
  return [
    text("group", MARGIN, top + 12, title),
    ...bars.flatMap(({ name, isOurs, value, told, quartiles }, at) => {
      const y = top + 20 + at * ROW;
      const middle = y + BAR / 2;
      const base = middle + 4;
      const ours = isOurs ? " ours" : "";
      const length = round(placeOf(value, most) - LEFT);
      const end = placeOf(Math.max(value, quartiles?.high ?? 0), most);
      return [
        text(`name${ours}`, LEFT - 8, base, name),
        `<rect class="bar${ours}" x="${LEFT}" y="${y}" width="${length}" height="${BAR}"/>`,
        ...(quartiles ? drawSpread(quartiles, middle, most) : []),
        text(`value${ours}`, end + 6, base, told),
      ];
    }),
  ];
}

/**
 * @param {import("./report.js").Quartiles} quartiles
 * @param {number} y
 * @param {number} most
 */
function drawSpread({ low, high }, y, most) {
  const [from, to] = [placeOf(low, most), placeOf(high, most)];
  return [`<path class="spread" d="M${from} ${y}H${to}M${from} ${y - 3}v6M${to} ${y - 3}v6"/>`];
}

/**
 * @param {number} value
 * @param {number} most
 */
function placeOf(value, most) {
  return round(LEFT + (value / most) * (RIGHT - LEFT));
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/**
 * @param {string} kind
 * @param {number} x
 * @param {number} y
 * @param {string} content
 */
function text(kind, x, y, content) {
  return `<text class="${kind}" x="${round(x)}" y="${y}">${escape(content)}</text>`;
}

/**
 * @param {string} kind
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 */
function line(kind, x1, y1, x2, y2) {
  return `<path class="${kind}" d="M${x1} ${y1}L${x2} ${y2}"/>`;
}

/** @param {string} content */
function escape(content) {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

if (isMain(import.meta.url)) {
  const [from, to] = process.argv.slice(2);
  if (from === undefined || to === undefined) {
    console.error("Usage: node bench/plot.js results.json docs/performance.svg");
    process.exitCode = 2;
  } else {
    writeFileSync(to, plot(JSON.parse(readFileSync(from, "utf8"))));
  }
}
