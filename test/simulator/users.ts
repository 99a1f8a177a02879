// Who comes: browsers with several tabs, thieves with old cookies, operators who list and end sessions, and at the end
// everybody once more.

import type { Asked, Operation } from "./history.ts";
import { pathOf } from "./app.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { COOKIE, createTickets } from "./tickets.ts";
import type { Instance, Shape, World } from "./world.ts";
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
  /** Lists every user's sessions, and ends all of one. */
  operate(): Promise<void>;
}

const ASKED: Readonly<Record<Asked | "replay", number>> = {
  load: 5,
  change: 6,
  "sign in": 2,
  elevate: 0,
  "sign out": 1.2,
  list: 0,
  "end one": 0,
  "end others": 0,
  "end all": 0,
  replay: 1.5,
};
/** Where there is an index of users. */
const ASKED_OF_USERS: typeof ASKED = {
  ...ASKED,
  "sign in": 4,
  elevate: 1.5,
  list: 0.5,
  "end one": 0.7,
  "end others": 0.5,
  "end all": 0.7,
};
/** Fewer than browsers, so that one user has several sessions, and a browser several users. */
const USERS = ["u0", "u1"] as const;
const BY_OPERATOR: readonly Asked[] = ["list", "end one", "end all"];
const ENDING: readonly Asked[] = ["end all", "end all", "end all", "end one", "end others"];
const NAMING: readonly Asked[] = ["sign in", ...BY_OPERATOR];
/** What is asked at once with something else. */
const BESIDE = ["load", "change"] as const;
const BESIDE_OF_USERS = [...BESIDE, "sign in", "elevate", "end all", "end one"] as const;

/** What is asked, of an instance or of any. `whose`: as whom to sign in, or of whom an operator asks; its own, if absent. */
interface Wish {
  readonly asked: Asked;
  readonly instance?: Instance | undefined;
  readonly whose?: string;
}

/** A run is one of many: what it does not find, another does. */
const MOST_OPERATIONS = 120;
const MOST_REPLAYED = 20;

export function createCrowd(
  { browsers: count, users: hasUsers }: Pick<Shape, "browsers" | "users">,
  { instances }: Pick<World, "instances">,
  { scheduler, random }: { scheduler: Scheduler; random: Random },
): Crowd {
  const operations: Operation[] = [];
  const tickets = createTickets();
  /** Cookies that were ever set: what a thief may have. */
  const values: string[] = [];
  const browsers = Array.from({ length: count }, (_, at) => ({ name: `b${at}`, jar: cookieJar() }));
  const operator: Browser = { name: "operator", jar: cookieJar() };
  /** Whether they take ending tokens too: whoever sends one finishes what the instance should. */
  const stealsEnds = random.chance(0.5);
  let numbers = 0;

  async function send(
    { name, jar }: Browser,
    { asked, instance, whose = name }: Wish,
  ): Promise<void> {
    const { name: at, serve } = instance ?? random.pick(instances);
    const number = numbers++;
    const token = asked === "change" ? `${name}-${number}` : undefined;
    const user = NAMING.includes(asked) ? whose : undefined;
    const waitMs = random.chance(0.2) ? random.below(300) : 0;
    const query = { ...(token && { token }), ...(user && { user }), waitMs };
    const path = pathOf(asked, { ...query, ...(asked === "end one" && { at: number }) });
    const value = jar.get(COOKIE);
    const sent = value === undefined ? null : tickets.of(value);
    const startedAt = scheduler.now();
    const { result: response, note } = await serve(jar.request(path));
    const set = tickets.setBy(response);
    // A browser has the answer a moment later.
    await scheduler.sleep(random.between(0.1, 20));
    // Some answers never arrive, and some people leave once they have signed out, whatever was answered.
    const isLost = random.chance(asked === "sign out" ? 0.2 : 0.02);
    if (!isLost) jar.take(response);
    const now = isLost || typeof set !== "object" ? undefined : jar.get(COOKIE);
    const isOfUse = typeof set === "object" && (set.purpose === "session" || stealsEnds);
    if (now !== undefined && isOfUse && !values.includes(now)) values.push(now);
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
      ...(note.handles && { handles: note.handles }),
      ...(note.indexed.length > 0 && { indexed: note.indexed }),
    });
  }

  /** Somebody who has a cookie that was set before, and a browser of their own. */
  function thief(value: string): Browser {
    const jar = cookieJar();
    jar.put(`${COOKIE}=${value}; Path=/; Secure`);
    return { name: `t${numbers}`, jar };
  }

  async function ask(browser: Browser, wish: Wish): Promise<void> {
    if (ENDING.includes(wish.asked)) await scheduler.sleep(random.below(150));
    await send(BY_OPERATOR.includes(wish.asked) ? operator : browser, wish);
  }

  async function useTab(browser: Browser, until: number): Promise<void> {
    const patience = random.pick([200, 1000, 4000]);
    while (scheduler.now() < until && numbers < MOST_OPERATIONS) {
      await scheduler.sleep(1 + random.next() * patience);
      const asked = random.weighted(hasUsers ? ASKED_OF_USERS : ASKED);
      if (asked !== "replay") {
        // Some pages send several requests at once.
        const others = Array.from({ length: random.chance(0.3) ? 1 + random.below(3) : 0 }, () =>
          random.pick<Asked>(hasUsers ? BESIDE_OF_USERS : BESIDE),
        );
        // What a list ends is, at any moment, being signed in to.
        const isMet = hasUsers && (asked === "sign in" || asked === "elevate");
        if (isMet && random.chance(0.6)) others.push(random.pick(ENDING));
        const whose = hasUsers ? { whose: random.pick(USERS) } : {};
        await Promise.all(
          [asked, ...others].map((each) => ask(browser, { asked: each, ...whose })),
        );
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
    async operate() {
      const [first] = USERS;
      for (const whose of USERS) await send(operator, { asked: "list", whose });
      await send(operator, { asked: "end all", whose: first });
    },
  };
}
