import { cachedStore, memoryStore, type SessionEvent, type Store, StoreError } from "coatcheck";
import { describe, expect, test } from "vitest";
import { decodeCopy } from "../../../src/stores/copy.ts";
import { type Actor, everyInterleaving } from "../../support/interleave.ts";
import { withClock } from "../../support/clock.ts";
import { countingStore, faultyStore, pausingStore } from "../../support/stores.ts";

const ALWAYS = { times: Number.MAX_SAFE_INTEGER };
const SWAPPED = { swapped: true };

/** Rows, counted, that fail and stop on demand. */
function place() {
  const { read, write } = memoryStore({ maxEntries: 20_000 });
  const faulty = faultyStore({ read, write });
  const pausing = pausingStore(faulty.store);
  const counting = countingStore(pausing.store);
  return {
    store: counting.store,
    rows: { read, write },
    counting,
    park: pausing.park,
    fail: faulty.fail,
    cut: () => (["read", "write"] as const).forEach((it) => faulty.fail(it, "refused", ALWAYS)),
    heal: faulty.heal,
  };
}

/** SQL, Redis, and two instances that know nothing of one another. */
function scene(options: { maxStaleMs?: number; strict?: boolean } = {}) {
  const [sql, redis] = [place(), place()];
  const events: SessionEvent[] = [];
  const instance = () =>
    cachedStore({
      authority: sql.store,
      cache: redis.store,
      onEvent: (event) => events.push(event),
      ...options,
    });
  const costs = () => {
    const spent = [sql.counting.commands, redis.counting.commands];
    sql.counting.reset();
    redis.counting.reset();
    return spent;
  };
  return { sql, redis, one: instance(), two: instance(), events, costs };
}

const soon = () => Date.now() + 3_600_000;

async function failureOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

async function overwrite({ read, write }: Store, key: string, value: string): Promise<void> {
  expect(await write(key, value, soon(), await read(key))).toEqual(SWAPPED);
}

describe("what it costs", () => {
  test("one command of the cache for a read, and one of the authority in each period", () =>
    withClock(async (clock) => {
      const { one, two, costs } = scene();
      await one.write("key", "one", soon(), null);
      expect(costs()).toEqual([1, 1]);
      for (const instance of [one, two, one]) {
        clock.advance(9);
        expect(await instance.read("key")).toBe("one");
        expect(costs()).toEqual([0, 1]);
      }
      clock.advance(3);
      expect(await one.read("key")).toBe("one");
      expect(costs()).toEqual([1, 2]);
      expect(await two.read("key")).toBe("one");
      expect(costs()).toEqual([0, 1]);
    }));

  test("one of each more for a change of what the request has read", async () => {
    const { one, two, costs } = scene();
    await one.write("key", "one", soon(), null);
    await two.read("key");
    costs();
    expect(await two.write("key", "two", soon(), "one")).toEqual(SWAPPED);
    expect(costs()).toEqual([1, 1]);
  });

  test("two commands of the cache for a change of what was not read before, which leaves a tombstone", async () => {
    const { redis, one, two, costs } = scene();
    await one.write("key", "one", soon(), null);
    costs();
    expect(await two.write("key", "two", soon(), "one")).toEqual(SWAPPED);
    expect(costs()).toEqual([1, 2]);
    expect(await redis.rows.read("key")).toMatch(/^tombstone /);
  });

  test("what is not there costs one of each, each time, and is not kept", async () => {
    const { one, costs } = scene();
    for (let n = 0; n < 2; n++) {
      expect(await one.read("key")).toBeNull();
      expect(costs()).toEqual([1, 1]);
    }
  });
});

