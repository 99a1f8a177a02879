import { describe, expect, test } from "vitest";
import { createContext, refOf } from "../../src/context.ts";
import { StoreError } from "../../src/errors.ts";
import type { SessionEvent } from "../../src/events.ts";
import { resolveOptions } from "../../src/options.ts";
import type { Store } from "../../src/store.ts";
import { memoryStore } from "../../src/stores/memory.ts";

const KEY = "k".repeat(43);

function open(store: Store, onEvent?: (event: SessionEvent) => void) {
  const events: SessionEvent[] = [];
  const context = createContext(
    resolveOptions({
      secrets: ["s".repeat(32)],
      store,
      onEvent: onEvent ?? ((event) => events.push(event)),
    }),
  );
  return { ...context, events };
}

function failing(error: unknown): Store & { error: unknown } {
  const inner = memoryStore();
  const store = {
    error,
    async read(key: string) {
      if (store.error) throw store.error;
      return inner.read(key);
    },
    async write(...row: Parameters<Store["write"]>) {
      if (store.error) throw store.error;
      return inner.write(...row);
    },
  };
  return store;
}

describe("the store, as the core sees it", () => {
  test("answers what the store answers", async () => {
    const { store, events } = open(memoryStore());
    expect(await store.read(KEY)).toBeNull();
    expect(await store.write(KEY, "a", Date.now() + 1000, null)).toEqual({ swapped: true });
    expect(await store.write(KEY, "b", Date.now() + 1000, null)).toEqual({
      swapped: false,
      current: "a",
    });
    expect(await store.read(KEY)).toBe("a");
    expect(events).toEqual([]);
  });

  test.each([
    ["an Error", new Error(`command was: ["GET","${KEY}"]`)],
    ["a string", `failed at ${KEY}`],
    ["an object", { key: KEY }],
    ["undefined in an Error", new Error("")],
  ])(
    "%s that a store throws becomes an unknown outcome, and nothing of it is passed on",
    async (_, thrown) => {
      const { store, events } = open(failing(thrown));
      const failure = await store.read(KEY).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StoreError);
      expect(failure).toMatchObject({ outcome: "unknown", code: "STORE_UNAVAILABLE" });
      expect(failure).not.toHaveProperty("cause");
      expect(`${String(failure)} ${JSON.stringify([failure, events])}`).not.toContain(KEY);
    },
  );

  test("an answer of another shape is none", async () => {
    for (const answer of [undefined, 1, true, {}, []]) {
      const { store, events } = open({ ...memoryStore(), read: async () => answer as never });
      await expect(store.read(KEY)).rejects.toMatchObject({ outcome: "unknown" });
      expect(events).toMatchObject([{ type: "store-failed", operation: "read" }]);
    }
    for (const answer of [undefined, null, "OK", true, {}, { swapped: "no" }]) {
      const { store, events } = open({ ...memoryStore(), write: async () => answer as never });
      await expect(store.write(KEY, "a", 1, null)).rejects.toMatchObject({ outcome: "unknown" });
      expect(events).toMatchObject([{ type: "store-failed", operation: "write" }]);
    }
  });

  test("a StoreError stays as it is, and is reported with all that it says", async () => {
    const error = new StoreError("none", "Give the other token", "STORE_MISCONFIGURED");
    const { store, events } = open(failing(error));
    await expect(store.write(KEY, "a", 1, null)).rejects.toBe(error);
    expect(events).toEqual([
      {
        type: "store-failed",
        operation: "write",
        outcome: "none",
        code: "STORE_MISCONFIGURED",
        message: "Give the other token",
      },
    ]);
  });

  test("a store that throws at once is taken for one that rejects", async () => {
    const { store } = open({
      read: () => {
        throw new Error("at once");
      },
      write: () => {
        throw new StoreError("none", "at once");
      },
    });
    await expect(store.read(KEY)).rejects.toMatchObject({ outcome: "unknown" });
    await expect(store.write(KEY, "", 0, null)).rejects.toMatchObject({ outcome: "none" });
  });

  test("recovery is reported once, with the first answer after a failure", async () => {
    const broken = failing(new Error("down"));
    const { store, events } = open(broken);
    await store.read(KEY).catch(() => undefined);
    await store.read(KEY).catch(() => undefined);
    broken.error = undefined;
    await store.read(KEY);
    await store.read(KEY);
    expect(events.map(({ type }) => type)).toEqual([
      "store-failed",
      "store-failed",
      "store-recovered",
    ]);
  });
});

describe("the reporter", () => {
  test("drops what an observer throws", () => {
    const { report } = open(memoryStore(), () => {
      throw new Error("mine");
    });
    expect(() => report({ type: "insecure" })).not.toThrow();
  });

  test("drops what an async observer rejects with: no unhandled rejection", async () => {
    const { report } = open(memoryStore(), () => Promise.reject(new Error("mine")));
    report({ type: "insecure" });
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

test("refOf() is the first 12 characters of a key", () => {
  expect(refOf(`abcdefghijkl${KEY}`)).toBe("abcdefghijkl");
});
