import { fallbackStore, memoryStore, type SessionEvent, type Store, StoreError } from "coatcheck";
import { describe, expect, test } from "vitest";
import { withClock } from "../../support/clock.ts";
import { countingStore, faultyStore } from "../../support/stores.ts";

const ALWAYS = { times: Number.MAX_SAFE_INTEGER };
const SWAPPED = { swapped: true };

/** A store that other instances see, counted and failing on demand. */
function shared() {
  const { read, write } = memoryStore();
  const faulty = faultyStore({ read, write });
  const counting = countingStore(faulty.store);
  return {
    store: counting.store,
    rows: { read, write },
    counting,
    fail: faulty.fail,
    cut: () => (["read", "write"] as const).forEach((it) => faulty.fail(it, "refused", ALWAYS)),
    heal: faulty.heal,
  };
}

function three() {
  const [first, second] = [shared(), shared()];
  const memory = countingStore(memoryStore());
  const local: Store = { ...memory.store, isLocal: true };
  const events: SessionEvent[] = [];
  const store = fallbackStore([first.store, second.store, local], {
    onEvent: (event) => events.push(event),
  });
  return { first, second, memory, store, events };
}

const soon = () => Date.now() + 60_000;

async function failureOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

describe("a new row", () => {
  test("goes to the first store, and to no other", async () => {
    const { first, second, memory, store } = three();
    expect(await store.write("key", "one", soon(), null)).toEqual(SWAPPED);
    expect(await first.rows.read("key")).toBe("one");
    expect(second.counting.commands + memory.commands).toBe(0);
  });

  test("goes to the next where the first has certainly not taken it", async () => {
    const { first, second, store } = three();
    first.cut();
    expect(await store.write("key", "one", soon(), null)).toEqual(SWAPPED);
    expect(await second.rows.read("key")).toBe("one");
    first.heal();
    expect(await store.read("key")).toBe("one");
    expect(await first.rows.read("key")).toBeNull();
  });

  test("goes nowhere else while nobody knows whether the first has it, and a new key goes further down", () =>
    withClock(async (clock) => {
      const { first, second, store } = three();
      first.fail("write", "applied");
      const failure = await failureOf(store.write("key", "one", soon(), null));
      expect(failure.outcome).toBe("unknown");
      expect(await second.rows.read("key")).toBeNull();

      expect(await store.write("other", "two", soon(), null)).toEqual(SWAPPED);
      expect(await second.rows.read("other")).toBe("two");
      clock.advance(1);
      expect(await store.write("third", "three", soon(), null)).toEqual(SWAPPED);
      expect(await first.rows.read("third")).toBe("three");
    }));

  test("does not go to memory because of one lost answer, but when the breaker has opened", () =>
    withClock(async (clock) => {
      const { read, write } = memoryStore();
      const faulty = faultyStore({ read, write });
      const memory = countingStore(memoryStore());
      const store = fallbackStore([faulty.store, { ...memory.store, isLocal: true }]);
      faulty.fail("write", "silent", ALWAYS);
      for (let n = 0; n < 3; n++) {
        expect((await failureOf(store.write(`a${n}`, "one", soon(), null))).outcome).toBe(
          "unknown",
        );
        expect((await failureOf(store.write(`b${n}`, "one", soon(), null))).outcome).toBe("none");
        expect(memory.commands).toBe(0);
        clock.advance(1);
      }
      expect(await store.write("key", "one", soon(), null)).toEqual(SWAPPED);
      expect(await store.read("key")).toBe("one");
    }));

  test("is refused where every store was silent a moment ago", () =>
    withClock(async () => {
      const silent = shared();
      silent.fail("write", "silent");
      const store = fallbackStore([silent.store]);
      await failureOf(store.write("key", "one", soon(), null));
      expect((await failureOf(store.write("other", "one", soon(), null))).outcome).toBe("none");
      expect(silent.counting.writes).toBe(1);
    }));

  test("is not written where one stands", async () => {
    const { store } = three();
    await store.write("key", "one", soon(), null);
    expect(await store.write("key", "two", soon(), null)).toEqual({
      swapped: false,
      current: "one",
    });
  });
});

describe("a read", () => {
  test("asks no further than the store that has the row", async () => {
    const { first, second, store } = three();
    await first.rows.write("key", "one", soon(), null);
    expect(await store.read("key")).toBe("one");
    expect(second.counting.commands).toBe(0);
  });

  test("finds a row below a store that fails", async () => {
    const { first, second, store } = three();
    await second.rows.write("key", "two", soon(), null);
    first.fail("read", "silent");
    expect(await store.read("key")).toBe("two");
  });

  test("takes nothing for absent that one store could not be asked for", async () => {
    const { first, second, store } = three();
    expect(await store.read("key")).toBeNull();
    for (const broken of [first, second]) {
      broken.cut();
      expect((await failureOf(store.read("key"))).outcome).toBe("none");
      broken.heal();
    }
    first.fail("read", "silent");
    expect((await failureOf(store.read("key"))).outcome).toBe("unknown");
  });

  test("takes an open breaker for a store that could not be asked", () =>
    withClock(async () => {
      const { first, store } = three();
      await first.rows.write("key", "one", soon(), null);
      first.cut();
      for (let n = 0; n < 6; n++) await failureOf(store.read("key"));
      expect(first.counting.reads).toBe(3);
    }));
});

