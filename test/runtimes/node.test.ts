// The same cases inside vitest, on the Node that runs it, from the sources.

import { afterAll, beforeAll, test } from "vitest";
import { describeWithRedis } from "../support/needs.ts";
import { type StartedWorld, startWorld } from "../support/world.ts";
import { cases } from "./cases.ts";

describeWithRedis(`Node ${process.versions.node}`, () => {
  let started: StartedWorld;

  beforeAll(async () => {
    started = await startWorld();
  });

  afterAll(() => started?.stop());

  for (const { name, run } of cases) test(name, () => run(started.world));
});
