// Who comes: browsers with several tabs, thieves with old cookies, and at the end everybody once more.

import type { Asked, Operation } from "./history.ts";
import { pathOf } from "./app.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { COOKIE, createTickets } from "./tickets.ts";
import type { Instance, World } from "./world.ts";
import { cookieJar, type Jar } from "../support/jar.ts";

export interface Browser {
  readonly name: string;
  readonly jar: Jar;
}

export interface Crowd {
  /** Everything that was asked and answered so far. */
  readonly operations: Operation[];
  readonly browsers: readonly Browser[];
  /** Users come and go until an instant. */
  browse(until: number): Promise<void>;
  /** A browser asks for something, of an instance or of any. */
  visit(browser: Browser, asked: Asked, instance?: Instance): Promise<void>;
  /** Sends the cookies that were set once more, to every instance or to any. */
  replay(to: readonly Instance[] | "any"): Promise<void>;
}

const ASKED: Readonly<Record<Asked | "replay", number>> = {
  load: 5,
  change: 6,
  "sign in": 2,
  "sign out": 1.2,
  replay: 1.5,
};

/** A run is one of many: what it does not find, another does. */
const MOST_OPERATIONS = 120;
const MOST_REPLAYED = 20;

export function createCrowd(
  count: number,
  { instances }: Pick<World, "instances">,
  { scheduler, random }: { scheduler: Scheduler; random: Random },
): Crowd {
  const operations: Operation[] = [];
  const tickets = createTickets();
  /** Cookies that were ever set: what a thief may have. */
  const values: string[] = [];
  const browsers = Array.from({ length: count }, (_, at) => ({ name: `b${at}`, jar: cookieJar() }));
  let numbers = 0;

  async function send(
    { name, jar }: Browser,
    { asked, instance }: { asked: Asked; instance?: Instance | undefined },
  ): Promise<void> {
    const { name: at, serve } = instance ?? random.pick(instances);
    const number = numbers++;
    const token = asked === "change" ? `${name}-${number}` : undefined;
    const user = asked === "sign in" ? name : undefined;
    const waitMs = random.chance(0.2) ? random.below(300) : 0;
    const path = pathOf(asked, { ...(token && { token }), ...(user && { user }), waitMs });
    const value = jar.get(COOKIE);
    const sent = value === undefined ? null : tickets.of(value);
    const startedAt = scheduler.now();
    const { result: response, note } = await serve(jar.request(path));
    const set = tickets.setBy(response);
    // A browser has the answer a moment later.
    await scheduler.sleep(random.between(0.1, 20));
    jar.take(response);
    const now = jar.get(COOKIE);
    if (typeof set === "object" && now !== undefined && !values.includes(now)) values.push(now);
    operations.push({
      number,
      browser: name,
      instance: at,
      asked,
      ...(token && { token }),
      ...(user && { user }),
      startedAt,
      endedAt: scheduler.now(),
      sent,
      status: response.status,
      ...(note.seen && { seen: note.seen }),
      ...(set && { set }),
      calls: note.calls,
    });
  }

  /** Somebody who has a cookie that was set before, and a browser of their own. */
  function thief(value: string): Browser {
    const jar = cookieJar();
    jar.put(`${COOKIE}=${value}; Path=/; Secure`);
    return { name: `t${numbers}`, jar };
  }

  async function useTab(browser: Browser, until: number): Promise<void> {
    const patience = random.pick([200, 1000, 4000]);
    while (scheduler.now() < until && numbers < MOST_OPERATIONS) {
      await scheduler.sleep(1 + random.next() * patience);
      const asked = random.weighted(ASKED);
      if (asked !== "replay") {
        // Some pages send several requests at once.
        const others = Array.from({ length: random.chance(0.3) ? 1 + random.below(3) : 0 }, () =>
          random.pick(["load", "change"] as const),
        );
        await Promise.all([asked, ...others].map((each) => send(browser, { asked: each })));
      }
      if (asked === "replay" && values.length > 0) {
        const stolen = thief(random.pick(values.slice(-6)));
        await send(stolen, { asked: random.pick(["load", "load", "change"]) });
      }
    }
  }

  return {
    operations,
    browsers,
    visit: (browser, asked, instance) => send(browser, { asked, instance }),
    async browse(until) {
      const tabs = browsers.flatMap((browser) =>
        Array.from({ length: 1 + random.below(3) }, () => browser),
      );
      await Promise.all(tabs.map((browser) => useTab(browser, until)));
    },
    async replay(to) {
      const old = values.slice(-MOST_REPLAYED);
      for (const instance of to === "any" ? [undefined] : to) {
        await Promise.all(old.map((value) => send(thief(value), { asked: "load", instance })));
      }
    },
  };
}
