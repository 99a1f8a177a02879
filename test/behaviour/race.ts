// Requests of one visitor that meet. Whatever the order: nothing acknowledged is lost, no acknowledged logout is
// undone, and nobody is signed out who did not ask for it.

import { expect } from "chai";
import { memoryStore, type Session, type Store } from "coatcheck";
import { type Clock, withClock } from "../support/clock.ts";
import { everyInterleaving, type Scene } from "../support/interleave.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import { type ParkingPlace, pausingStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import { codeOf, COOKIE, type Data, onMemory, onStores, openShop, type Shop } from "./setup.ts";

/** What one request does, and what must be true of the live session once it was acknowledged. */
interface Deed {
  readonly name: string;
  readonly act: (session: Session<Data>) => void;
  /** A deed without it ends the session, or changes nothing. */
  readonly holds?: (live: Session<Data>) => boolean;
  readonly ends?: true;
}

const edit = (key: "note" | "other" | "userId", value: string): Deed => ({
  name: `sets ${key}`,
  act: ({ data }) => void (data[key] = value),
  holds: ({ data }) => data[key] === value,
});
const count = (key: string): Deed => ({
  name: "counts",
  act: (session) => session.update((data) => void data.cart.push(key)),
  holds: ({ data }) => data.cart.includes(key),
});
const login = (mark: string): Deed => ({
  name: "signs in",
  act: (session) => {
    session.update((data) => void data.cart.push(mark));
    session.regenerate();
  },
  holds: ({ data }) => data.cart.includes(mark),
});
const logout: Deed = { name: "signs out", act: (session) => session.destroy(), ends: true };
const look: Deed = { name: "looks", act: ({ data }) => void data.n };

/** How a request went: what it was answered, in the words of an error's code. */
type Outcome = "answered" | "SESSION_CONFLICT";

/** One visitor with one session, and everything that became of it. */
interface Stage {
  readonly store: Store;
  readonly shop: Shop;
  /** The browser. */
  readonly jar: Jar;
  /** Every Cookie header that was ever good for this session. */
  readonly cookies: string[];
  readonly requests: { readonly deed: Deed; readonly outcome: Outcome; readonly cookie: boolean }[];
}

async function openStage(store: Store): Promise<Stage> {
  const shop = openShop(store);
  const jar = cookieJar();
  await shop.visit(jar, ({ data }) => void (data.n = 1));
  return { store, shop, jar, cookies: [jar.header() ?? ""], requests: [] };
}

/** Where the moments of a request are chosen by somebody else. */
interface Course {
  /** The store as this request sees it, from when it saves. */
  readonly store: Store;
  readonly sent?: (act: () => void) => Promise<void>;
  readonly delivered?: (act: () => void) => Promise<void>;
  /** A session that was opened before the others did anything. */
  readonly opened?: { readonly shop: Shop; readonly session: Session<Data> };
}

const atOnce = async (act: () => void) => act();

/** One request, from the browser and back. */
async function request(stage: Stage, deed: Deed, course: Course): Promise<void> {
  const { store, opened, sent = atOnce, delivered = atOnce } = course;
  let header = stage.cookies[0] ?? "";
  if (course.sent) await sent(() => void (header = stage.jar.header() ?? ""));
  const shop = opened?.shop ?? openShop(store);
  const session = opened?.session ?? (await shop.open(header));
  deed.act(session);
  try {
    const cookie = await shop.sessions.save(session);
    if (cookie?.value) stage.cookies.push(`${COOKIE}=${cookie.value}`);
    stage.requests.push({ deed, outcome: "answered", cookie: cookie !== null });
    if (cookie) await delivered(() => stage.jar.put(cookie.header));
  } catch (error) {
    if (codeOf(error) !== "SESSION_CONFLICT") throw error;
    stage.requests.push({ deed, outcome: "SESSION_CONFLICT", cookie: false });
  }
}