describe("a change", () => {
  test("finds the row wherever it lives", async () => {
    const { first, second, store } = three();
    await second.rows.write("key", "one", soon(), null);
    expect(await store.write("key", "two", soon(), "one")).toEqual(SWAPPED);
    expect(await second.rows.read("key")).toBe("two");
    expect(await first.rows.read("key")).toBeNull();
  });

  test("answers what stands there instead", async () => {
    const { second, store } = three();
    await second.rows.write("key", "newer", soon(), null);
    const swap = await store.write("key", "two", soon(), "one");
    expect(swap).toEqual({ swapped: false, current: "newer" });
  });

  test("is done where one store did it, whatever another failed at", async () => {
    const { first, second, store } = three();
    await second.rows.write("key", "one", soon(), null);
    first.fail("write", "silent");
    expect(await store.write("key", "two", soon(), "one")).toEqual(SWAPPED);
  });

  test("needs every store's word that nothing stands there", async () => {
    const { first, store } = three();
    expect(await store.write("key", "two", soon(), "one")).toEqual({
      swapped: false,
      current: null,
    });
    first.fail("write", "refused");
    expect((await failureOf(store.write("key", "two", soon(), "one"))).outcome).toBe("none");
    first.fail("write", "applied");
    expect((await failureOf(store.write("key", "two", soon(), "one"))).outcome).toBe("unknown");
  });

  test("removes what is not there only with every store's word", async () => {
    const { first, second, store } = three();
    expect(await store.write("key", "", 0, null)).toEqual(SWAPPED);
    await second.rows.write("key", "one", soon(), null);
    expect(await store.write("key", "", 0, null)).toEqual({ swapped: false, current: "one" });
    expect(await store.write("key", "", 0, "one")).toEqual(SWAPPED);
    first.cut();
    await failureOf(store.write("key", "", 0, null));
  });
});

describe("memory at the end of the list", () => {
  test.each(["neither", "first", "second"] as const)(
    "is never asked while a store above it answers, be it with nothing, and %s of them is cut",
    async (broken) => {
      const { memory, store, ...others } = three();
      if (broken !== "neither") others[broken].cut();
      await store.write("key", "one", soon(), null);
      await store.read("absent").catch(() => undefined);
      await store.write("absent", "two", soon(), "one").catch(() => undefined);
      await store.write("absent", "", 0, null).catch(() => undefined);
      expect(memory.commands).toBe(0);
    },
  );

  test("serves while none answers, and its rows are gone when one does", () =>
    withClock(async (clock) => {
      const { first, second, store } = three();
      first.cut();
      second.cut();
      expect(await store.write("key", "one", soon(), null)).toEqual(SWAPPED);
      expect(await store.read("key")).toBe("one");
      expect(await store.write("key", "two", soon(), "one")).toEqual(SWAPPED);
      expect(await store.write("key", "three", soon(), "one")).toEqual({
        swapped: false,
        current: "two",
      });
      await failureOf(store.read("other"));
      first.heal();
      second.heal();
      clock.advance(7.5);
      expect(await store.read("key")).toBeNull();
    }));

  test("keeps a row for 15 minutes from its creation, however often it is written", () =>
    withClock(async (clock) => {
      const store = fallbackStore([memoryStore()]);
      const day = () => Date.now() + 86_400_000;
      await store.write("key", "1", day(), null);
      for (const n of [1, 2, 3]) {
        clock.advance(299.999);
        expect(await store.write("key", `${n + 1}`, day(), `${n}`)).toEqual(SWAPPED);
      }
      expect(await store.read("key")).toBe("4");
      clock.advance(0.003);
      expect(await store.read("key")).toBeNull();
      expect(await store.write("key", "5", day(), "4")).toEqual({ swapped: false, current: null });
    }));

  test("keeps a row no longer than it was told to", () =>
    withClock(async (clock) => {
      const store = fallbackStore([memoryStore()]);
      await store.write("key", "one", Date.now() + 1000, null);
      clock.advance(1);
      expect(await store.read("key")).toBeNull();
    }));

  test("forgets its rows when another store has answered, so that a logout is not undone by the next outage", () =>
    withClock(async (clock) => {
      const { first, second, memory, store } = three();
      const cut = () => [first, second].forEach((it) => it.cut());
      const heal = () => {
        for (const it of [first, second]) it.heal();
        clock.advance(7.5);
      };
      cut();
      await store.write("key", "one", soon(), null);
      await store.write("other", "one", soon(), null);
      heal();
      memory.reset();
      expect(await store.read("key")).toBeNull();
      expect(memory.commands).toBe(0);
      cut();
      for (const key of ["key", "other"]) await failureOf(store.read(key));
      await failureOf(store.write("key", "two", soon(), "one"));
      expect(await store.write("key", "three", soon(), null)).toEqual(SWAPPED);
      expect(await store.read("key")).toBe("three");
      await failureOf(store.read("other"));
    }));

  test("takes no new row while a store above it reads and does not write", () =>
    withClock(async () => {
      const { first, second, memory, store } = three();
      first.fail("write", "refused", ALWAYS);
      second.cut();
      for (let n = 0; n < 6; n++) {
        expect((await failureOf(store.write(`key ${n}`, "one", soon(), null))).outcome).toBe(
          "none",
        );
      }
      expect(memory.commands).toBe(0);
      first.cut();
      expect(await store.write("key", "one", soon(), null)).toEqual(SWAPPED);
    }));

  test("is shared by those who were given the same, and takes nothing else for a row", async () => {
    const memory = memoryStore();
    const [one, two] = [fallbackStore([memory]), fallbackStore([memory])];
    await memory.write("foreign", "one", soon(), null);
    expect(await one.read("foreign")).toBeNull();
    await one.write("key", "one", soon(), null);
    expect(await two.read("key")).toBe("one");
    expect(await two.write("key", "two", soon(), "one")).toEqual(SWAPPED);
  });
});