describe("a copy", () => {
  test("is not served past its time, however long the cache keeps it", () =>
    withClock(async (clock) => {
      const { sql, redis, one, two } = scene();
      await one.write("key", "one", soon(), null);
      await overwrite(sql.rows, "key", "two");
      const copy = await redis.rows.read("key");
      clock.advance(29.999);
      expect(await two.read("key")).toBe("one");
      clock.advance(0.001);
      await redis.rows.write("key", copy ?? "", soon(), null);
      expect(await two.read("key")).toBe("two");
    }));

  test("counts its time from before the authority was asked", () =>
    withClock(async (clock) => {
      const { sql, redis, one, two } = scene();
      await sql.rows.write("key", "one", soon(), null);
      const parked = sql.park("after read");
      const reading = one.read("key");
      await parked.reached;
      clock.advance(0.9);
      await overwrite(sql.rows, "key", "two");
      parked.resume();
      expect(await reading).toBe("one");
      clock.advance(29.099);
      expect(await two.read("key")).toBe("one");
      clock.advance(0.001);
      expect(await redis.rows.read("key")).toBeNull();
      expect(await two.read("key")).toBe("two");
    }));

  test("is not put over what was written while the authority was asked", async () => {
    const { sql, one, two } = scene();
    await sql.rows.write("key", "one", soon(), null);
    const parked = sql.park("after read");
    const reading = one.read("key");
    await parked.reached;
    await two.write("key", "two", soon(), "one");
    parked.resume();
    await reading;
    expect(await two.read("key")).toBe("two");
    expect(await one.read("key")).toBe("two");
  });

  test("is replaced by a change, for every instance", async () => {
    const { one, two, costs } = scene();
    await one.write("key", "one", soon(), null);
    await one.read("key");
    await one.write("key", "two", soon(), "one");
    costs();
    for (const instance of [two, one]) {
      expect(await instance.read("key")).toBe("two");
      expect(costs()).toEqual([0, 1]);
    }
  });

  test("gives way to a tombstone where somebody else wrote between", () =>
    withClock(async (clock) => {
      const { redis, one, two, costs } = scene();
      await one.write("key", "one", soon(), null);
      await one.read("key");
      await two.read("key");
      const parked = redis.park("before write");
      const writing = one.write("key", "two", soon(), "one");
      await parked.reached;
      await two.write("key", "three", soon(), "two");
      parked.resume();
      await writing;
      expect(await redis.rows.read("key")).toMatch(/^tombstone /);
      clock.advance(0.001);
      for (const instance of [one, two]) expect(await instance.read("key")).toBe("three");
      costs();
      expect(await two.read("key")).toBe("three");
      expect(costs()).toEqual([0, 1]);
    }));

  test("of a row that was removed is gone", async () => {
    const { one, two } = scene();
    await one.write("key", "one", soon(), null);
    await two.read("key");
    expect(await one.write("key", "", 0, "one")).toEqual(SWAPPED);
    expect(await two.read("key")).toBeNull();
  });

  test("ends with its row, where the expiry is known", () =>
    withClock(async (clock) => {
      const { redis, one, two } = scene();
      await one.write("key", "one", Date.now() + 1000, null);
      const copy = (await redis.rows.read("key")) ?? "";
      clock.advance(1);
      await redis.rows.write("key", copy, soon(), null);
      expect(await two.read("key")).toBeNull();
    }));

  test("that is none of ours is written over", async () => {
    const { sql, redis, one, two, costs } = scene();
    await sql.rows.write("key", "one", soon(), null);
    for (const garbage of ["", "garbage", "copy 1 2\nx", "copy 999999999999999 0 n"]) {
      await overwrite(redis.rows, "key", garbage);
      expect(await one.read("key")).toBe("one");
      costs();
      expect(await two.read("key")).toBe("one");
      expect(costs()).toEqual([0, 1]);
    }
  });
});

describe("while the cache does not answer", () => {
  test("the authority alone serves, and after three failures the cache is not waited for", () =>
    withClock(async () => {
      const { redis, one, costs } = scene();
      redis.cut();
      await one.write("key", "0", soon(), null);
      costs();
      for (let n = 0; n < 10; n++) {
        expect(await one.read("key")).toBe(`${n}`);
        expect(await one.write("key", `${n + 1}`, soon(), `${n}`)).toEqual(SWAPPED);
      }
      expect(costs()).toEqual([20, 2]);
    }));

  test("whoever wrote is not served what was before when it is back, and others only for a time", () =>
    withClock(async (clock) => {
      const { redis, one, two } = scene();
      await one.write("key", "one", soon(), null);
      await one.read("key");
      redis.cut();
      await one.write("key", "two", soon(), "one");
      redis.heal();
      expect(await two.read("key")).toBe("one");
      expect(await one.read("key")).toBe("two");
      expect(await two.read("key")).toBe("two");
      clock.advance(30);
      expect(await two.read("key")).toBe("two");
    }));

  test("whoever wrote is not served what an instance whose clock is ahead had read before", () =>
    withClock(async (clock) => {
      const { sql, redis, one, two, costs } = scene();
      await sql.rows.write("key", "one", soon(), null);
      await one.read("key");
      redis.cut();
      await one.write("key", "two", soon(), "one");
      // As two would have put it, before the change, by a clock that is ahead.
      const ahead = `copy ${Date.now() + 400} 0 nonce\none`;
      await overwrite(redis.rows, "key", ahead);
      redis.heal();
      clock.advance(0.1);
      expect(await two.read("key")).toBe("one");
      expect(await one.read("key")).toBe("two");
      costs();
      for (const instance of [one, two]) expect(await instance.read("key")).toBe("two");
      expect(costs()).toEqual([0, 2]);
      clock.advance(30.1);
      await overwrite(redis.rows, "key", ahead);
      expect(await one.read("key")).toBe("two");
    }));

  test("a read that was under way while this instance wrote does not pass for newer", () =>
    withClock(async (clock) => {
      const { sql, redis, one } = scene();
      await sql.rows.write("key", "one", soon(), null);
      const parked = sql.park("after read");
      const reading = one.read("key");
      await parked.reached;
      clock.advance(0.1);
      redis.cut();
      expect(await one.write("key", "two", soon(), "one")).toEqual(SWAPPED);
      redis.heal();
      parked.resume();
      expect(await reading).toBe("one");
      expect(decodeCopy(await redis.rows.read("key"))?.value).toBe("one");
      clock.advance(0.1);
      expect(await one.read("key")).toBe("two");
    }));

  test("with old data that it brought back, an ended row is refused in time", () =>
    withClock(async (clock) => {
      const { redis, one, two } = scene();
      await one.write("key", "one", soon(), null);
      const old = (await redis.rows.read("key")) ?? "";
      await one.write("key", "ended", soon(), "one");
      await overwrite(redis.rows, "key", old);
      expect(await one.read("key")).toBe("ended");
      await overwrite(redis.rows, "key", old);
      expect(await two.read("key")).toBe("one");
      clock.advance(30);
      await overwrite(redis.rows, "key", old);
      expect(await two.read("key")).toBe("ended");
    }));

  test("empty, it is filled again", () =>
    withClock(async (clock) => {
      const { redis, one, two, costs } = scene();
      await one.write("key", "one", soon(), null);
      clock.advance(1.001);
      await redis.rows.write("key", "", 0, await redis.rows.read("key"));
      expect(await two.read("key")).toBe("one");
      costs();
      expect(await one.read("key")).toBe("one");
      expect(costs()).toEqual([0, 1]);
    }));
});

