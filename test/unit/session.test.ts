import { describe, expect, test } from "vitest";
import { SessionDataError, SessionError, StoreError } from "../../src/errors.ts";
import type { SessionOptions } from "../../src/options.ts";
import { createSessions, perEnv } from "../../src/sessions.ts";
import type { Session } from "../../src/session.ts";
import type { Store } from "../../src/store.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { pausingStore } from "../support/stores.ts";

interface Data {
  n: number;
  list: unknown[];
  a?: unknown;
  b?: unknown;
}

function shop(options: Partial<SessionOptions<Data>> = {}) {
  const inner = memoryStore();
  const commands: string[] = [];
  const store: Store = {
    read(key) {
      commands.push("read");
      return inner.read(key);
    },
    write(...row) {
      commands.push("write");
      return inner.write(...row);
    },
  };
  const sessions = createSessions<Data>({
    secrets: ["s".repeat(32)],
    store,
    initial: () => ({ n: 0, list: [] }),
    ...options,
  });
  return {
    sessions,
    commands,
    /** A stored session's Cookie header. */
    async begin(act: (session: Session<Data>) => void = (session) => void session.data.n++) {
      const session = await sessions.open(null);
      act(session);
      const cookie = await sessions.save(session);
      commands.length = 0;
      return `${cookie?.name}=${cookie?.value}`;
    },
  };
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof SessionError ? error.code : String(error);
  }
  return "nothing thrown";
}

const increment = (data: Data) => {
  data.n++;
};

const USES: [string, (session: Session<Data>) => unknown][] = [
  ["update()", (session) => session.update(increment)],
  ["flash(key, value)", (session) => session.flash("a", 1)],
  ["regenerate()", (session) => session.regenerate()],
  ["destroy()", (session) => session.destroy()],
];

describe("data", () => {
  test("is the application's own object, the same each time", async () => {
    const session = await shop().sessions.open(null);
    session.data.list.push(1);
    expect(session.data).toBe(session.data);
    expect(session.data.list).toEqual([1]);
  });

  test("is made once for each session, and not before somebody asks", async () => {
    let made = 0;
    const { sessions } = shop({ initial: () => ({ n: ++made, list: [] }) });
    const session = await sessions.open(null);
    await sessions.save(session);
    expect(made).toBe(0);
    expect([session.data.n, session.data.n]).toEqual([1, 1]);
  });

  test("edits in place are found, and reading alone is no change", async () => {
    const { sessions, commands, begin } = shop();
    const cookie = await begin();
    const reader = await sessions.open(cookie);
    expect(reader.data.n).toBe(1);
    expect(await sessions.save(reader)).toBeNull();
    expect(commands).toEqual(["read"]);
    const writer = await sessions.open(cookie);
    writer.data.list.push({ deep: [1] });
    await sessions.save(writer);
    expect((await sessions.open(cookie)).data.list).toEqual([{ deep: [1] }]);
  });

  test("an edit that was taken back writes nothing", async () => {
    const { sessions, commands, begin } = shop();
    const session = await sessions.open(await begin());
    session.data.n = 5;
    session.data.n = 1;
    await sessions.save(session);
    expect(commands).toEqual(["read"]);
  });

  test("is a frozen copy where the session is read-only, and no edit gets through", async () => {
    const { sessions, begin } = shop();
    const session = await sessions.open(await begin(), { readOnly: true });
    expect(Object.isFrozen(session.data) && Object.isFrozen(session.data.list)).toBe(true);
    expect(session.data).toBe(session.data);
    expect(() => session.data.list.push(1)).toThrow(TypeError);
  });

  test("is a frozen copy after commit, while what the application holds stays as it is", async () => {
    const { sessions } = shop();
    const session = await sessions.load(new Headers());
    const held = session.data;
    held.n = 1;
    await sessions.commit(session, new Response());
    held.n = 2;
    expect(session.data).not.toBe(held);
    expect(Object.isFrozen(session.data)).toBe(true);
  });
});

