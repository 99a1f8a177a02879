// The Store's promises (src/store.ts), one case each. Every store runs them, and every store made of stores.

import { expect } from "chai";
import { type Store, StoreError, type Swap } from "coatcheck";
import type { Case, World } from "../support/suite.ts";

/** A store to be tried, and how to let go of what it holds. */
export interface Opened {
  readonly store: Store;
  close?(): Promise<void>;
}

export type Open = (world: World) => Promise<Opened>;

/** What can be done to the Redis behind a store. */
export interface Breakable {
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
  command(args: string[]): Promise<unknown>;
}

/** What a case does with an open store and a key that nobody else has. */
type Check = (store: Store, key: string) => Promise<void>;

const SWAPPED: Swap = { swapped: true };
const PARALLEL = 50;
/** An outage must end a call soon; how soon is not measured more finely than a loaded machine allows. */
const SLACK_MS = 5000;

/** Every promise of the interface. Keys are random, so all cases may share one database. */
export function storeContract(name: string, open: Open): Case[] {
  const checks = Object.entries({ ...ROWS, ...EXACTNESS, ...VALUES, ...EXPIRY, ...RACES });
  return checks.map(([sentence, check]) => ({
    name: `${name}: ${sentence}`,
    async run(world) {
      const opened = await open(world);
      try {
        await check(opened.store, newKey());
      } finally {
        await opened.close?.();
      }
    },
  }));
}

/** What a store in Redis promises while Redis fails. The store's own deadline is to be short. */
export function redisContract(name: string, open: Open, redis: () => Breakable): Case[] {
  return Object.entries(OUTAGES).map(([sentence, check]) => ({
    name: `${name}: ${sentence}`,
    async run(world) {
      const opened = await open(world);
      try {
        await check(opened.store, newKey(), redis());
      } finally {
        await opened.close?.();
      }
    },
  }));
}

