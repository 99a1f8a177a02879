// What a cold start costs: importing `coatcheck` and `coatcheck/redis` in a fresh process, against importing nothing
// and against the official client. Run it with `node bench/start.js` after `npm run build`. Ratios of medians.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROUNDS = 21;
const contenders = {
  "coatcheck + coatcheck/redis": ["../dist/index.js", "../dist/redis.js"],
  "@upstash/redis": ["@upstash/redis"],
};

/** Milliseconds that the imports take, as the process itself measures them. */
function time(specifiers) {
  const urls = specifiers.map((specifier) => import.meta.resolve(specifier));
  const code = `const t = performance.now();
    for (const url of ${JSON.stringify(urls)}) await import(url);
    console.log(performance.now() - t);`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", code],
    { encoding: "utf8", cwd: fileURLToPath(new URL("..", import.meta.url)) },
  );
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, specifiers] of Object.entries(contenders)) {
    const taken = time(specifiers);
    // The first round fills the file cache.
    if (round > 0) times[name].push(taken);
  }
}
const [ours] = Object.values(times).map(median);
console.log(`Node ${process.versions.node}, medians of ${ROUNDS} fresh processes`);
for (const [name, values] of Object.entries(times)) {
  const middle = median(values);
  console.log(
    `${name.padEnd(30)} ${middle.toFixed(1)} ms (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}), ${(middle / ours).toFixed(2)} of ours`,
  );
}
