// How near the floor one can come without a cookie: what the headers that keep a response out of shared caches take of
// the platform, on the floor itself. `node bench/least.js`, some seconds.

// @ts-check

import { contender as coatcheck } from "./contenders/coatcheck.js";
import { contender as floor } from "./contenders/floor.js";
import { ratiosOf, takeTurns } from "./rounds.js";
import { createStopwatch } from "./stopwatch.js";
import { spread, table } from "./table.js";

/**
 * The floor, with what every response says whose handler has asked for the session.
 * @param {string} name
 * @param {(response: Response) => boolean} isFree whether the response may be changed in place
 * @returns {typeof floor}
 */
function marked(name, isFree) {
  return {
    ...floor,
    name,
    async create(rows, data) {
      const routes = await floor.create(rows, data);
      return {
        ...routes,
        async read(request) {
          const response = await routes.read(request);
          if (!isFree(response)) throw new Error("The response is somebody else's");
          const { headers } = response;
          if (!headers.has("Cache-Control")) headers.set("Cache-Control", "private");
          if (headers.get("Vary") === null) headers.set("Vary", "Cookie");
          return response;
        },
      };
    },
  };
}

const CONTENDERS = [
  floor,
  marked("floor, private and Vary", () => true),
  marked("the same, where it is free", ({ body }) => body?.locked === false),
  coatcheck,
];

const stopwatches = [];
for (const contender of CONTENDERS) stopwatches.push(await createStopwatch(contender, "anonymous"));
const taken = await takeTurns({ rounds: 101, seconds: 30 }, stopwatches, async (time) => {
  const { wall } = (await time?.(20)) ?? { wall: NaN };
  return wall;
});
const [base = []] = taken;
const rows = CONTENDERS.map(({ name }, at) => [name, spread(ratiosOf(base, taken[at]))]);
console.log("Anonymous, times as fast as the floor: median of the rounds and quartiles");
console.log(table(["", ""], rows));
