// What one token costs: HMAC-SHA-256 of 60 bytes and SHA-256 of 32, by WebCrypto and by @noble/hashes.
// Run it with `node`, `bun` or `deno run -A`. In a worker the clock stands still during work: there the
// caller sends requests to `serve` and hands its own stopwatch to `measure`.
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";

const secret = new Uint8Array(32).fill(7);
const message = new Uint8Array(60).fill(3);
const id = new Uint8Array(32).fill(5);

/** Made on first use, since a worker refuses such work while the module loads. */
let cryptoKey;
let keyed;

/** Each answers the hash of `bytes`. The library keeps what can be kept: the CryptoKey, the key's two blocks. */
const hmacs = {
  "hmac subtle": async (bytes) => {
    cryptoKey ??= await crypto.subtle.importKey(
      "raw",
      secret,
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    return new Uint8Array(await crypto.subtle.sign("HMAC", cryptoKey, bytes));
  },
  "hmac noble, key kept": (bytes) => {
    keyed ??= hmac.create(sha256, secret);
    return keyed.clone().update(bytes).digest();
  },
  "hmac noble, plain": (bytes) => hmac(sha256, secret, bytes),
};
const hashes = {
  "sha256 subtle": async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)),
  "sha256 noble": (bytes) => sha256(bytes),
};
const cases = { ...hmacs, ...hashes };

/** Runs one case `times` times, each on other bytes, and answers a byte of all results, so that none is optimized away. */
export async function run(name, times) {
  const bytes = (name in hmacs ? message : id).slice();
  const isAsync = name.includes("subtle");
  let sum = 0;
  for (let i = 0; i < times; i++) {
    bytes[i & 31] = i;
    const out = isAsync ? await cases[name](bytes) : cases[name](bytes);
    sum ^= out[0];
  }
  return sum;
}

/** Microseconds per call: the first one, then the median of batches that take turns. `time(name, times)` answers milliseconds. */
export async function measure(time, { batches = 41, size = 2000, warmup = 5 } = {}) {
  const names = Object.keys(cases);
  const first = {};
  for (const name of names) first[name] = (await time(name, 1)) * 1000;
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let batch = -warmup; batch < batches; batch++) {
    for (const name of names) {
      const each = ((await time(name, size)) * 1000) / size;
      if (batch >= 0) samples[name].push(each);
    }
  }
  const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
  return names.map((name) => {
    const subtle = median(samples[name in hmacs ? "hmac subtle" : "sha256 subtle"]);
    const each = median(samples[name]);
    const round = (value) => Number(value.toPrecision(3));
    return {
      case: name,
      "µs each": round(each),
      "times faster than subtle": round(subtle / each),
      "first call µs": round(first[name]),
    };
  });
}

async function stopwatch(name, times) {
  const start = performance.now();
  await run(name, times);
  return performance.now() - start;
}

/** For a worker: `/?run=hmac+subtle&n=2000`. */
export async function serve(request) {
  const query = new URL(request.url).searchParams;
  return new Response(String(await run(query.get("run"), Number(query.get("n")))));
}

async function main() {
  const { deno, bun, node } = process.versions;
  console.log(deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`);
  console.table(await measure(stopwatch));
}

if (globalThis.process?.argv?.[1]?.endsWith("hash.js")) void main();