describe("time", () => {
  test("is more in all where one store may take more", async () => {
    const [first, second] = [shared(), shared()];
    await second.rows.write("key", "two", soon(), null);
    first.fail("read", "hang");
    const store = fallbackStore([first.store, second.store], { timeoutMs: 2600 });
    expect(await store.read("key")).toBe("two");
  });

  test("is bounded for all stores together", async () => {
    const [first, second, third] = [shared(), shared(), shared()];
    for (const { fail } of [first, second, third]) fail("read", "hang", ALWAYS);
    const store = fallbackStore([first.store, second.store, third.store], {
      timeoutMs: 40,
      budgetMs: 60,
    });
    expect((await failureOf(store.read("key"))).outcome).toBe("unknown");
    expect(third.counting.reads).toBe(0);
  });
});

describe("strict", () => {
  const wrong: Store = {
    ...memoryStore(),
    isLocal: false,
    read: () => Promise.reject(misconfigured()),
    write: () => Promise.reject(misconfigured()),
  };
  function misconfigured(): StoreError {
    return new StoreError("none", "Cannot use Redis: WRONGPASS", "STORE_MISCONFIGURED");
  }

  test("stops at a store that is misconfigured", async () => {
    const next = shared();
    const store = fallbackStore([wrong, next.store], { strict: true });
    for (let n = 0; n < 5; n++) {
      for (const work of [store.read("key"), store.write("key", "one", soon(), null)]) {
        expect((await failureOf(work)).code).toBe("STORE_MISCONFIGURED");
      }
    }
    expect(next.counting.commands).toBe(0);
  });

  test("is not the default: such a store is passed over", async () => {
    const next = shared();
    const events: SessionEvent[] = [];
    const store = fallbackStore([wrong, next.store], { onEvent: (it) => events.push(it) });
    expect(await store.write("key", "one", soon(), null)).toEqual(SWAPPED);
    expect(await store.read("key")).toBe("one");
    expect(events).toEqual([
      {
        type: "stepped-down",
        store: 0,
        outcome: "none",
        code: "STORE_MISCONFIGURED",
        message: "Cannot use Redis: WRONGPASS",
      },
    ]);
  });
});

describe("creation", () => {
  const store = memoryStore();
  test.each([
    [[], {}, "Cannot create fallback store: stores must be a list of stores"],
    [[store, {}], {}, "Cannot create fallback store: stores must be a list of stores"],
    [store, {}, "Cannot create fallback store: stores must be a list of stores"],
    [[store, shared().store], {}, "stores must be a list of stores, memory last"],
    [[store], { timeoutMs: 3000, budgetMs: 2999 }, "budgetMs must not be less than timeoutMs"],
    [[store], { timeoutMs: 0 }, "timeoutMs must be a whole number of milliseconds from 1 to 60000"],
    [[store], { budgetMs: 1.5 }, "budgetMs must be a whole number of milliseconds from 1 to 60000"],
    [[store], { strict: "yes" }, "strict must be true or false"],
    [[store], { onEvent: 1 }, "onEvent must be a function"],
    [[store], { retries: 3 }, "retries must be left out: it is unknown"],
  ])("%# refuses what is wrong, and names it", (stores, options, message) => {
    expect(() => fallbackStore(stores as Store[], options as object)).toThrow(message);
  });

  test("is local only where every store is", () => {
    expect(fallbackStore([store]).isLocal).toBe(true);
    expect(fallbackStore([shared().store, store]).isLocal).toBe(false);
  });
});