const ROWS: Readonly<Record<string, Check>> = {
  "read() of a row that was never written answers null": async (store, key) => {
    expect(await store.read(key)).to.equal(null);
  },

  "write() that expects nothing creates a row where nothing stands": async (store, key) => {
    expect(await store.write(key, "one", soon(), null)).to.deep.equal(SWAPPED);
    expect(await store.read(key)).to.equal("one");
  },

  "write() that expects nothing does not touch a row, and answers it": async (store, key) => {
    await create(store, key, "one");
    expect(await store.write(key, "two", soon(), null)).to.deep.equal(standing("one"));
    expect(await store.read(key)).to.equal("one");
  },

  "write() swaps a row that is exactly what was expected": async (store, key) => {
    await create(store, key, "one");
    expect(await store.write(key, "two", soon(), "one")).to.deep.equal(SWAPPED);
    expect(await store.read(key)).to.equal("two");
  },

  "write() swaps a row for the same value": async (store, key) => {
    await create(store, key, "one");
    expect(await store.write(key, "one", soon(), "one")).to.deep.equal(SWAPPED);
    expect(await store.read(key)).to.equal("one");
  },

  "write() does not swap a row that has changed, and answers what stands there": async (
    store,
    key,
  ) => {
    await create(store, key, "one");
    await store.write(key, "two", soon(), "one");
    expect(await store.write(key, "three", soon(), "one")).to.deep.equal(standing("two"));
    expect(await store.read(key)).to.equal("two");
  },

  "write() does not create a row where one was expected": async (store, key) => {
    expect(await store.write(key, "two", soon(), "one")).to.deep.equal(standing(null));
    expect(await store.read(key)).to.equal(null);
  },

  "write() does not bring back a deleted row": async (store, key) => {
    await create(store, key, "one");
    expect(await store.write(key, "", 0, "one")).to.deep.equal(SWAPPED);
    expect(await store.write(key, "two", soon(), "one")).to.deep.equal(standing(null));
    expect(await store.read(key)).to.equal(null);
  },

  "write() removes a row when expiresAt is past": async (store, key) => {
    for (const past of [0, 1, Date.now() - 1, -1, Date.now() - 0.5, -1e15]) {
      await create(store, key, "one");
      expect(await store.write(key, "two", past, "one"), String(past)).to.deep.equal(SWAPPED);
      expect(await store.read(key), String(past)).to.equal(null);
    }
  },

  "write() removes a row when expiresAt is now": async (store, key) => {
    await create(store, key, "one");
    expect(await store.write(key, "two", Date.now(), "one")).to.deep.equal(SWAPPED);
    expect(await store.read(key)).to.equal(null);
  },

  "write() does not remove a row that is not what was expected": async (store, key) => {
    await create(store, key, "one");
    expect(await store.write(key, "", 0, "two")).to.deep.equal(standing("one"));
    expect(await store.write(key, "", 0, null)).to.deep.equal(standing("one"));
    expect(await store.read(key)).to.equal("one");
  },

  "write() removes nothing where nothing stands, and says that it is so": async (store, key) => {
    expect(await store.write(key, "one", 0, null)).to.deep.equal(SWAPPED);
    expect(await store.read(key)).to.equal(null);
    expect(await store.write(key, "one", 0, "one")).to.deep.equal(standing(null));
  },

  "write() creates a row anew after a removal": async (store, key) => {
    await create(store, key, "one");
    await store.write(key, "", 0, "one");
    await create(store, key, "two");
    expect(await store.read(key)).to.equal("two");
  },

  "two rows do not touch each other": async (store, key) => {
    const other = `${key}2`;
    await create(store, key, "one");
    expect(await store.read(other)).to.equal(null);
    await create(store, other, "two");
    await store.write(key, "", 0, "one");
    expect(await store.read(key)).to.equal(null);
    expect(await store.read(other)).to.equal("two");
  },

  "keys are told apart byte for byte": async (store, key) => {
    const keys = ["a", "A", "a ", "ä", "a\u0308", "🙂", "🙃"].map((end) => `${key}${end}`);
    for (const [at, each] of keys.entries()) await create(store, each, `value ${at}`);
    for (const [at, each] of keys.entries()) expect(await store.read(each)).to.equal(`value ${at}`);
  },

  "keys may hold quotes, newlines, glob characters and braces": async (store, key) => {
    const ends = [
      `'"\``,
      "\r\n",
      "*?[a-z]^",
      "{a}{b}",
      "\\",
      "%00$1;--",
      "a b",
      "../..",
      "__proto__",
    ];
    for (const end of ends) {
      const odd = `${key}${end}`;
      await create(store, odd, `value of ${end}`);
      expect(await store.write(odd, "new", soon(), `value of ${end}`)).to.deep.equal(SWAPPED);
      expect(await store.read(odd), end).to.equal("new");
    }
    expect(await store.read(key)).to.equal(null);
  },
};

/** Pairs that some collation, parser or normaliser takes for equal. */
const NEAR: Readonly<Record<string, readonly [string, string]>> = {
  "one byte": ["v1 0123456789abcdef", "v1 0123456789abcdee"],
  case: ["a", "A"],
  "an accent": ["resume", "résumé"],
  "an emoji": ["🍣", "🍺"],
  "a trailing space": ["a", "a "],
  "a leading space": ["a", " a"],
  "a trailing newline": ["a", "a\n"],
  "a kind of newline": ["a\nb", "a\r\nb"],
  "a unicode normalisation form": ["\u00e9", "e\u0301"],
  "a unicode compatibility form": ["1", "\uff11"],
  "a letter that sorts as two": ["ss", "ß"],
  "an invisible character": ["a", "a\u200d"],
  "a spelling of a number": ["100", "1e2"],
  "a leading zero": ["1", "01"],
  "the last digit of a long number": ["9007199254740992", "9007199254740993"],
  "the spacing of JSON": ['{"a":1}', '{"a": 1}'],
  "being empty": ["a", ""],
};