describe("while the authority does not answer", () => {
  test("fresh copies are served, and everything else rejects", () =>
    withClock(async (clock) => {
      const { sql, one, two } = scene();
      await one.write("key", "one", soon(), null);
      sql.cut();
      expect(await two.read("key")).toBe("one");
      expect((await failureOf(two.write("key", "two", soon(), "one"))).outcome).toBe("none");
      expect(await two.read("key")).toBe("one");
      expect((await failureOf(one.read("other"))).outcome).toBe("none");
      clock.advance(30);
      await failureOf(two.read("key"));
    }));

  test.each(["applied", "silent"] as const)(
    "a change that it left open (%s) is in nobody's copy",
    async (fault) => {
      const { sql, redis, one, two } = scene();
      await one.write("key", "one", soon(), null);
      await one.read("key");
      sql.fail("write", fault);
      expect((await failureOf(one.write("key", "two", soon(), "one"))).outcome).toBe("unknown");
      expect(await redis.rows.read("key")).toMatch(/^tombstone /);
      const now = await sql.rows.read("key");
      expect(now).toBe(fault === "applied" ? "two" : "one");
      for (const instance of [one, two]) expect(await instance.read("key")).toBe(now);
    },
  );
});

describe("a change that is refused", () => {
  test("answers what the authority has, and nobody reads the old copy afterwards", async () => {
    const { sql, one, two } = scene();
    await one.write("key", "one", soon(), null);
    await two.read("key");
    await overwrite(sql.rows, "key", "ended");
    expect(await two.write("key", "two", soon(), "one")).toEqual({
      swapped: false,
      current: "ended",
    });
    for (const instance of [two, one]) expect(await instance.read("key")).toBe("ended");
  });

  test("asks nothing of the cache where no copy misled it", async () => {
    const { sql, one, two, costs } = scene();
    await one.write("key", "one", soon(), null);
    await overwrite(sql.rows, "key", "two");
    costs();
    for (const expected of [null, "one"]) {
      const swap = await two.write("key", "new", soon(), expected);
      expect(swap).toEqual({ swapped: false, current: "two" });
    }
    expect(costs()).toEqual([2, 0]);
    expect(await two.read("key")).toBe("two");
  });

  test("leaves a copy that is right", async () => {
    const { one, two, costs } = scene();
    await one.write("key", "one", soon(), null);
    await two.read("key");
    costs();
    expect(await two.write("key", "two", soon(), "other")).toEqual({
      swapped: false,
      current: "one",
    });
    expect(costs()).toEqual([1, 0]);
    expect(await one.read("key")).toBe("one");
    expect(costs()).toEqual([0, 1]);
  });
});

test("an instance that wrote more keys than it remembers asks the authority rather than serve what may be older", () =>
  withClock(async (clock) => {
    const { sql, redis, one } = scene();
    await one.write("key", "one", soon(), null);
    const old = (await redis.rows.read("key")) ?? "";
    clock.advance(0.001);
    await one.write("key", "two", soon(), "one");
    for (let n = 0; n < 10_000; n++) await one.write(`other ${n}`, "one", soon(), null);
    await overwrite(redis.rows, "key", old);
    expect(decodeCopy(old)?.value).toBe("one");
    expect(await one.read("key")).toBe("two");
    expect(await sql.rows.read("key")).toBe("two");
  }));

