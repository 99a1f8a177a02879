import { memoryUsers, type UserEntry, type UserIndex } from "coatcheck";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const HOUR = 3_600_000;
const NOW = 1_700_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "setInterval"], now: NOW });
});

afterEach(() => {
  vi.useRealTimers();
});

function entry(name: string, life: number = HOUR): UserEntry {
  const now = Date.now();
  return { key: `key-${name}`, handle: `handle-${name}`, at: now, expiresAt: now + life };
}

async function present(users: UserIndex, ...names: string[]): Promise<string> {
  const found: string[] = [];
  for (const user of names) {
    for (const { key } of await users.list(user, { limit: 1000 })) found.push(key.slice(4));
  }
  return found.toSorted().join(" ");
}

describe("the bound", () => {
  test("the entry that was noted first goes first, whoever's it is", async () => {
    const users = memoryUsers({ maxEntries: 3 });
    for (const name of ["a", "b", "c", "d"]) await users.add(`user ${name}`, entry(name));
    expect(await present(users, "user a", "user b", "user c", "user d")).toBe("b c d");
  });

  test("a touch is a note, an add of what stands there is none", async () => {
    const users = memoryUsers({ maxEntries: 2 });
    await users.add("user", entry("a"));
    await users.add("user", entry("b"));
    await users.touch("user", entry("a"));
    await users.add("user", entry("b"));
    await users.add("user", entry("c"));
    expect(await present(users, "user")).toBe("a c");
  });

  test("a touch of what stands there takes no room", async () => {
    const users = memoryUsers({ maxEntries: 2 });
    for (const name of ["a", "b"]) await users.add("user", entry(name));
    for (const name of ["b", "a", "b"]) await users.touch("user", entry(name));
    expect(await present(users, "user")).toBe("a b");
  });

  test("a removal makes room, a mark takes none", async () => {
    const users = memoryUsers({ maxEntries: 2 });
    for (const name of ["a", "b"]) await users.add("user", entry(name));
    await users.retire("user", {});
    await users.remove("user", ["key-a"]);
    await users.add("user", entry("c"));
    expect(await present(users, "user")).toBe("b c");
  });

  test("one entry is the least", async () => {
    const users = memoryUsers({ maxEntries: 1 });
    for (const name of ["a", "b"]) await users.add("user", entry(name));
    expect(await present(users, "user")).toBe("b");
  });
});

describe("time", () => {
  test("an entry is there until its last millisecond, and absent from then on", async () => {
    const users = memoryUsers();
    await users.add("user", entry("a"));
    vi.setSystemTime(NOW + HOUR - 1);
    expect(await present(users, "user")).toBe("a");
    vi.setSystemTime(NOW + HOUR);
    expect(await present(users, "user")).toBe("");
  });

  test("it starts no timers", async () => {
    const users = memoryUsers();
    await users.add("user", entry("a"));
    await users.retire("user", {});
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("what is answered", () => {
  test("is the caller's to change", async () => {
    const users = memoryUsers();
    const given = { ...entry("a") };
    await users.add("user", given);
    given.handle = "another";
    const [first] = await users.list("user", { limit: 1 });
    Object.assign(first ?? {}, { retired: true, key: "another" });
    expect(await users.list("user", { limit: 1 })).toEqual([{ ...entry("a"), retired: false }]);
  });

  test("has no more than an entry has, whatever else was given", async () => {
    const users = memoryUsers();
    await users.add("user", { ...entry("a"), more: 1 } as UserEntry);
    const [first] = await users.list("user", { limit: 1 });
    expect(Object.keys(first ?? {}).toSorted()).toEqual([
      "at",
      "expiresAt",
      "handle",
      "key",
      "retired",
    ]);
  });
});

describe("an index that cannot be made", () => {
  test.each([
    [
      { maxEntries: 0 },
      RangeError,
      "maxEntries must be a whole number of entries from 1 to 10000000",
    ],
    [{ maxEntries: 1.5 }, RangeError, "maxEntries must be a whole number of entries"],
    [{ maxEntries: 10_000_001 }, RangeError, "maxEntries must be"],
    [{ maxEntries: "9" }, TypeError, "maxEntries must be"],
    [{ max: 9 }, TypeError, "max must be left out: it is unknown"],
  ])("%j names the option and the mend", (options, Kind, says) => {
    const make = () => memoryUsers(options as object);
    expect(make).toThrow(Kind);
    expect(make).toThrow(`Cannot create memory index: ${says}`);
  });
});