describe("update()", () => {
  test("is applied at once", async () => {
    const session = await shop().sessions.open(null);
    session.update(increment);
    expect(session.data.n).toBe(1);
  });

  test("keeps the order of functions and direct edits", async () => {
    const { sessions, begin } = shop();
    const cookie = await begin();
    const session = await sessions.open(cookie);
    session.data.n = 10;
    session.update(increment);
    session.data.n *= 2;
    session.update(increment);
    await sessions.save(session);
    expect((await sessions.open(cookie)).data.n).toBe(23);
  });

  test("leaves the data as it was where the function throws", async () => {
    const { sessions, begin } = shop();
    const cookie = await begin();
    const session = await sessions.open(cookie);
    session.data.a = "kept";
    const held = session.data;
    expect(() =>
      session.update((data): void => {
        data.n = 99;
        delete data.a;
        data.b = 1;
        throw new RangeError("mine");
      }),
    ).toThrow("mine");
    expect(session.data).toBe(held);
    expect(session.data).toEqual({ n: 1, list: [], a: "kept" });
    await sessions.save(session);
    expect((await sessions.open(cookie)).data).toEqual({ n: 1, list: [], a: "kept" });
  });

  test("leaves the data as it was where JSON cannot carry the result", async () => {
    const session = await shop().sessions.open(null);
    let error: unknown;
    try {
      session.update((data) => {
        data.a = { when: new Date() };
      });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SessionDataError);
    expect(error).toMatchObject({ path: "data.a.when" });
    expect(session.data).toEqual({ n: 0, list: [] });
  });

  test("a function that answers a promise is a TypeError at once, and changes nothing", async () => {
    const session = await shop().sessions.open(null);
    const late = (async (data: Data) => {
      data.n = 99;
    }) as unknown as (data: Data) => undefined;
    expect(() => session.update(late)).toThrow(TypeError);
    expect(session.data.n).toBe(0);
  });
});

describe("flash()", () => {
  test("is there on the next page, once", async () => {
    const { sessions, begin } = shop();
    const cookie = await begin((session) => session.flash("notice", { text: "Saved" }));
    const next = await sessions.open(cookie);
    expect(next.flash("notice")).toEqual({ text: "Saved" });
    expect(next.flash("notice")).toEqual({ text: "Saved" });
    await sessions.save(next);
    expect((await sessions.open(cookie)).flash("notice")).toBeUndefined();
  });

  test("stays where nobody reads it, and where it was read on a prefetch or read-only", async () => {
    const { sessions, begin } = shop();
    const cookie = await begin((session) => session.flash("notice", "Saved"));
    for (const options of [{}, { prefetch: true }, { readOnly: true }]) {
      const session = await sessions.open(cookie, options);
      if (Object.keys(options).length > 0) expect(session.flash("notice")).toBe("Saved");
      else session.update(increment);
      await sessions.save(session);
    }
    expect((await sessions.open(cookie)).flash("notice")).toBe("Saved");
  });

  test("a value set after one was read is a new one", async () => {
    const { sessions, begin } = shop();
    const cookie = await begin((session) => session.flash("notice", "old"));
    const session = await sessions.open(cookie);
    expect(session.flash("notice")).toBe("old");
    session.flash("notice", "new");
    await sessions.save(session);
    expect((await sessions.open(cookie)).flash("notice")).toBe("new");
  });

  test("what was read is used up on newer data too, but not a newer value of the same name", async () => {
    const { sessions, begin } = shop();
    const cookie = await begin((session) => {
      session.flash("a", "old");
      session.flash("b", "old");
    });
    const [mine, theirs] = [await sessions.open(cookie), await sessions.open(cookie)];
    theirs.flash("b", "new");
    await sessions.save(theirs);
    expect([mine.flash("a"), mine.flash("b")]).toEqual(["old", "old"]);
    await sessions.save(mine);
    const next = await sessions.open(cookie);
    expect([next.flash("a"), next.flash("b")]).toEqual([undefined, "new"]);
  });

  test("keeps a copy, frozen", async () => {
    const session = await shop().sessions.open(null);
    const value = { list: [1] };
    session.flash("notice", value);
    value.list.push(2);
    expect(session.flash("notice")).toEqual({ list: [1] });
    expect(Object.isFrozen(session.flash("notice"))).toBe(true);
  });

  test.each([["__proto__"], ["constructor"], [""], ["a b"]])("takes the key %j", async (key) => {
    const { sessions, begin } = shop();
    const cookie = await begin((session) => session.flash(key, "value"));
    const next = await sessions.open(cookie);
    expect(next.flash("toString")).toBeUndefined();
    expect(next.flash(key)).toBe("value");
  });

  test.each([
    ["undefined", undefined, "flash.notice"],
    ["a Date inside", { when: new Date() }, "flash.notice.when"],
  ])("refuses %s and names the place", async (_, value, path) => {
    const session = await shop().sessions.open(null);
    let error: unknown;
    try {
      session.flash("notice", value);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SessionDataError);
    expect(error).toMatchObject({ path });
  });
});

