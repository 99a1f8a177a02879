// Before the first fault and after the last one: waits until every instance asks every store, and is answered.

import { setTimeout as sleep } from "node:timers/promises";
import { createTokens, newId } from "../../src/token.ts";
import { pathOf } from "../simulator/app.ts";
import { COOKIE } from "../simulator/tickets.ts";
import { noteOf } from "./recorder.ts";
import { SECRET, type Site } from "./servers.ts";

/** A breaker tries its store again after 7.5 s at the latest; the rest is for a machine that is busy. */
const LATEST_MS = 30_000;

/** @throws when one has not come back */
export async function settle(sites: readonly Site[]): Promise<void> {
  const tokens = createTokens([SECRET], COOKIE);
  const deadline = Date.now() + LATEST_MS;
  await Promise.all(
    sites.map(async (site) => {
      for (;;) {
        // A genuine cookie of a session that never was: nobody has it, and only all together can say so.
        const cookie = `${COOKIE}=${tokens.sign(newId())}`;
        const response = await fetch(site.url + pathOf("load", {}), { headers: { cookie } });
        await response.arrayBuffer();
        const { calls } = noteOf(response);
        const saidNothing = (store: string) =>
          calls.some((call) => call.store === store && call.answer === "null");
        if (response.status === 200 && saidNothing("redis") && saidNothing("sql")) return;
        if (Date.now() > deadline) {
          const told = calls.map(({ store, kind, answer }) => `${store} ${kind}: ${answer}`);
          throw new Error(
            `Instance ${site.name} did not come back: ${response.status}, ${told.join(", ") || "nobody was asked"}`,
          );
        }
        await sleep(200);
      }
    }),
  );
}