const EXACTNESS: Readonly<Record<string, Check>> = Object.fromEntries(
  Object.entries(NEAR).map(([difference, [left, right]]): [string, Check] => [
    `write() does not swap a row that differs in ${difference}`,
    async (store, key) => {
      for (const [standingThere, expected] of [
        [left, right],
        [right, left],
      ] as const) {
        const place = `${key}${standingThere === left ? 1 : 2}`;
        await create(store, place, standingThere);
        const refused = standing(standingThere);
        expect(await store.write(place, "new", soon(), expected)).to.deep.equal(refused);
        expect(await store.write(place, "", 0, expected)).to.deep.equal(refused);
        expect(await store.read(place)).to.equal(standingThere);
        expect(await store.write(place, "new", soon(), standingThere)).to.deep.equal(SWAPPED);
      }
    },
  ]),
);

/** Values that a client, a driver or a column may change on the way. */
const EXACT: Readonly<Record<string, string>> = {
  "nothing in them": "",
  emoji: "🙂👩‍👩‍👧‍👦🇪🇺",
  "line and paragraph separators": "a\u2028b\u2029c\u0085d",
  "control characters": Array.from({ length: 31 }, (_, at) => String.fromCharCode(at + 1)).join(""),
  "a NUL character": "a\0b\0",
  "noncharacters and a byte order mark inside": "a\ufeffb\uffff\ufffe\ufffd",
  "text of many scripts": "żółć Ελλάδα עברית العربية 漢字 한국어 ไทย",
  "100 KB": `v1 ${"0123456789é🙂\n".repeat(6000)}`,
  "the look of JSON": '{"a":[1,"2",null],"__proto__":{"b":1}}',
  "the look of a JSON string": '"quoted"',
  "the look of a number": "123",
  "the look of a long number": "12345678901234567890.10",
  "the look of true": "true",
  "the look of null": "null",
  "the look of undefined": "undefined",
  "the look of NaN": "NaN",
  "the look of base64": "dGVhIGFuZCBjYWtl",
  "the look of Redis's answers": "OK",
  "the look of an error": "-ERR no\r\n$-1\r\n",
  "the look of nothing in Lua": "false",
  "quotes, backslashes and braces": `'"\`\\\\'{}[]$1%s\${a};--`,
  "spaces and newlines at both ends": " \r\n\ta \r\n\t",
};

const VALUES: Readonly<Record<string, Check>> = Object.fromEntries(
  Object.entries(EXACT).map(([what, value]): [string, Check] => [
    `values come back byte for byte with ${what}`,
    async (store, key) => {
      await create(store, key, value);
      expect(await store.read(key)).to.equal(value);
      expect(await store.write(key, "new", soon(), null)).to.deep.equal(standing(value));
      expect(await store.write(key, `${value}.`, soon(), value)).to.deep.equal(SWAPPED);
      expect(await store.write(key, "new", soon(), value)).to.deep.equal(standing(`${value}.`));
      expect(await store.write(key, "", 0, `${value}.`)).to.deep.equal(SWAPPED);
      expect(await store.read(key)).to.equal(null);
    },
  ]),
);