describe("strict", () => {
  const wrong: Store = {
    read: () => Promise.reject(misconfigured()),
    write: () => Promise.reject(misconfigured()),
  };
  function misconfigured(): StoreError {
    return new StoreError("none", "Cannot use Redis: NOPERM", "STORE_MISCONFIGURED");
  }

  test("stops at a cache that is misconfigured, before anything is read or changed", async () => {
    const sql = place();
    await sql.rows.write("key", "one", soon(), null);
    const store = cachedStore({ authority: sql.store, cache: wrong, strict: true });
    for (let n = 0; n < 5; n++) {
      expect((await failureOf(store.read("key"))).code).toBe("STORE_MISCONFIGURED");
    }
    expect(sql.counting.commands).toBe(0);
  });

  test("is not the default: such a cache is as good as none", async () => {
    const sql = place();
    const events: SessionEvent[] = [];
    const store = cachedStore({
      authority: sql.store,
      cache: wrong,
      onEvent: (event) => events.push(event),
    });
    expect(await store.write("key", "one", soon(), null)).toEqual(SWAPPED);
    expect(await store.read("key")).toBe("one");
    expect(events).toEqual([
      {
        type: "stepped-down",
        store: "cache",
        outcome: "none",
        code: "STORE_MISCONFIGURED",
        message: "Cannot use Redis: NOPERM",
      },
    ]);
  });
});

describe("creation", () => {
  const store = memoryStore();
  test.each([
    [{}, "Cannot create cached store: authority must be a store"],
    [{ authority: store }, "Cannot create cached store: cache must be a store"],
    [{ authority: store, cache: store, maxStaleMs: 0 }, "maxStaleMs must be a whole number of"],
    [{ authority: store, cache: store, stale: 1 }, "stale must be left out: it is unknown"],
  ])("%# refuses what is wrong, and names it", (options, message) => {
    expect(() => cachedStore(options as never)).toThrow(message);
  });

  test("asks nothing", () => {
    const { costs } = scene();
    expect(costs()).toEqual([0, 0]);
  });
});

describe("in every order", () => {
  /** Two places in one store, so that each operation of either waits for its turn. */
  function instanceOn(store: Store) {
    const at = (prefix: string): Store => ({
      read: (key) => store.read(prefix + key),
      write: (key, ...row) => store.write(prefix + key, ...row),
    });
    return cachedStore({ authority: at("sql "), cache: at("redis ") });
  }

  const reader: Actor = async ({ store }) => {
    await instanceOn(store).read("key");
  };
  /** Changes what it reads, and once more what it is told stands there instead. */
  const writer =
    (value: string): Actor =>
    async ({ store }) => {
      const instance = instanceOn(store);
      const swap = await instance.write("key", value, soon(), await instance.read("key"));
      if (!swap.swapped) await instance.write("key", value, soon(), swap.current);
    };
  /** Changes what it knows to stand there, as the second try of a save does. */
  const changer =
    (value: string, expiresAt = soon()): Actor =>
    async ({ store }) => {
      await instanceOn(store).write("key", value, expiresAt, "one");
    };

  /** What the cache holds at first: nothing, the row's copy, or one of what the row was before. */
  const STARTS: Readonly<Record<string, (store: Store) => Promise<void>>> = {
    "an empty cache": async (store) => {
      await store.write("redis key", "", 0, await store.read("redis key"));
    },
    "a copy": async () => undefined,
    "a tombstone": (store) => overwrite(store, "redis key", "tombstone of before"),
  };
  const SCENES: Readonly<Record<string, Readonly<Record<string, Actor>>>> = {
    "two read and one writes": { reader, other: reader, changer: changer("two") },
    "one reads and one writes what it read": { reader, writer: writer("two") },
    "two write what they read": { writer: writer("two"), other: writer("three") },
    "one reads, one writes and one removes": {
      reader,
      changer: changer("two"),
      remover: changer("", 0),
    },
  };

  for (const [start, begin] of Object.entries(STARTS)) {
    for (const [sentence, actors] of Object.entries(SCENES)) {
      test(
        `${sentence}: the cache ends with nothing that the authority has not (${start})`,
        () =>
          withClock(async () => {
            const orders = await everyInterleaving(async () => {
              const store = memoryStore();
              await instanceOn(store).write("key", "one", soon(), null);
              await begin(store);
              return {
                store,
                actors,
                async check() {
                  expect(await instanceOn(store).read("key")).toBe(await store.read("sql key"));
                },
              };
            });
            expect(orders).toBeGreaterThan(3);
          }),
        60_000,
      );
    }
  }
});
