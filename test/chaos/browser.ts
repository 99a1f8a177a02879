// Visitors: each a browser with two tabs, and a thief who tries every cookie that once was somebody's.

import { setTimeout as sleep } from "node:timers/promises";
import type { Asked } from "../simulator/history.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import type { Random } from "../simulator/random.ts";
import type { Recorder } from "./recorder.ts";
import type { Site } from "./servers.ts";

export interface Visitors {
  readonly jars: ReadonlyMap<string, Jar>;
  /** Browsers as they were before a sign-in or sign-out. */
  readonly stolen: readonly Jar[];
  /** Come and go until it is over. */
  browse(isOver: () => boolean): Promise<void>;
}

const TABS = 2;
const MOST_STOLEN = 200;
const THIEF = "thief";
/** What is asked how often. */
const HABITS: Readonly<Record<Asked, number>> = {
  load: 45,
  change: 35,
  "sign in": 10,
  elevate: 0,
  "sign out": 10,
  list: 0,
  "end one": 0,
  "end others": 0,
  "end all": 0,
};
/** Where there is an index of users. */
const HABITS_OF_USERS: typeof HABITS = {
  ...HABITS,
  "sign in": 20,
  elevate: 4,
  list: 2,
  "end one": 3,
  "end all": 3,
};
/** Fewer than browsers, so that each has several sessions. */
const USERS = ["user a", "user b", "user c"] as const;
const BY_OPERATOR: readonly Asked[] = ["list", "end one", "end all"];

export function createVisitors(
  recorder: Recorder,
  sites: readonly Site[],
  { random, browsers, hasUsers }: { random: Random; browsers: number; hasUsers: boolean },
): Visitors {
  const jars = new Map(
    Array.from({ length: browsers }, (_, at) => [`browser ${at}`, cookieJar()] as const),
  );
  const stolen: Jar[] = [];
  let people = 0;

  async function step(browser: string, jar: Jar): Promise<void> {
    const asked = random.weighted(hasUsers ? HABITS_OF_USERS : HABITS);
    const isOperator = BY_OPERATOR.includes(asked);
    if (asked === "sign in" || asked === "sign out" || isOperator) {
      stolen.push(jar.copy());
      if (stolen.length > MOST_STOLEN) stolen.splice(random.below(stolen.length), 1);
    }
    const whose = hasUsers ? random.pick(USERS) : `user ${++people}`;
    const user = asked === "sign in" || isOperator ? { user: whose } : {};
    const who = isOperator ? { browser: "operator", jar: cookieJar() } : { browser, jar };
    await recorder.visit(random.pick(sites), { ...who, asked, ...user });
    await sleep(random.between(10, 120));
  }

  async function steal(): Promise<void> {
    if (stolen.length > 0) {
      const jar = random.pick(stolen).copy();
      const asked = random.chance(0.7) ? "load" : "change";
      await recorder.visit(random.pick(sites), { browser: THIEF, jar, asked });
    }
    await sleep(random.between(10, 120));
  }

  return {
    jars,
    stolen,
    async browse(isOver) {
      const until = async (act: () => Promise<void>) => {
        while (!isOver()) await act();
      };
      const tabs = [...jars].flatMap(([browser, jar]) =>
        Array.from({ length: TABS }, () => until(() => step(browser, jar))),
      );
      await Promise.all([...tabs, until(steal), until(steal)]);
    },
  };
}

/** The last look, when every fault has ended: everybody comes again, everywhere, and so does the thief. */
export async function lookAgain(
  recorder: Recorder,
  sites: readonly Site[],
  { jars, stolen }: Pick<Visitors, "jars" | "stolen">,
): Promise<void> {
  for (const asked of ["load", "change", "load"] as const) {
    for (const site of sites) {
      for (const [browser, jar] of jars) await recorder.visit(site, { browser, jar, asked });
    }
  }
  for (const site of sites) {
    for (const jar of stolen) {
      await recorder.visit(site, { browser: THIEF, jar: jar.copy(), asked: "load" });
    }
  }
}