const EXPIRY: Readonly<Record<string, Check>> = {
  "an expired row reads as null": async (store, key) => {
    await store.write(key, "one", Date.now() + 50, null);
    await sleep(100);
    expect(await store.read(key)).to.equal(null);
  },

  "an expired row counts as nothing for whoever expects nothing": async (store, key) => {
    await store.write(key, "one", Date.now() + 50, null);
    await sleep(100);
    expect(await store.write(key, "two", soon(), null)).to.deep.equal(SWAPPED);
    expect(await store.read(key)).to.equal("two");
  },

  "an expired row is not swapped, and is answered as nothing": async (store, key) => {
    await store.write(key, "one", Date.now() + 50, null);
    await sleep(100);
    expect(await store.write(key, "two", soon(), "one")).to.deep.equal(standing(null));
    expect(await store.read(key)).to.equal(null);
  },

  "a row that has not expired is there": async (store, key) => {
    await store.write(key, "one", Date.now() + 10_000, null);
    await sleep(100);
    expect(await store.read(key)).to.equal("one");
  },

  "a write moves the expiry on": async (store, key) => {
    // A machine that stalls for longer than the row lives has proved nothing: again, with a longer life.
    for (let life = 50; ; life *= 2) {
      const place = `${key}${life}`;
      const expiresAt = Date.now() + life;
      await store.write(place, "one", expiresAt, null);
      const swap = await store.write(place, "two", soon(), "one");
      if (!swap.swapped && Date.now() >= expiresAt && life < 3000) continue;
      expect(swap).to.deep.equal(SWAPPED);
      await sleep(expiresAt + 50 - Date.now());
      expect(await store.read(place)).to.equal("two");
      return;
    }
  },

  "a write moves the expiry back": async (store, key) => {
    await create(store, key, "one");
    expect(await store.write(key, "two", Date.now() + 50, "one")).to.deep.equal(SWAPPED);
    await sleep(100);
    expect(await store.read(key)).to.equal(null);
  },

  "a write that was refused leaves the expiry alone": async (store, key) => {
    await create(store, key, "one");
    await store.write(key, "two", Date.now() + 50, "other");
    await store.write(key, "two", Date.now() + 50, null);
    await sleep(100);
    expect(await store.read(key)).to.equal("one");
  },

  "expiresAt may have a fraction": async (store, key) => {
    const swap = await store.write(key, "one", Date.now() + 60_000.123456, null);
    expect(swap).to.deep.equal(SWAPPED);
    expect(await store.read(key)).to.equal("one");
    expect(await store.write(key, "", Date.now() - 0.25, "one")).to.deep.equal(SWAPPED);
    expect(await store.read(key)).to.equal(null);
  },

  "expiresAt may be 400 days ahead": async (store, key) => {
    const swap = await store.write(key, "one", Date.now() + 34_560_000_000, null);
    expect(swap).to.deep.equal(SWAPPED);
    expect(await store.read(key)).to.equal("one");
  },
};

const RACES: Readonly<Record<string, Check>> = {
  "of 50 parallel creates one wins, and the others are told its value": async (store, key) => {
    const swaps = await inParallel((at) => store.write(key, `value ${at}`, soon(), null));
    const won = swaps.flatMap(({ swapped }, at) => (swapped ? [at] : []));
    expect(won).to.have.length(1);
    const losses = swaps.filter(({ swapped }) => !swapped);
    expect(losses).to.have.length(PARALLEL - 1);
    for (const loss of losses) expect(loss).to.deep.equal(standing(`value ${won[0]}`));
    expect(await store.read(key)).to.equal(`value ${won[0]}`);
  },

  "of 50 parallel swaps of one value one wins, and the others are told what it wrote": async (
    store,
    key,
  ) => {
    await create(store, key, "one");
    const swaps = await inParallel((at) => store.write(key, `value ${at}`, soon(), "one"));
    const won = swaps.flatMap(({ swapped }, at) => (swapped ? [at] : []));
    expect(won).to.have.length(1);
    for (const loss of swaps.filter(({ swapped }) => !swapped)) {
      expect(loss).to.deep.equal(standing(`value ${won[0]}`));
    }
    expect(await store.read(key)).to.equal(`value ${won[0]}`);
  },

  "of 50 parallel removals one wins": async (store, key) => {
    await create(store, key, "one");
    const swaps = await inParallel(() => store.write(key, "", 0, "one"));
    expect(swaps.filter(({ swapped }) => swapped)).to.have.length(1);
    expect(await store.read(key)).to.equal(null);
  },

  "of 50 parallel increments that swap until they win none is lost": async (store, key) => {
    await create(store, key, "count 0");
    await inParallel(async () => {
      let current = await store.read(key);
      for (;;) {
        const next = `count ${Number(current?.slice(6)) + 1}`;
        const swap = await store.write(key, next, soon(), current);
        if (swap.swapped) return;
        current = swap.current;
      }
    });
    expect(await store.read(key)).to.equal(`count ${PARALLEL}`);
  },

  "what was swapped is what the next read answers": async (store, key) => {
    let last: string | null = null;
    for (let at = 0; at < 20; at++) {
      const value = `value ${at}`;
      expect(await store.write(key, value, soon(), last)).to.deep.equal(SWAPPED);
      expect(await store.read(key)).to.equal(value);
      last = value;
    }
  },
};

type OutageCheck = (store: Store, key: string, redis: Breakable) => Promise<void>;

