// What createSessions wires: orders of save, commit and handler, and what happens where one of them fails.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  createSessions,
  memoryStore,
  memoryUsers,
  type Session,
  type SessionEvent,
  type Sessions,
  StoreError,
} from "coatcheck";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { SessionOptions } from "../../src/options.ts";
import { withClock } from "../support/clock.ts";
import { countingStore, dumpingStore, faultyStore, pausingStore } from "../support/stores.ts";

interface Data {
  n: number;
  user?: string;
  list: string[];
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const secrets = ["0123456789abcdef0123456789abcdef"];
const initial = (): Data => ({ n: 0, list: [] });

function shop(options: Partial<SessionOptions<Data>> = {}) {
  const events: SessionEvent[] = [];
  const store = options.store ?? memoryStore();
  const onEvent = (event: SessionEvent) => void events.push(event);
  const sessions = createSessions<Data>({ secrets, initial, onEvent, ...options, store });
  return { sessions, events, begin: () => begin(sessions) };
}

/** A stored session's Cookie header. */
async function begin(sessions: Sessions<Data>): Promise<string> {
  const session = await sessions.open(null);
  session.data.n = 1;
  return header(await sessions.save(session));
}

function header(cookie: { name: string; value: string } | null): string {
  return cookie ? `${cookie.name}=${cookie.value}` : "";
}

const requestWith = (cookie: string) => new Request("http://localhost/", { headers: { cookie } });

describe("a save whose answer was lost", () => {
  test("does not make the next regenerate be forgotten", async () => {
    const faulty = faultyStore(memoryStore());
    const { sessions, begin: start } = shop({ store: faulty.store });
    const old = await start();
    const session = await sessions.open(old);
    session.data.user = "kim";
    faulty.fail("write", "applied");
    await expect(sessions.save(session)).rejects.toBeInstanceOf(StoreError);
    session.regenerate();
    const cookie = await sessions.save(session);
    expect((await sessions.open(header(cookie))).data.user).toBe("kim");
    expect((await sessions.open(old)).isNew).toBe(true);
  });

  test("does not keep a renewal's cookie back", () =>
    withClock(async (clock) => {
      const faulty = faultyStore(memoryStore());
      const { sessions, begin: start } = shop({ store: faulty.store, idleTimeout: 1000 });
      const session = await sessions.open(await start());
      clock.advance(900);
      session.data.n = 2;
      faulty.fail("write", "applied");
      await expect(sessions.save(session)).rejects.toBeInstanceOf(StoreError);
      expect((await sessions.save(session))?.attributes.maxAge).toBe(1000);
    }));

  test("is recognised also after another save that failed", async () => {
    const faulty = faultyStore(memoryStore());
    const { sessions, begin: start } = shop({ store: faulty.store });
    const cookie = await start();
    const session = await sessions.open(cookie);
    session.update((data) => data.n++);
    faulty.fail("write", "applied");
    await expect(sessions.save(session)).rejects.toBeInstanceOf(StoreError);
    faulty.fail("write", "refused");
    await expect(sessions.save(session)).rejects.toBeInstanceOf(StoreError);
    await sessions.save(session);
    expect((await sessions.open(cookie)).data.n).toBe(2);
  });

  test("R35 brings nothing to somebody else who signs in while another meets what it wrote, at whatever moment", async () => {
    const later = async (ticks: number, run: () => void): Promise<void> => {
      for (let tick = 0; tick < ticks; tick++) await undefined;
      run();
    };
    for (let ticks = 0; ticks < 20; ticks++) {
      const inner = memoryStore();
      const faulty = faultyStore(inner);
      let afterWrite: (() => void) | undefined;
      const store: typeof inner = {
        read: faulty.store.read,
        async write(...row) {
          const swap = await faulty.store.write(...row);
          if (afterWrite) void later(ticks, afterWrite);
          afterWrite = undefined;
          return swap;
        },
      };
      const { sessions } = shop({ store });
      const ann = await sessions.open(null);
      ann.signIn("ann");
      const session = await sessions.open(header(await sessions.save(ann)));
      session.data.list.push("Ann's");
      faulty.fail("write", "applied");
      await expect(sessions.save(session)).rejects.toBeInstanceOf(StoreError);
      session.data.user = "Ann";
      afterWrite = () => {
        session.signIn("bob");
        session.data.n = 7;
      };
      await sessions.save(session);
      await later(30, () => undefined);
      expect(session.data, `${ticks}`).toEqual({ n: 7, list: [] });
      const bob = await sessions.open(header(await sessions.save(session)));
      expect([bob.userId, bob.data]).toEqual(["bob", { n: 7, list: [] }]);
    }
  });
});

describe("one visitor's data never reaches another", () => {
  test("through a constant that initial answers", async () => {
    const constant: Data = { n: 0, list: [] };
    const { sessions } = shop({ initial: () => constant });
    (await sessions.open(null)).data.list.push("mine");
    expect((await sessions.open(null)).data.list).toEqual([]);
  });

  test("through a default that a schema shares", async () => {
    const prefs = z.object({ list: z.array(z.string()) }).default({ list: [] });
    const store = memoryStore();
    const sessions = createSessions({ secrets, store, schema: z.object({ prefs }) });
    (await sessions.open(null)).data.prefs.list.push("mine");
    expect((await sessions.open(null)).data.prefs.list).toEqual([]);
    const before = createSessions<{ kept?: number }>({ secrets, store });
    const stored = await before.open(null);
    stored.data.kept = 1;
    const cookie = header(await before.save(stored));
    (await sessions.open(cookie)).data.prefs.list.push("mine");
    expect((await sessions.open(cookie)).data.prefs.list).toEqual([]);
  });
});

describe("a response that cannot be answered", () => {
  const used = async () => {
    const response = new Response("read");
    await response.text();
    return response;
  };

  test.each([
    ["Response.error()", async () => Response.error()],
    ["a response whose body was read", used],
  ])("%s saves nothing, but a destroy holds", async (_, answer) => {
    const { sessions, begin: start } = shop();
    const cookie = await start();
    const sign = sessions.handler(async (_request, getSession) => {
      (await getSession()).regenerate();
      return answer();
    });
    await expect(sign(requestWith(cookie))).rejects.toThrow();
    expect((await sessions.open(cookie)).isNew).toBe(false);
    const leave = sessions.handler(async (_request, getSession) => {
      (await getSession()).destroy();
      return answer();
    });
    await expect(leave(requestWith(cookie))).rejects.toThrow();
    expect((await sessions.open(cookie)).isNew).toBe(true);
  });

  test("leaves the cookie to the next one", async () => {
    const { sessions } = shop();
    const session = await sessions.open(null);
    session.data.n = 1;
    await sessions.save(session);
    await expect(sessions.commit(session, await used())).rejects.toThrow();
    const response = await sessions.commit(session, new Response("ok"));
    expect(response.headers.getSetCookie()).toHaveLength(1);
  });

  test("says so where there is nothing to save, too", async () => {
    const { sessions, begin: start } = shop();
    const session = await sessions.open(await start());
    await expect(sessions.commit(session, await used())).rejects.toThrow(TypeError);
  });

  test("one whose body is taken while a save is under way carries its cookie", async () => {
    const { store, park } = pausingStore(memoryStore());
    const { sessions } = shop({ store });
    const { reached, resume } = park("before write");
    const session = await sessions.open(null);
    session.data.n = 1;
    const response = new Response("taken");
    const committing = sessions.commit(session, response);
    await reached;
    response.body?.getReader();
    resume();
    expect((await committing).headers.getSetCookie()).toHaveLength(1);
  });

  test("one whose body is taken while an update is saved is answered all the same", async () => {
    for (const isReplaced of [false, true]) {
      const { store, park } = pausingStore(memoryStore());
      const { sessions, begin: start } = shop({ store });
      const session = await sessions.open(await start());
      if (isReplaced) {
        session.regenerate();
        await sessions.save(session);
      }
      session.data.n = 8;
      const { reached, resume } = park("before write");
      const response = new Response("taken");
      const committing = sessions.commit(session, response);
      await reached;
      response.body?.getReader();
      resume();
      expect((await committing).headers.getSetCookie()).toHaveLength(isReplaced ? 1 : 0);
      expect(response.headers.getSetCookie()).toEqual([]);
    }
  });

  test("a 503 carries the cookie of a save that was confirmed before", async () => {
    const faulty = faultyStore(memoryStore());
    const { sessions, begin: start } = shop({ store: faulty.store });
    const cookie = await start();
    for (const fails of ["in commit", "in the handler"]) {
      const handle = sessions.handler(async (_request, getSession) => {
        const session = await getSession();
        session.regenerate();
        await sessions.save(session);
        if (fails === "in the handler") throw new StoreError("none", "down");
        session.data.n++;
        faulty.fail("write", "refused");
        return new Response();
      });
      const fresh = fails === "in commit" ? cookie : await start();
      const response = await handle(requestWith(fresh));
      expect([fails, response.status, response.headers.getSetCookie().length]).toEqual([
        fails,
        503,
        1,
      ]);
      expect(response.headers.get("Vary")).toBe("Cookie");
    }
  });

  test("a 503 does not wait for a body that never ends", async () => {
    const faulty = faultyStore(memoryStore());
    const { sessions } = shop({ store: faulty.store });
    const handle = sessions.handler(async (_request, getSession) => {
      (await getSession()).data.n = 1;
      return new Response(new ReadableStream({ cancel: () => new Promise(() => undefined) }));
    });
    faulty.fail("write", "refused");
    expect((await handle(requestWith(""))).status).toBe(503);
  });

  test("a 101 does not drop the cookie of an earlier save in silence", async () => {
    const { sessions } = shop();
    const session = await sessions.open(null);
    session.data.n = 1;
    await sessions.save(session);
    const upgrade = Object.defineProperty(new Response(), "status", { value: 101 });
    await expect(sessions.commit(session, upgrade)).rejects.toMatchObject({
      code: "SESSION_COOKIE_NEEDED",
    });
  });
});

describe("an edit of what update() was given", () => {
  test.each<[string, (session: Session<Data>) => unknown, Partial<Data>]>([
    [
      "of data that was read in an update that throws",
      (session) => {
        const change = () =>
          session.update((data) => {
            data.n = 5;
            void session.data.n;
            throw new Error("no");
          });
        expect(change).toThrow("no");
        session.data.n = 5;
      },
      { n: 5 },
    ],
    [
      "of data that was read in an update that ends as it began",
      (session) => {
        session.update((data) => {
          data.n = 5;
          void session.data.n;
          data.n = 1;
        });
        session.data.n = 5;
      },
      { n: 5 },
    ],
    [
      "by an object that it put in",
      (session) => {
        const list = ["tea"];
        session.update((data) => {
          data.list = list;
        });
        list.push("milk");
        void session.data.list;
      },
      { list: ["tea", "milk"] },
    ],
    [
      "by the data itself",
      (session) => {
        const kept: Data[] = [];
        session.update((data) => void kept.push(data));
        Object.assign(kept[0] ?? {}, { n: 6 });
        void session.data.n;
      },
      { n: 6 },
    ],
  ])("%s is saved", async (_, act, expected) => {
    const { sessions, begin: start } = shop();
    const cookie = await start();
    const session = await sessions.open(cookie);
    act(session);
    await sessions.save(session);
    expect((await sessions.open(cookie)).data).toMatchObject(expected);
  });
});

test("a sign-in that cannot begin anew leaves the session as it was", async () => {
  const store = memoryStore();
  const schema = z.object({ n: z.number().default(0) }).refine(async () => true);
  const sessions = createSessions({ secrets, store, schema, users: memoryUsers() });
  const first = await sessions.open(null);
  first.data.n = 1;
  first.signIn("kim");
  const cookie = header(await sessions.save(first));
  const session = await sessions.open(cookie);
  session.data.n = 2;
  expect(() => session.signIn("lee")).toThrow(TypeError);
  expect([session.data.n, session.userId]).toEqual([2, "kim"]);
  await sessions.save(session);
  expect((await sessions.open(cookie)).data).toEqual({ n: 2 });
});

test("a session asked for early and awaited late does not end the process when the store fails", async () => {
  const script = `
    import { createSessions, StoreError } from "coatcheck";
    const refuse = () => Promise.reject(new StoreError("none", "down"));
    const sessions = createSessions({ secrets: ["${secrets[0]}"], store: { read: refuse, write: refuse } });
    const other = createSessions({ secrets: ["${secrets[0]}"], store: { read: async () => null, write: async () => ({ swapped: true }) } });
    const session = await other.open(null);
    session.data.n = 1;
    const { name, value } = await other.save(session);
    const handle = sessions.handler(async (request, getSession) => {
      const early = getSession();
      await new Promise((resolve) => setTimeout(resolve, 20));
      await early;
      return new Response();
    });
    const response = await handle(new Request("http://localhost/", { headers: { cookie: name + "=" + value } }));
    console.log(response.status);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", script],
    { cwd: ROOT },
  );
  expect(stdout.trim()).toBe("503");
});

describe("what nobody changed", () => {
  test("a schema's refusal is not written over by a flash that is shown", async () => {
    const store = memoryStore();
    const before = createSessions<{ user?: string }>({ secrets, store });
    const session = await before.open(null);
    session.data.user = "kim";
    session.flash("notice", "hello");
    const cookie = header(await before.save(session));
    const schema = z.object({ user: z.string(), needed: z.string() });
    const after = createSessions({
      secrets,
      store,
      schema,
      initial: () => ({ user: "", needed: "" }),
    });
    const refused = await after.open(cookie);
    expect(refused.flash("notice")).toBe("hello");
    await after.save(refused);
    const again = await before.open(cookie);
    expect([again.data.user, again.flash("notice")]).toEqual(["kim", undefined]);
  });

  test("a regenerate that meets another's change keeps that of a refused session", async () => {
    const store = memoryStore();
    const before = createSessions<{ user?: string; other?: string }>({ secrets, store });
    const session = await before.open(null);
    session.data.user = "kim";
    const cookie = header(await before.save(session));
    const schema = z.object({ needed: z.string() });
    const after = createSessions({ secrets, store, schema, initial: () => ({ needed: "" }) });
    const refused = await after.open(cookie);
    const other = await before.open(cookie);
    other.data.other = "theirs";
    await before.save(other);
    refused.regenerate();
    const fresh = header(await after.save(refused));
    expect((await before.open(fresh)).data).toEqual({ user: "kim", other: "theirs" });
  });

  test("is not written again after a conflict, which gives its names another order", async () => {
    const counting = countingStore(memoryStore());
    const { sessions, begin: start } = shop({ store: counting.store });
    const cookie = await start();
    const [theirs, ours] = [await sessions.open(cookie), await sessions.open(cookie)];
    theirs.data.user = "kim";
    await sessions.save(theirs);
    Object.assign(ours.data, { extra: 1 });
    await sessions.save(ours);
    counting.reset();
    expect(await sessions.save(ours)).toBeNull();
    expect(counting.writes).toBe(0);
    // Replaced elsewhere it would be a conflict to change it.
    const other = await sessions.open(cookie);
    other.regenerate();
    await sessions.save(other);
    expect((await sessions.commit(ours, new Response("ok"))).status).toBe(200);
  });

  test.each<[string, (session: Session<Data>) => void]>([
    [
      "an update that throws",
      (session) => {
        const drop = () =>
          session.update((data: Partial<Data>) => {
            delete data.n;
            throw new Error("no");
          });
        expect(drop).toThrow("no");
      },
    ],
    [
      "a property that is taken out and put back",
      ({ data }: { data: Partial<Data> }) => {
        delete data.n;
        data.n = 0;
      },
    ],
  ])("%s begins no session", async (_, act) => {
    const { sessions } = shop();
    const handle = sessions.handler(async (_request, getSession) => {
      const session = await getSession();
      expect(session.data.n).toBe(0);
      act(session);
      return new Response("ok");
    });
    expect((await handle(requestWith(""))).headers.getSetCookie()).toEqual([]);
  });

  test("is renewed whatever the limit is today", () =>
    withClock(async (clock) => {
      const store = memoryStore();
      const { sessions } = shop({ store });
      const session = await sessions.open(null);
      session.data.user = "x".repeat(100);
      const cookie = header(await sessions.save(session));
      const smaller = shop({ store, maxBytes: 50, idleTimeout: 1000 }).sessions;
      clock.advance(200);
      const later = await smaller.open(cookie);
      later.update(() => undefined);
      expect(await smaller.save(later)).not.toBeNull();
    }));
});

test("an update that throws leaves nested objects where the application holds them", async () => {
  const { sessions } = shop();
  const session = await sessions.open(null);
  const { list } = session.data;
  expect(() =>
    session.update((data) => {
      data.n = 9;
      throw new Error("no");
    }),
  ).toThrow("no");
  list.push("tea");
  const again = await sessions.open(header(await sessions.save(session)));
  expect(again.data).toEqual({ n: 0, list: ["tea"] });
});

describe("at the edge of a lifetime", () => {
  test("a session that is first written late lives a lifetime from then", () =>
    withClock(async (clock) => {
      const { sessions } = shop({ lifetime: 1 });
      const session = await sessions.open(null);
      session.data.n = 1;
      clock.advance(2);
      expect((await sessions.save(session))?.attributes.maxAge).toBe(1);
    }));

  test("one that ends during the request is gone: nothing is written, no cookie set", () =>
    withClock(async (clock) => {
      const dump = dumpingStore(memoryStore());
      const { sessions, events, begin: start } = shop({ store: dump.store, lifetime: 1 });
      const session = await sessions.open(await start());
      session.data.n = 2;
      session.regenerate();
      clock.advance(2);
      expect(await sessions.save(session)).toBeNull();
      expect(events.at(-1)).toMatchObject({ type: "gone", found: "expired" });
      expect(dump.rows.size).toBe(1);
    }));
});

test("a second save of a session that ended elsewhere answers null as the first did", async () => {
  const { sessions, begin: start } = shop();
  const cookie = await start();
  const [session, other] = [await sessions.open(cookie), await sessions.open(cookie)];
  other.destroy();
  await sessions.save(other);
  session.regenerate();
  expect(await sessions.save(session)).toBeNull();
  expect(await sessions.save(session)).toBeNull();
});

test("initial that answers a list is refused", async () => {
  const sessions = createSessions<string[]>({ secrets, store: memoryStore(), initial: () => [] });
  const session = await sessions.open(null);
  expect(() => session.data).toThrow(TypeError);
});

test("a flash nested as deep as may be comes back", async () => {
  const { sessions } = shop();
  const session = await sessions.open(null);
  let deep: unknown = "\u0001";
  for (let level = 0; level < 399; level++) deep = [deep];
  session.flash("notice", deep);
  expect((await sessions.open(header(await sessions.save(session)))).flash("notice")).toEqual(deep);
});

test("a line break in a flash's name does not reach a message as one", async () => {
  const session = await shop().sessions.open(null);
  expect(() => session.flash("a\nlevel=fatal", 1n)).toThrow(/^[^\n]*$/);
});

test("others cannot close a session by committing it", async () => {
  const session = await shop().sessions.open(null);
  await expect(shop().sessions.commit(session, new Response())).rejects.toMatchObject({
    code: "SESSION_FOREIGN",
  });
  session.data.n = 1;
  expect(session.data.n).toBe(1);
});

test.each([[undefined], [null], ["swapped"]])(
  "a store that answers a write with %s has failed",
  async (answer) => {
    const store = { read: async () => null, write: async () => answer as never };
    const { sessions } = shop({ store });
    const own = await sessions.open(null);
    own.data.n = 1;
    await expect(sessions.save(own)).rejects.toBeInstanceOf(StoreError);
  },
);

test("cookie options in a Map or a list are refused, not ignored", () => {
  for (const cookie of [new Map([["secure", false]]), []]) {
    expect(() =>
      createSessions({ secrets, store: memoryStore(), cookie: cookie as object }),
    ).toThrow(/cookie/);
  }
});

test("R19 R29 a destroy ends every session that duplicate cookies name, though they open none", async () => {
  const { sessions, begin: start } = shop();
  const [one, two] = [await start(), await start()];
  const session = await sessions.open(`${one}; __Host-session=forged; ${two}`);
  expect(session.isNew).toBe(true);
  session.destroy();
  expect((await sessions.save(session))?.value).toBe("");
  expect((await sessions.open(one)).isNew).toBe(true);
  expect((await sessions.open(two)).isNew).toBe(true);
});