describe("what cannot be done any more", () => {
  test.each([
    ...USES,
    ["data", (session: Session<Data>) => session.data] as const,
    ["flash(key)", (session: Session<Data>) => session.flash("a")] as const,
  ])("%s after destroy()", async (_, use) => {
    const session = await shop().sessions.open(null);
    session.destroy();
    expect(codeOf(() => use(session))).toBe("SESSION_DESTROYED");
  });

  test.each(USES)("%s after commit", async (_, use) => {
    const { sessions } = shop();
    const session = await sessions.load(new Headers());
    await sessions.commit(session, new Response());
    expect(codeOf(() => use(session))).toBe("SESSION_COMMITTED");
    expect(session.flash("a")).toBeUndefined();
  });

  test.each(USES)("%s while commit is under way", async (_, use) => {
    const { sessions } = shop();
    const session = await sessions.load(new Headers());
    session.data.n++;
    const committing = sessions.commit(session, new Response());
    expect(codeOf(() => use(session))).toBe("SESSION_COMMITTED");
    await committing;
  });

  test.each(USES)("%s where the session is read-only", async (_, use) => {
    const session = await shop().sessions.open(null, { readOnly: true });
    expect(codeOf(() => use(session))).toBe("SESSION_READ_ONLY");
  });

  test.each(USES.slice(0, 3))("%s where the store did not answer", async (_, use) => {
    const store: Store = {
      read: () => Promise.reject(new StoreError("none", "down")),
      write: () => Promise.reject(new StoreError("none", "down")),
    };
    const { sessions } = shop({ store, whenUnavailable: "anonymous" });
    const session = await sessions.open(await shop().begin());
    expect(session.unavailable).toBe(true);
    expect(codeOf(() => use(session))).toBe("STORE_UNAVAILABLE");
  });

  test("saving a session of others is refused", async () => {
    const session = await shop().sessions.open(null);
    await expect(shop().sessions.save(session)).rejects.toMatchObject({ code: "SESSION_FOREIGN" });
  });
});

describe("isNew, unavailable and the times", () => {
  test("of a new session", async () => {
    const before = Date.now();
    const session = await shop({ idleTimeout: 60 }).sessions.open(null);
    expect([session.isNew, session.unavailable]).toEqual([true, false]);
    expect(session.createdAt).toBeGreaterThanOrEqual(before);
    expect(session.expiresAt).toBe(session.createdAt + 60_000);
  });

  test("of a stored one", async () => {
    const { sessions, begin } = shop();
    const session = await sessions.open(await begin());
    expect(session.isNew).toBe(false);
  });

  test("of one that was just saved", async () => {
    const { sessions } = shop();
    const session = await sessions.open(null);
    session.data.n++;
    await sessions.save(session);
    expect(session.isNew).toBe(false);
  });

  test("may be asked for after destroy()", async () => {
    const session = await shop().sessions.open(null);
    session.destroy();
    expect(session.isNew).toBe(true);
    expect(session.createdAt).toBeLessThan(session.expiresAt);
  });

  test("names no user any more after signOut(), before it is saved", async () => {
    const { sessions, begin } = shop();
    const session = await sessions.open(await begin((opened) => opened.signIn("Ada")));
    expect([session.userId, session.isFresh(60)]).toEqual(["Ada", true]);
    session.signOut();
    expect([session.userId, session.isFresh(60)]).toEqual([undefined, false]);
    await sessions.save(session);
    expect([session.userId, session.isFresh(60)]).toEqual([undefined, false]);
  });
});