const OUTAGES: Readonly<Record<string, OutageCheck>> = {
  "a script that Redis has forgotten does not fail a write": async (store, key, redis) => {
    let last: string | null = null;
    for (const value of ["one", "two", "three"]) {
      await redis.command(["SCRIPT", "FLUSH"]);
      expect(await store.write(key, value, soon(), last)).to.deep.equal(SWAPPED);
      last = value;
    }
    await redis.command(["SCRIPT", "FLUSH"]);
    expect(await store.write(key, "four", soon(), "two")).to.deep.equal(standing("three"));
    await redis.command(["SCRIPT", "FLUSH"]);
    expect(await store.write(key, "", 0, "three")).to.deep.equal(SWAPPED);
    expect(await store.read(key)).to.equal(null);
  },

  "a script that Redis has forgotten does not let two of 50 parallel creates win": async (
    store,
    key,
    redis,
  ) => {
    await redis.command(["SCRIPT", "FLUSH"]);
    const swaps = await inParallel((at) => store.write(key, `value ${at}`, soon(), null));
    expect(swaps.filter(({ swapped }) => swapped)).to.have.length(1);
  },

  "a Redis that came back empty answers absence, and takes new rows": async (store, key, redis) => {
    await create(store, key, "one");
    await redis.stop();
    await redis.start();
    expect(await eventually(() => store.read(key))).to.equal(null);
    expect(await store.write(key, "two", soon(), "one")).to.deep.equal(standing(null));
    await create(store, key, "three");
    expect(await store.read(key)).to.equal("three");
  },

  "a frozen Redis ends every call at the deadline, as unknown": async (store, key, redis) => {
    await create(store, key, "one");
    redis.pause();
    try {
      for (const ask of callsOf(store, key)) {
        const error = await outageOf(ask);
        expect(error.outcome).to.equal("unknown");
        expect(error.code).to.equal("STORE_UNAVAILABLE");
        expect(error.message).not.to.include(key);
      }
    } finally {
      redis.resume();
    }
    expect(await eventually(() => store.read(key))).to.be.oneOf(["one", "two", null]);
    await eventually(() => store.write(`${key}2`, "new", soon(), null));
    expect(await store.read(`${key}2`)).to.equal("new");
  },

  "a Redis that is gone is an outage, and no absence, until it is back": async (
    store,
    key,
    redis,
  ) => {
    await create(store, key, "one");
    await redis.stop();
    try {
      for (const ask of callsOf(store, key)) {
        const error = await outageOf(ask);
        expect(error.code).to.equal("STORE_UNAVAILABLE");
        expect(error.message).not.to.include(key);
      }
    } finally {
      await redis.start();
    }
    await eventually(() => store.read(key));
    await eventually(() => store.write(`${key}2`, "new", soon(), null));
    expect(await store.read(`${key}2`)).to.equal("new");
  },
};

/** Every kind of call. Each may take effect later, when a client sends what it has queued. */
function callsOf(store: Store, key: string): (() => Promise<unknown>)[] {
  return [
    () => store.read(key),
    () => store.read(`${key}absent`),
    () => store.write(key, "two", soon(), "one"),
    () => store.write(key, "", 0, "two"),
    () => store.write(`${key}new`, "one", soon(), null),
  ];
}

async function outageOf(ask: () => Promise<unknown>): Promise<StoreError> {
  const startedAt = Date.now();
  const error = await ask().then(
    (answer) => expect.fail(`an outage was answered: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(StoreError);
  expect(Date.now() - startedAt).to.be.below(SLACK_MS);
  return error as StoreError;
}

/** Asks until there is an answer: clients take their time to connect again. */
async function eventually<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StoreError) || Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

async function create(store: Store, key: string, value: string): Promise<void> {
  expect(await store.write(key, value, soon(), null)).to.deep.equal(SWAPPED);
}

function standing(current: string | null): Swap {
  return { swapped: false, current };
}

function soon(): number {
  return Date.now() + 60_000;
}

function inParallel<Answer>(ask: (at: number) => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: PARALLEL }, (_, at) => ask(at)));
}

function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(ms, 0)));
}