/** The three promises. */
async function verify({ shop, jar, cookies, requests }: Stage): Promise<void> {
  const live = await shop.open(jar);
  if (requests.some(({ deed }) => deed.ends)) {
    for (const { deed, outcome } of requests) {
      if (deed.ends) expect(outcome, "a logout is acknowledged").to.equal("answered");
    }
    for (const cookie of [...cookies, jar.header()]) {
      expect((await shop.open(cookie)).isNew, "an ended session stays ended").to.equal(true);
    }
    return;
  }
  expect(live.isNew, "nobody is signed out").to.equal(false);
  expect(live.data.n, "what was there before").to.equal(1);
  for (const { deed, outcome } of requests) {
    if (outcome !== "answered" || !deed.holds) continue;
    expect(deed.holds(live), `acknowledged: ${deed.name}`).to.equal(true);
  }
  const open = [];
  for (const cookie of new Set(cookies)) if (!(await shop.open(cookie)).isNew) open.push(cookie);
  expect(open, "one cookie is alive, and the browser has it").to.deep.equal([jar.header()]);
}

interface Orders {
  /** The sessions were all opened before: shorter, for more requests. */
  readonly loaded?: boolean;
  /** Each request takes the cookie that the browser has when its turn comes, not the first one. */
  readonly sent?: boolean;
  /** What else must hold. */
  readonly also?: (stage: Stage) => void | Promise<void>;
  /** Called once the session is there. */
  readonly before?: (stage: Stage) => void | Promise<void>;
}

/** Every order of the deeds' store operations and deliveries. */
async function allOrders(deeds: readonly Deed[], orders: Orders = {}): Promise<number> {
  const { loaded = false, sent = false, also, before } = orders;
  return everyInterleaving(async () => {
    const stage = await openStage(memoryStore());
    await before?.(stage);
    const actors: Record<string, Scene["actors"][string]> = {};
    for (const [at, deed] of deeds.entries()) {
      let current = stage.store;
      const shop = openShop({
        read: (key) => current.read(key),
        write: (...row) => current.write(...row),
      });
      const opened = loaded ? { shop, session: await shop.open(stage.cookies[0]) } : undefined;
      actors[`${at + 1} (${deed.name})`] = ({ store, step }) => {
        current = store;
        return request(stage, deed, {
          store,
          delivered: (act) => step("is delivered", act),
          ...(opened ? { opened } : {}),
          ...(sent ? { sent: (act: () => void) => step("is sent", act) } : {}),
        });
      };
    }
    return {
      store: stage.store,
      actors,
      check: async () => {
        expect(stage.requests).to.have.length(deeds.length);
        await verify(stage);
        await also?.(stage);
      },
    };
  });
}

function answered({ requests }: Stage): number {
  return requests.filter(({ outcome }) => outcome === "answered").length;
}

/** A title, the deeds, and what else must hold. */
const ORDERS: readonly (readonly [title: string, deeds: readonly Deed[], orders?: Orders])[] = [
  [
    "R36 two saves of different keys both survive",
    [edit("note", "one"), edit("other", "two")],
    { also: (stage) => void expect(answered(stage)).to.equal(2) },
  ],
  [
    "R36 three saves of different keys all survive",
    [edit("note", "one"), edit("other", "two"), edit("userId", "three")],
    { loaded: true, also: (stage) => void expect(answered(stage)).to.equal(3) },
  ],
  [
    "R36 three functions on one key never lose",
    [count("one"), count("two"), count("three")],
    {
      loaded: true,
      also: async ({ shop, jar }) => {
        expect((await shop.open(jar)).data.cart.toSorted()).to.deep.equal(["one", "three", "two"]);
      },
    },
  ],
  ["R30 F8 a save and a logout", [edit("note", "one"), logout]],
  [
    "R30 F8 a save and a logout, both begun before: the save writes nothing, sets no cookie and does not throw",
    [edit("note", "one"), logout],
    {
      loaded: true,
      also: (stage) => {
        expect(answered(stage)).to.equal(2);
        const [save] = stage.requests.filter(({ deed }) => !deed.ends);
        expect(save?.cookie).to.equal(false);
      },
    },
  ],
  [
    "R8 F2 a sign-in and a save: both hold, or the save says that it does not",
    [login("one"), edit("note", "two")],
    { also: ({ requests }) => expectAnswered(requests, "signs in") },
  ],
  [
    "R8 F4 a sign-in and two saves",
    [login("one"), edit("note", "two"), edit("other", "three")],
    { loaded: true, also: ({ requests }) => expectAnswered(requests, "signs in") },
  ],
  [
    "R8 a late write with the old cookie does not reach the session of whoever signed in",
    [login("one"), edit("note", "late")],
    {
      also: async ({ requests, shop, jar }) => {
        const refused = requests.some(({ outcome }) => outcome === "SESSION_CONFLICT");
        const { note } = (await shop.open(jar)).data;
        expect(note).to.equal(refused ? undefined : "late");
      },
    },
  ],
  ["R29 R30 a sign-in and a logout: the logout wins in every order", [login("one"), logout]],
  [
    "R29 a sign-in, a save and a logout",
    [login("one"), edit("note", "two"), logout],
    { loaded: true },
  ],
  [
    "R8 two sign-ins with one cookie: one of them holds, and the browser has its cookie",
    [login("one"), login("two")],
    { also: (stage) => void expect(answered(stage)).to.equal(1) },
  ],
  [
    "R8 two sign-ins, each with the cookie that the browser has at that moment",
    [login("one"), login("two")],
    { sent: true },
  ],
  [
    "R8 three sign-ins with one cookie",
    [login("one"), login("two"), login("three")],
    { loaded: true, also: (stage) => void expect(answered(stage)).to.equal(1) },
  ],
  ["R29 R30 two sign-ins and a logout", [login("one"), login("two"), logout], { loaded: true }],
  ["R29 two logouts are both acknowledged", [logout, logout]],
  ["R29 three logouts and a save", [logout, logout, edit("note", "one")], {}],
];