describe("save() again", () => {
  test("writes what came since, and answers no cookie", async () => {
    const { sessions } = shop();
    const session = await sessions.open(null);
    session.update(increment);
    const cookie = await sessions.save(session);
    session.update(increment);
    session.data.a = 1;
    expect(await sessions.save(session)).toBeNull();
    const next = await sessions.open(`${cookie?.name}=${cookie?.value}`);
    expect(next.data).toMatchObject({ n: 2, a: 1 });
  });

  test("two at once make one row", async () => {
    const { sessions, commands } = shop();
    const session = await sessions.open(null);
    session.update(increment);
    const [first, second] = await Promise.all([sessions.save(session), sessions.save(session)]);
    expect([typeof first?.value, second]).toEqual(["string", null]);
    expect(commands).toEqual(["write"]);
  });

  test("a change made while a save is under way is the next save's", async () => {
    const pausing = pausingStore(memoryStore());
    const { sessions, begin } = shop({ store: pausing.store });
    const cookie = await begin();
    const session = await sessions.open(cookie);
    session.update(increment);
    const parked = pausing.park("before write");
    const saving = sessions.save(session);
    await parked.reached;
    session.update(increment);
    session.flash("late", "kept");
    parked.resume();
    await saving;
    await sessions.save(session);
    const next = await sessions.open(cookie);
    expect([next.data.n, next.flash("late")]).toEqual([3, "kept"]);
  });

  test.each([
    ["functions alone", false],
    ["functions on data that was looked at", true],
  ])(
    "a change made while a save is under way that meets another's is the next save's: %s",
    async (_, looked) => {
      const pausing = pausingStore(memoryStore());
      const { sessions, begin } = shop({ store: pausing.store });
      const cookie = await begin();
      const [mine, theirs] = [await sessions.open(cookie), await sessions.open(cookie)];
      theirs.update(increment);
      theirs.data.b = "theirs";
      await sessions.save(theirs);
      if (looked) expect(mine.data.n).toBe(1);
      mine.update(increment);
      const parked = pausing.park("before write");
      const saving = sessions.save(mine);
      await parked.reached;
      mine.update(increment);
      mine.flash("late", "kept");
      parked.resume();
      await saving;
      await sessions.save(mine);
      const next = await sessions.open(cookie);
      expect([next.data.n, next.data.b, next.flash("late")]).toEqual([4, "theirs", "kept"]);
    },
  );

  test("a function applied while a save meets another's is applied again by the next one", async () => {
    const pausing = pausingStore(memoryStore());
    const { sessions, begin } = shop({ store: pausing.store });
    const cookie = await begin();
    const [mine, first] = [await sessions.open(cookie), await sessions.open(cookie)];
    first.data.b = "theirs";
    await sessions.save(first);
    mine.data.a = 1;
    const parked = pausing.park("before write");
    const saving = sessions.save(mine);
    await parked.reached;
    mine.update(increment);
    parked.resume();
    await saving;
    const second = await sessions.open(cookie);
    second.update(increment);
    await sessions.save(second);
    await sessions.save(mine);
    expect((await sessions.open(cookie)).data).toMatchObject({ n: 3, a: 1, b: "theirs" });
  });

  test("a direct edit made while a save is under way is the next save's", async () => {
    const pausing = pausingStore(memoryStore());
    const { sessions, begin } = shop({ store: pausing.store });
    const cookie = await begin();
    const [mine, theirs] = [await sessions.open(cookie), await sessions.open(cookie)];
    theirs.data.b = "theirs";
    await sessions.save(theirs);
    mine.data.a = 1;
    const parked = pausing.park("before write");
    const saving = sessions.save(mine);
    await parked.reached;
    mine.data.n = 9;
    parked.resume();
    await saving;
    await sessions.save(mine);
    expect((await sessions.open(cookie)).data).toMatchObject({ n: 9, a: 1, b: "theirs" });
  });

  test("another's flash value that a save met is not lost by the next one", async () => {
    const { sessions, begin } = shop();
    const cookie = await begin();
    const [mine, theirs] = [await sessions.open(cookie), await sessions.open(cookie)];
    theirs.flash("theirs", 1);
    await sessions.save(theirs);
    mine.flash("mine", 1);
    await sessions.save(mine);
    mine.update(increment);
    await sessions.save(mine);
    const next = await sessions.open(cookie);
    expect([next.flash("mine"), next.flash("theirs"), next.data.n]).toEqual([1, 1, 2]);
  });

  test("another's change that a save met is not taken back by the next one", async () => {
    const { sessions, begin } = shop();
    const cookie = await begin();
    const [mine, theirs] = [await sessions.open(cookie), await sessions.open(cookie)];
    theirs.data.b = "theirs";
    await sessions.save(theirs);
    mine.data.a = "mine";
    await sessions.save(mine);
    expect(mine.data).toMatchObject({ a: "mine", b: "theirs" });
    mine.update(increment);
    await sessions.save(mine);
    expect((await sessions.open(cookie)).data).toMatchObject({ a: "mine", b: "theirs", n: 2 });
  });

  test("data that cannot be kept, put there while a save meets another's, takes nothing of theirs", async () => {
    const pausing = pausingStore(memoryStore());
    const { sessions, begin } = shop({ store: pausing.store });
    const cookie = await begin();
    const [mine, theirs] = [await sessions.open(cookie), await sessions.open(cookie)];
    theirs.data.b = "theirs";
    await sessions.save(theirs);
    mine.data.n = 5;
    const parked = pausing.park("before write");
    const saving = sessions.save(mine).catch((error: unknown) => error);
    await parked.reached;
    mine.data.a = new Date();
    parked.resume();
    await saving;
    mine.data.a = "mended";
    await sessions.save(mine);
    expect((await sessions.open(cookie)).data).toMatchObject({ n: 5, a: "mended", b: "theirs" });
  });
});

