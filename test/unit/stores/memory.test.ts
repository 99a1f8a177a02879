import { memoryStore, type MemoryStoreOptions, type Store } from "coatcheck";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const HOUR = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "setInterval"], now: 1_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

function put(store: Store, key: string, life: number = HOUR): Promise<unknown> {
  return store.write(key, `value of ${key}`, Date.now() + life, null);
}

async function present(store: Store, ...keys: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const key of keys) if ((await store.read(key)) !== null) found.push(key);
  return found;
}

describe("the bound", () => {
  test("the row that was used least recently goes first", async () => {
    const store = memoryStore({ maxEntries: 3 });
    for (const key of ["a", "b", "c", "d"]) await put(store, key);
    expect(await present(store, "a", "b", "c", "d")).toEqual(["b", "c", "d"]);
  });

  test("a read counts as use", async () => {
    const store = memoryStore({ maxEntries: 3 });
    for (const key of ["a", "b", "c"]) await put(store, key);
    await store.read("a");
    await put(store, "d");
    expect(await present(store, "a", "b", "c", "d")).toEqual(["a", "c", "d"]);
  });

  test("a swap counts as use", async () => {
    const store = memoryStore({ maxEntries: 3 });
    for (const key of ["a", "b", "c"]) await put(store, key);
    await store.write("a", "new", Date.now() + HOUR, "value of a");
    await put(store, "d");
    expect(await present(store, "a", "b", "c", "d")).toEqual(["a", "c", "d"]);
  });

  test("a row that goes is absent to whoever expected it, and is not brought back", async () => {
    const store = memoryStore({ maxEntries: 1 });
    await put(store, "a");
    await put(store, "b");
    expect(await store.write("a", "new", Date.now() + HOUR, "value of a")).toEqual({
      swapped: false,
      current: null,
    });
    expect(await present(store, "a", "b")).toEqual(["b"]);
  });

  test("a swap over a row evicts nothing when the store is full", async () => {
    const store = memoryStore({ maxEntries: 2 });
    await put(store, "a");
    await put(store, "b");
    await store.write("b", "new", Date.now() + HOUR, "value of b");
    expect(await present(store, "a", "b")).toEqual(["a", "b"]);
  });

  test("a removal makes room", async () => {
    const store = memoryStore({ maxEntries: 2 });
    await put(store, "a");
    await put(store, "b");
    await store.write("b", "", 0, "value of b");
    await put(store, "c");
    expect(await present(store, "a", "c")).toEqual(["a", "c"]);
  });

  test("reads, refused writes and removals of what is not there take no room", async () => {
    const store = memoryStore({ maxEntries: 2 });
    await put(store, "a");
    await put(store, "b");
    for (let at = 0; at < 100; at++) {
      await store.read(`absent ${at}`);
      await store.write(`absent ${at}`, "x", Date.now() + HOUR, "expected");
      await store.write(`absent ${at}`, "x", 0, null);
      await store.write(`absent ${at}`, "x", Date.now(), null);
    }
    expect(await present(store, "a", "b")).toEqual(["a", "b"]);
  });

  test("an expired row makes room when it is met", async () => {
    const store = memoryStore({ maxEntries: 2 });
    await put(store, "a");
    await put(store, "b", 1000);
    vi.setSystemTime(Date.now() + 1000);
    expect(await store.read("b")).toBe(null);
    await put(store, "c");
    expect(await present(store, "a", "c")).toEqual(["a", "c"]);
  });

  test("an expired row that nobody meets goes when its turn comes", async () => {
    const store = memoryStore({ maxEntries: 2 });
    await put(store, "a", 1000);
    await put(store, "b");
    vi.setSystemTime(Date.now() + 1000);
    await put(store, "c");
    expect(await present(store, "a", "b", "c")).toEqual(["b", "c"]);
  });

  test("one row is enough", async () => {
    const store = memoryStore({ maxEntries: 1 });
    for (const key of ["a", "b", "c"]) await put(store, key);
    expect(await present(store, "a", "b", "c")).toEqual(["c"]);
  });

  test("the default is 10,000 rows", async () => {
    const store = memoryStore();
    for (let at = 0; at < 10_000; at++) await put(store, `row ${at}`);
    expect(await store.read("row 0")).toBe("value of row 0");
    await put(store, "one more");
    expect(await present(store, "row 0", "row 1", "row 2")).toEqual(["row 0", "row 2"]);
  });
});

describe("time", () => {
  test("a row is there until expiresAt, and not at it", async () => {
    const store = memoryStore();
    await put(store, "a", 1000);
    vi.setSystemTime(Date.now() + 999);
    expect(await store.read("a")).toBe("value of a");
    vi.setSystemTime(Date.now() + 1);
    expect(await store.read("a")).toBe(null);
  });

  test("an expired row does not come back when the clock is set back", async () => {
    const store = memoryStore();
    await put(store, "a", 1000);
    vi.setSystemTime(Date.now() + 1000);
    expect(await store.read("a")).toBe(null);
    vi.setSystemTime(Date.now() - 1000);
    expect(await store.read("a")).toBe(null);
  });

  test("no timer is ever set", async () => {
    const store = memoryStore({ maxEntries: 2 });
    for (const key of ["a", "b", "c"]) await put(store, key, 1000);
    await store.read("a");
    await store.write("c", "", 0, "value of c");
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("two stores share nothing", async () => {
  const [one, two] = [memoryStore(), memoryStore()];
  await put(one, "a");
  expect(await two.read("a")).toBe(null);
  await put(two, "a");
  await two.write("a", "", 0, "value of a");
  expect(await one.read("a")).toBe("value of a");
});

describe("options", () => {
  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    "maxEntries %s is a RangeError",
    (maxEntries) => {
      expect(() => memoryStore({ maxEntries })).toThrow(RangeError);
      expect(() => memoryStore({ maxEntries })).toThrow(/maxEntries must be a whole number/);
    },
  );

  test.each(["10", null, {}, 10n])("maxEntries of another type is an error", (maxEntries) => {
    const options = { maxEntries } as unknown as MemoryStoreOptions;
    expect(() => memoryStore(options)).toThrow(/maxEntries must be a whole number/);
  });

  test("an unknown option is a TypeError that names it", () => {
    const options = { max: 10 } as MemoryStoreOptions;
    expect(() => memoryStore(options)).toThrow(TypeError);
    expect(() => memoryStore(options)).toThrow(/max\b/);
  });

  test("maxEntries may be undefined", async () => {
    const options = { maxEntries: undefined } as unknown as MemoryStoreOptions;
    const store = memoryStore(options);
    await put(store, "a");
    expect(await store.read("a")).toBe("value of a");
  });
});