function expectAnswered(requests: Stage["requests"], name: string): void {
  for (const { deed, outcome } of requests) {
    if (deed.name === name) expect(outcome, name).to.equal("answered");
  }
}

/** Moments of the first request at which the second one runs from beginning to end. */
const MOMENTS: readonly (readonly [name: string, place: ParkingPlace, skip: number])[] = [
  ["has read", "after read", 0],
  ["is about to write", "before write", 0],
  ["has written and not heard of it", "after write", 0],
  ["is about to write a second time", "before write", 1],
  ["has written a second time and not heard of it", "after write", 1],
];

const PAIRS: readonly (readonly [title: string, first: Deed, second: Deed])[] = [
  ["R36 a save and another", edit("note", "one"), edit("other", "two")],
  ["R30 F8 a save and a logout", edit("note", "one"), logout],
  ["R30 a logout and a save", logout, edit("note", "one")],
  ["R8 a sign-in and a save", login("one"), edit("note", "two")],
  ["R8 a save and a sign-in", edit("note", "one"), login("two")],
  ["R29 R30 a sign-in and a logout", login("one"), logout],
  ["R29 R30 a logout and a sign-in", logout, login("one")],
  ["R8 a sign-in and another", login("one"), login("two")],
  ["R29 a logout and another", logout, logout],
];

function writesOf(deed: Deed): number {
  return deed.name === "signs in" ? 2 : 1;
}

/** Runs with a session whose renewal is due. */
function withRenewalDue(
  run: (before: (stage: Stage) => void) => Promise<unknown>,
): () => Promise<void> {
  return () =>
    withClock(async (clock: Clock) => {
      await run(() => clock.advance(10_000));
    });
}