describe("a response that carries no cookie", () => {
  const upgrade = () => Object.defineProperty(new Response(null), "status", { value: 101 });

  test("lets a change be saved", async () => {
    const { sessions, begin } = shop();
    const cookie = await begin();
    const session = await sessions.open(cookie);
    session.update(increment);
    const response = upgrade();
    expect(await sessions.commit(session, response)).toBe(response);
    expect((await sessions.open(cookie)).data.n).toBe(2);
  });

  test("lets no session begin, and writes nothing", async () => {
    const { sessions, commands } = shop();
    const session = await sessions.open(null);
    session.update(increment);
    await expect(sessions.commit(session, upgrade())).rejects.toMatchObject({
      code: "SESSION_COOKIE_NEEDED",
    });
    expect(commands).toEqual([]);
  });

  test("lets none be regenerated, and the session stays as it is", async () => {
    const { sessions, begin, commands } = shop();
    const cookie = await begin();
    const session = await sessions.open(cookie);
    session.regenerate();
    await expect(sessions.commit(session, upgrade())).rejects.toMatchObject({
      code: "SESSION_COOKIE_NEEDED",
    });
    expect(commands).toEqual(["read"]);
    expect((await sessions.open(cookie)).isNew).toBe(false);
  });
});

describe("a renewal alone", () => {
  test.each([
    ["a StoreError", new StoreError("unknown", "down")],
    ["another error of the store", new Error("down")],
  ])("that meets %s lets the response go out as it is", async (_, error) => {
    const inner = memoryStore();
    let failing = false;
    const { sessions, begin } = shop({
      idleTimeout: 1,
      store: {
        read: inner.read,
        write: (...row) => (failing ? Promise.reject(error) : inner.write(...row)),
      },
    });
    const cookie = await begin();
    await new Promise((resolve) => setTimeout(resolve, 110));
    failing = true;
    const session = await sessions.open(cookie);
    expect(session.isNew).toBe(false);
    expect(await sessions.save(session)).toBeNull();
  });
});

describe("perEnv()", () => {
  test("makes the sessions once for each env, which they then belong to", async () => {
    let made = 0;
    const sessionsOf = perEnv((env: { secret: string }) => {
      made++;
      return createSessions({ secrets: [env.secret], store: memoryStore() });
    });
    const [one, two] = [{ secret: "1".repeat(32) }, { secret: "1".repeat(32) }];
    expect(sessionsOf(one)).toBe(sessionsOf(one));
    expect(sessionsOf(two)).not.toBe(sessionsOf(one));
    expect(made).toBe(2);
  });

  test("makes them again where the first time threw, and takes nothing but objects", () => {
    let secret = "too short";
    const sessionsOf = perEnv((_env: object) =>
      createSessions({ secrets: [secret], store: memoryStore() }),
    );
    const env = {};
    expect(() => sessionsOf(env)).toThrow(TypeError);
    secret = "2".repeat(32);
    expect(sessionsOf(env)).toBe(sessionsOf(env));
    expect(() => sessionsOf("env" as unknown as object)).toThrow(TypeError);
  });
});
