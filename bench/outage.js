// What an outage of the first store costs a request: p50 and p99 before, while and after it is frozen or refuses, as
// ratios to before, and what it was asked. Run it with `node bench/outage.js` after `npm run build`; needs redis-server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { createSessions, fallbackStore, memoryStore } from "../dist/index.js";
import { redisStore } from "../dist/redis.js";
import { findProgram } from "../scripts/system.js";

const REQUESTS = 2_000;
/** An open breaker asks again after 7.5 s at the latest. */
const RECOVERY_MS = 8_000;

const binary = findProgram("redis-server");
if (binary === null) throw new Error("Cannot measure: redis-server is not installed");
const listener = createServer().listen(0, "127.0.0.1");
await once(listener, "listening");
const { port } = listener.address();
listener.close();
await once(listener, "close");

let server = start();
process.once("exit", () => server.kill("SIGKILL"));

function start() {
  const flags = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  return spawn(binary, flags, { stdio: "ignore" });
}

/** How each outage begins and ends. */
const outages = {
  frozen: [() => server.kill("SIGSTOP"), () => server.kill("SIGCONT")],
  refused: [
    async () => {
      const gone = once(server, "exit");
      server.kill("SIGKILL");
      await gone;
    },
    () => {
      server = start();
    },
  ],
};

/** Requests that begin a session, one after another: the first store that answers takes it. */
async function measure(sessions, asked) {
  const handle = sessions.handler(async (_request, getSession) => {
    const session = await getSession();
    session.data.n = 1;
    return new Response("ok");
  });
  const times = [];
  const before = asked.count;
  let refused = 0;
  for (let at = 0; at < REQUESTS; at++) {
    const from = performance.now();
    const { status } = await handle(new Request("https://shop.example/"));
    times.push(performance.now() - from);
    if (status !== 200) refused++;
  }
  times.sort((a, b) => a - b);
  const quantile = (part) => times[Math.floor(REQUESTS * part)];
  return {
    p50: quantile(0.5),
    p99: quantile(0.99),
    most: times.at(-1),
    refused,
    asked: asked.count - before,
  };
}

for (const [name, [begin, end]] of Object.entries(outages)) {
  const redis = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: 0, retryStrategy: () => 200 });
  redis.on("error", () => {
    // Told by the command that failed.
  });
  const asked = { count: 0 };
  const first = redisStore((command) => {
    asked.count++;
    return redis.call(...command);
  });
  // The second one stands for a database that all instances share.
  const { read, write } = memoryStore();
  const sessions = createSessions({
    secrets: ["the first secret, of more than thirty-two bytes"],
    store: fallbackStore([first, { read, write }]),
  });
  await sleep(500);
  await measure(sessions, asked);
  const rows = { before: await measure(sessions, asked) };
  await begin();
  rows.during = await measure(sessions, asked);
  await end();
  await sleep(RECOVERY_MS);
  rows.after = await measure(sessions, asked);
  console.log(`Redis ${name}, ${REQUESTS} requests each`);
  console.table(
    Object.fromEntries(
      Object.entries(rows).map(([when, { p50, p99, most, refused, asked: commands }]) => [
        when,
        {
          "p50 to before": Number((p50 / rows.before.p50).toFixed(2)),
          "p99 to before": Number((p99 / rows.before.p99).toFixed(2)),
          "slowest, ms": Math.round(most),
          "answers of 503": refused,
          "commands of Redis": commands,
        },
      ]),
    ),
  );
  redis.disconnect();
}
server.kill("SIGKILL");