export const cases: readonly Case[] = [
  ...ORDERS.map(([title, deeds, orders]) => ({
    name: `${title} (every order)`,
    run: async () => {
      expect(await allOrders(deeds, orders)).to.be.above(1);
    },
  })),

  ...PAIRS.flatMap(([title, first, second]) =>
    MOMENTS.filter(([, place, skip]) => place === "after read" || skip < writesOf(first)).flatMap(
      ([moment, place, skip]) =>
        onStores(`${title}: the second comes when the first ${moment}`, async (store) => {
          const stage = await openStage(store);
          const pausing = pausingStore(store);
          const parked = pausing.park(place, skip);
          const one = request(stage, first, { store: pausing.store });
          await parked.reached;
          await request(stage, second, { store });
          parked.resume();
          await one;
          await verify(stage);
        }),
    ),
  ),

  onMemory("R36 of two saves of one key the later wins, in every order", async () => {
    const order: string[] = [];
    const save = (value: string): Deed => ({
      name: value,
      act: ({ data }) => void (data.note = value),
    });
    await allOrders([save("one"), save("two")], {
      before: () => void (order.length = 0),
      also: async ({ shop, jar, requests }) => {
        const { note } = (await shop.open(jar)).data;
        expect(requests.map(({ outcome }) => outcome)).to.deep.equal(["answered", "answered"]);
        expect(note).to.equal(requests[1]?.deed.name);
      },
    });
  }),

  onMemory("R30 a save that meets an ended session reports it as gone", async (store) => {
    const stage = await openStage(store);
    const late = await stage.shop.open(stage.jar);
    await request(stage, logout, { store });
    late.data.n++;
    expect(await stage.shop.sessions.save(late)).to.equal(null);
    expect(stage.shop.events.at(-1)).to.include({ type: "gone", during: "save", found: "ended" });
    await verify(stage);
  }),

  onMemory("R30 F9 F10 a save whose row is missing altogether creates none", async () => {
    const memory = memoryStore();
    const stage = await openStage(memory);
    const late = await stage.shop.open(stage.jar);
    const key = [...stage.shop.events][0];
    expect(key).to.have.property("type", "created");
    let gone = true;
    const store: Store = {
      read: (key) => memory.read(key),
      write: async (...row) => (gone ? { swapped: false, current: null } : memory.write(...row)),
    };
    const shop = openShop(store);
    const session = await shop.open(stage.jar);
    session.data.n++;
    expect(await shop.sessions.save(session)).to.equal(null);
    expect(shop.counts.writes).to.equal(1);
    expect(shop.events.at(-1)).to.include({ type: "gone", during: "save", found: "nothing" });
    gone = false;
    expect(late.isNew).to.equal(false);
  }),

  {
    name: "R30 a renewal and a logout (every order)",
    run: withRenewalDue((before) => allOrders([look, logout], { before })),
  },
  {
    name: "a renewal and a save (every order)",
    run: withRenewalDue((before) => allOrders([look, edit("note", "one")], { before })),
  },
  {
    name: "two renewals (every order)",
    run: withRenewalDue((before) => allOrders([look, look], { before })),
  },
  {
    name: "R30 a renewal, a save and a logout (every order)",
    run: withRenewalDue((before) =>
      allOrders([look, edit("note", "one"), logout], { before, loaded: true }),
    ),
  },

  onMemory("a flash value that two show is used up by both (every order)", async () => {
    const shown: unknown[] = [];
    const show: Deed = {
      name: "shows",
      act: (session) => void shown.push(session.flash("note")),
    };
    await allOrders([show, show], {
      before: async ({ shop, jar }) => {
        shown.length = 0;
        await shop.visit(jar, (session) => session.flash("note", "saved"));
      },
      also: async ({ shop, jar }) => {
        expect((await shop.open(jar)).flash("note")).to.equal(undefined);
        expect(shown).to.include("saved");
        expect(shown.filter((value) => value !== "saved" && value !== undefined)).to.deep.equal([]);
      },
    });
  }),

  onMemory(
    "a flash value that comes while another is shown is not lost (every order)",
    async () => {
      const shown: unknown[] = [];
      const show: Deed = {
        name: "shows",
        act: (session) => void shown.push(session.flash("note")),
      };
      const set: Deed = { name: "sets", act: (session) => session.flash("note", "second") };
      await allOrders([show, set], {
        before: async ({ shop, jar }) => {
          shown.length = 0;
          await shop.visit(jar, (session) => session.flash("note", "first"));
        },
        also: async ({ shop, jar }) => {
          const left = (await shop.open(jar)).flash("note");
          expect([...shown, left]).to.include("second");
          expect(left).to.not.equal("first");
        },
      });
    },
  ),

  ...onStores("R36 50 parallel requests that each set another key: 50 are there", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void (data.n = 1));
    const keys = Array.from({ length: 50 }, (_, at) => `key${at}`);
    const responses = await Promise.all(
      keys.map((key) => shop.visit(jar, ({ data }) => void Reflect.set(data, key, key))),
    );
    expect(responses.map(({ status }) => status)).to.deep.equal(keys.map(() => 200));
    const { data } = await shop.open(jar);
    expect(data).to.deep.equal({
      cart: [],
      n: 1,
      ...Object.fromEntries(keys.map((key) => [key, key])),
    });
  }),

  ...onStores("R36 50 parallel updates of one counter: exactly 50 more", async (store) => {
    const jar = cookieJar();
    await openShop(store).visit(jar, ({ data }) => void (data.n = 7));
    const visits = Array.from({ length: 50 }, () =>
      openShop(store).visit(jar, (session) => session.update((data) => void data.n++)),
    );
    const responses = await Promise.all(visits);
    expect(responses.filter(({ status }) => status !== 200)).to.deep.equal([]);
    expect((await openShop(store).open(jar)).data.n).to.equal(57);
  }),
];
