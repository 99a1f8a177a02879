// Identifier and key, and what an attacker may try with them.

import { Buffer } from "node:buffer";
import { createHash, createHmac } from "node:crypto";
import { memoryStore, type Store, StoreError } from "coatcheck";
import { afterEach, describe, expect, test, vi } from "vitest";
import { COOKIE, openShop, rejection, SECRET } from "../behaviour/setup.ts";
import { cookieJar, type Jar } from "../support/jar.ts";
import { dumpingStore, faultyStore, pausingStore } from "../support/stores.ts";

const OTHER_SECRET = "another secret, of more than thirty-two bytes";

function idOf(jar: Jar): string {
  return jar.get(COOKIE)?.split(".")[0] ?? "";
}

function keyOf(jar: Jar): string {
  return createHash("sha256")
    .update(Buffer.from(idOf(jar), "base64url"))
    .digest("base64url");
}

function signed(id: Uint8Array, secret = SECRET, prefix = `session\0${COOKIE}\0`): string {
  const mac = createHmac("sha256", secret).update(prefix).update(id).digest("base64url");
  return `${COOKIE}=${Buffer.from(id).toString("base64url")}.${mac}`;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the id", () => {
  test("R1 an id is 32 bytes of crypto.getRandomValues, never of Math.random", async () => {
    const random = vi.spyOn(crypto, "getRandomValues");
    const weak = vi.spyOn(Math, "random");
    const shop = openShop(memoryStore());
    const jar = cookieJar();
    await shop.visit(jar, (session) => void session.data.n++);
    const drawn = random.mock.results
      .map(({ value }) => value as Uint8Array)
      .filter((bytes) => bytes.length === 32)
      .map((bytes) => Buffer.from(bytes).toString("base64url"));
    expect(drawn).toEqual([idOf(jar)]);
    expect(idOf(jar)).toMatch(/^[\w-]{43}$/);
    expect(weak).not.toHaveBeenCalled();
  });

  test("R1 100,000 ids are all different, and no bit of them stands still", async () => {
    const { newId } = await import("../../src/token.ts");
    const ids = new Set<string>();
    const ones = Array.from({ length: 256 }, () => 0);
    for (let round = 0; round < 100_000; round++) {
      const id = newId();
      ids.add(Buffer.from(id).toString("base64url"));
      if (round % 10 !== 0) continue;
      for (let bit = 0; bit < 256; bit++) {
        ones[bit] = (ones[bit] ?? 0) + (((id[bit >> 3] ?? 0) >> (bit & 7)) & 1);
      }
    }
    expect(ids.size).toBe(100_000);
    // 10,000 draws: 5,000 ones are expected, and 400 is eight standard deviations.
    for (const count of ones) expect(Math.abs(count - 5_000)).toBeLessThan(400);
  });

  test("R2 an id has nothing to do with the user, the time or the data", async () => {
    vi.spyOn(Date, "now").mockReturnValue(1_700_000_000_000);
    const jars = [cookieJar(), cookieJar()];
    const shop = openShop(memoryStore());
    for (const jar of jars) await shop.visit(jar, (session) => void (session.data.userId = "ann"));
    const [first = "", second = ""] = jars.map(idOf);
    const pairs = Array.from(Buffer.from(first, "base64url"), (byte, at) => [
      byte,
      Buffer.from(second, "base64url")[at],
    ]);
    // Same user, same moment, same data: what two ids share is chance alone.
    expect(pairs.filter(([left, right]) => left === right).length).toBeLessThan(8);
    expect(Buffer.from(first, "base64url").toString("latin1")).not.toContain("ann");
  });

  test("R3 stores never hold the raw id or the token, and the key presented as a cookie opens nothing", async () => {
    const dumping = dumpingStore(memoryStore());
    const shop = openShop(dumping.store);
    const jar = cookieJar();
    const seen: string[] = [];
    for (let visit = 0; visit < 3; visit++) {
      await shop.visit(jar, (session) => {
        session.data.n++;
        session.flash("notice", "Saved");
        if (visit === 1) session.regenerate();
      });
      seen.push(idOf(jar), jar.get(COOKIE) ?? "");
    }
    const key = keyOf(jar);
    expect(Array.from(dumping.rows.keys())).toContain(key);
    const dump = JSON.stringify([dumping.texts, shop.events]);
    for (const secret of seen) expect(dump).not.toContain(secret);

    for (const value of [key, `${key}.${key}`, `${key}.${jar.get(COOKIE)?.split(".")[1]}`]) {
      expect((await shop.open(`${COOKIE}=${value}`)).isNew).toBe(true);
    }
  });

  test("R4 F1 a genuine id that no row stands for is not adopted: the new session has another", async () => {
    const id = Buffer.alloc(32, 7);
    const shop = openShop(memoryStore());
    const jar = cookieJar();
    jar.put(`${signed(id)}; Path=/; Secure`);
    await shop.visit(jar, (session) => {
      expect(session.isNew).toBe(true);
      session.data.n++;
    });
    expect(idOf(jar)).not.toBe(id.toString("base64url"));
    expect((await shop.open(signed(id))).isNew).toBe(true);
  });

  test("R4 an expired id is not adopted either", async () => {
    const now = Date.now();
    const clock = vi.spyOn(Date, "now").mockReturnValue(now);
    // A store that never forgets.
    const rows = new Map<string, string>();
    const store: Store = {
      read: async (key) => rows.get(key) ?? null,
      async write(key, value, _expiresAt, expected) {
        const current = rows.get(key) ?? null;
        if (current !== expected) return { swapped: false, current };
        rows.set(key, value);
        return { swapped: true };
      },
    };
    const shop = openShop(store, { idleTimeout: 60 });
    const jar = cookieJar();
    await shop.visit(jar, (session) => void session.data.n++);
    const old = jar.copy().header();
    clock.mockReturnValue(now + 60_000);
    const session = await shop.open(old);
    expect([session.isNew, session.data.n]).toEqual([true, 0]);
    session.data.n = 5;
    const cookie = await shop.sessions.save(session);
    expect(`${COOKIE}=${cookie?.value}`).not.toBe(old);
    expect((await shop.open(old)).isNew).toBe(true);
  });

  test("F1 no id that a client chooses is taken, in whatever form", async () => {
    const shop = openShop(memoryStore());
    for (const value of [
      "1",
      "admin",
      "a".repeat(43),
      `${"A".repeat(43)}.${"A".repeat(43)}`,
      ".",
    ]) {
      const jar = cookieJar();
      jar.put(`${COOKIE}=${value}; Path=/; Secure`);
      await shop.visit(jar, (session) => void session.data.n++);
      expect(jar.get(COOKIE)?.split(".")).not.toContain(value.split(".")[0]);
      expect(jar.get(COOKIE)).toMatch(/^[\w-]{43}\.[\w-]{43}$/);
    }
  });
});

describe("before the store is asked", () => {
  const id = Buffer.alloc(32, 9);
  const FORGED: [string, string][] = [
    ["no signature", `${COOKIE}=${id.toString("base64url")}`],
    ["a signature of another secret", signed(id, OTHER_SECRET)],
    ["a signature without purpose", signed(id, SECRET, "")],
    ["a signature of another cookie's token", signed(id, SECRET, "session\0__Host-other\0")],
    ["a path", `${COOKIE}=../../../etc/passwd`],
    ["a path in the place of the id", `${COOKIE}=..%2F..%2Fsession.${"A".repeat(43)}`],
    ["a Prisma operator", `${COOKIE}={"not":""}`],
    ["an array for a query parser", `${COOKIE}[$ne]=1`],
    ["a Redis command", `${COOKIE}=x\\r\\nFLUSHALL`],
    ["a glob", `${COOKIE}=*`],
    ["nothing", `${COOKIE}=`],
    ["a megabyte", `${COOKIE}=${"A".repeat(1_000_000)}`],
    ["NUL", `${COOKIE}=\0`],
  ];

  test.each(FORGED)("R5 F33 F36 a cookie with %s costs no store command", async (_, cookie) => {
    const shop = openShop(memoryStore());
    const session = await shop.open(cookie);
    expect([session.isNew, shop.counts.commands]).toEqual([true, 0]);
    await shop.sessions.save(session);
    expect(shop.counts.commands).toBe(0);
  });

  test("R5 F36 what a store is given for a key is always a string of 43 safe characters", async () => {
    const dumping = dumpingStore(memoryStore());
    const keys: unknown[] = [];
    const store: Store = {
      read(key) {
        keys.push(key);
        return dumping.store.read(key);
      },
      write(...row) {
        keys.push(row[0]);
        return dumping.store.write(...row);
      },
    };
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, (session) => void session.data.n++);
    await shop.visit(jar, (session) => session.regenerate());
    await shop.visit(jar, (session) => session.destroy());
    for (const [, cookie] of FORGED) await shop.open(cookie);
    expect(keys.length).toBeGreaterThan(4);
    for (const key of keys) expect(key).toMatch(/^[\w-]{43}$/);
  });

  test("R7 F6 an id counts in the one cookie alone: not in the URL, the body or another header", async () => {
    const shop = openShop(memoryStore());
    const jar = cookieJar();
    await shop.visit(jar, (session) => void session.data.n++);
    const token = jar.get(COOKIE) ?? "";
    shop.counts.reset();
    const request = new Request(`https://shop.example/;${COOKIE}=${token}?${COOKIE}=${token}`, {
      method: "POST",
      body: new URLSearchParams({ [COOKIE]: token, session: token }),
      headers: {
        "X-Session": token,
        Authorization: `Bearer ${token}`,
        "Set-Cookie": `${COOKIE}=${token}`,
        Cookie2: `${COOKIE}=${token}`,
        "X-Forwarded-Cookie": `${COOKIE}=${token}`,
        Cookie: `session=${token}; __Secure-session=${token}; ${COOKIE.toLowerCase()}=${token}`,
      },
    });
    const session = await shop.sessions.load(request);
    expect([session.isNew, shop.counts.commands]).toEqual([true, 0]);
  });

  test("R10 F28 every secret verifies, the first signs, and what none of them signed opens nothing", async () => {
    const store = memoryStore();
    const old = openShop(store, { secrets: [OTHER_SECRET] });
    const jar = cookieJar();
    await old.visit(jar, (session) => void session.data.n++);
    const rotated = openShop(store, { secrets: [SECRET, OTHER_SECRET] });
    await rotated.visit(jar, (session) => {
      expect(session.data.n).toBe(1);
      session.regenerate();
    });
    const id = Buffer.from(idOf(jar), "base64url");
    expect(`${COOKIE}=${jar.get(COOKIE)}`).toBe(signed(id));
    expect((await old.open(jar)).isNew).toBe(true);
    expect((await openShop(store).open(jar)).isNew).toBe(false);
  });

  test("R10 a secret shorter than 32 bytes is refused, counted in bytes", () => {
    for (const secrets of [
      [],
      [""],
      ["x".repeat(31)],
      [SECRET, "x".repeat(31)],
      ["é".repeat(15)],
    ]) {
      expect(() => openShop(memoryStore(), { secrets })).toThrow(/secrets/);
    }
    expect(() => openShop(memoryStore(), { secrets: ["é".repeat(16)] })).not.toThrow();
  });

  test("R10 F27 two signatures are compared to the end, wherever they first differ", async () => {
    const shop = openShop(memoryStore());
    const token = signed(id);
    const at = token.length - 43;
    // No early exit can be seen in time by a test; that every place counts can.
    for (let place = 0; place < 43; place++) {
      const other = token[at + place] === "A" ? "E" : "A";
      const changed = token.slice(0, at + place) + other + token.slice(at + place + 1);
      expect((await shop.open(changed)).isNew).toBe(true);
    }
    expect(shop.counts.commands).toBe(0);
  });

  test("F27 the store looks up a hash: what it may tell by its timing is nothing of the id", async () => {
    const dumping = dumpingStore(memoryStore());
    const shop = openShop(dumping.store);
    const jar = cookieJar();
    await shop.visit(jar, (session) => void session.data.n++);
    expect(Array.from(dumping.rows.keys())).toEqual([keyOf(jar)]);
    expect(keyOf(jar).slice(0, 4)).not.toBe(idOf(jar).slice(0, 4));
  });

  test("R11 F29 a forged cookie ends nobody's session", async () => {
    const shop = openShop(memoryStore());
    const jar = cookieJar();
    await shop.visit(jar, (session) => void session.data.n++);
    const [own = ""] = (jar.get(COOKIE) ?? "").split(".");
    shop.counts.reset();
    for (const mac of ["A".repeat(43), "", own]) {
      const attacker = cookieJar();
      attacker.put(`${COOKIE}=${own}.${mac}; Path=/; Secure`);
      await shop.visit(attacker, (session) => session.destroy());
    }
    expect(shop.counts.commands).toBe(0);
    expect((await shop.open(jar)).isNew).toBe(false);
  });

  test("F30 nothing signs what a caller supplies: no token comes back for a value of the client's", async () => {
    const shop = openShop(memoryStore());
    const chosen = Buffer.alloc(32, 1).toString("base64url");
    const jar = cookieJar();
    jar.put(`${COOKIE}=${chosen}.${"A".repeat(43)}; Path=/; Secure`);
    await shop.visit(jar, (session) => {
      session.data.note = chosen;
      session.flash(chosen, chosen);
    });
    await shop.visit(jar, (session) => session.regenerate());
    expect(jar.get(COOKIE)).not.toContain(chosen);
    expect(Object.keys(shop.sessions).toSorted()).toEqual([
      "commit",
      "handler",
      "load",
      "open",
      "save",
      "store",
      "user",
    ]);
  });
});

describe("a new row", () => {
  /** A store in which something stands under every new key. */
  function takenStore(times: number): { store: Store; keys: string[] } {
    const inner = memoryStore();
    const keys: string[] = [];
    return {
      keys,
      store: {
        read: inner.read,
        async write(key, value, expiresAt, expected) {
          if (expected !== null) return inner.write(key, value, expiresAt, expected);
          keys.push(key);
          if (keys.length <= times) return { swapped: false, current: "somebody else's" };
          return inner.write(key, value, expiresAt, expected);
        },
      },
    };
  }

  test("R6 F32 is written only where nothing stands, under another id each time", async () => {
    const taken = takenStore(2);
    const shop = openShop(taken.store);
    const jar = cookieJar();
    await shop.visit(jar, (session) => void session.data.n++);
    expect(new Set(taken.keys).size).toBe(3);
    expect(keyOf(jar)).toBe(taken.keys[2]);
  });

  test("R6 F32 where every id is taken it gives up after a few tries, and never writes over a row", async () => {
    const taken = takenStore(Infinity);
    const shop = openShop(taken.store);
    const jar = cookieJar();
    const response = await shop.visit(jar, (session) => void session.data.n++);
    expect([response.status, response.headers.getSetCookie()]).toEqual([503, []]);
    expect(taken.keys.length).toBeLessThanOrEqual(5);
  });

  test("R9 F35 is not written for a visitor who has changed nothing, and no cookie is set", async () => {
    const shop = openShop(memoryStore());
    for (let robot = 0; robot < 20; robot++) {
      const response = await shop.visit(cookieJar(), (session) => {
        expect(session.data.cart).toEqual([]);
        expect(session.flash("notice")).toBeUndefined();
        session.regenerate();
      });
      expect(response.headers.getSetCookie()).toEqual([]);
    }
    expect(shop.counts.commands).toBe(0);
  });

  test("R9 F35 the logout of nobody writes nothing", async () => {
    const shop = openShop(memoryStore());
    const response = await shop.visit(cookieJar(), (session) => session.destroy());
    expect([shop.counts.commands, response.headers.getSetCookie()]).toEqual([0, []]);
  });
});

describe("regenerate()", () => {
  async function signedIn(store: Store) {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, (session) => void (session.data.note = "before"));
    return { shop, jar, before: jar.copy() };
  }
  const signIn = (
    session: Parameters<NonNullable<Parameters<ReturnType<typeof openShop>["visit"]>[1]>>[0],
  ) => {
    session.data.userId = "ann";
    session.regenerate();
  };

  test("R8 F2 F4 gives a new id, and the old one is dead at once", async () => {
    const { shop, jar, before } = await signedIn(memoryStore());
    await shop.visit(jar, signIn);
    expect(idOf(jar)).not.toBe(idOf(before));
    expect((await shop.open(jar)).data.userId).toBe("ann");
    const old = await shop.open(before);
    expect([old.isNew, old.data.userId, old.data.note]).toEqual([true, undefined, undefined]);
  });

  test("R27 leaves no grace for the old id, not even for a request that is under way", async () => {
    const { shop, jar, before } = await signedIn(memoryStore());
    const late = await shop.open(before);
    await shop.visit(jar, signIn);
    late.data.note = "late";
    expect(await rejection(shop.sessions.save(late))).toMatchObject({ code: "SESSION_CONFLICT" });
    expect((await shop.open(jar)).data).toMatchObject({ userId: "ann", note: "before" });
    expect((await shop.open(before)).isNew).toBe(true);
  });

  test("R8 F5 where the new row cannot be created, the old session is as it was, without the new rights", async () => {
    const faulty = faultyStore(memoryStore());
    const { shop, jar, before } = await signedIn(faulty.store);
    faulty.fail("write", "refused", { times: 9 });
    const response = await shop.visit(jar, signIn);
    faulty.heal();
    expect([response.status, response.headers.getSetCookie()]).toEqual([503, []]);
    const old = await shop.open(before);
    expect([old.isNew, old.data.note, old.data.userId]).toEqual([false, "before", undefined]);
  });

  test.each(["refused", "silent"] as const)(
    "R8 F5 where the old row cannot be revoked (%s), the sign-in fails and the new row is taken back",
    async (fault) => {
      const faulty = faultyStore(memoryStore());
      const dumping = dumpingStore(faulty.store);
      const { shop, jar, before } = await signedIn(dumping.store);
      faulty.fail("write", fault, { skip: 1, times: 1 });
      const response = await shop.visit(jar, signIn);
      expect([response.status, response.headers.getSetCookie()]).toEqual([503, []]);
      expect(Array.from(dumping.rows.keys())).toEqual([keyOf(before)]);
      expect((await shop.open(before)).data).toMatchObject({ note: "before" });
      expect((await shop.open(before)).data.userId).toBeUndefined();
    },
  );

  test("R8 the order is: the new row, then the mark on the old, then the cookie", async () => {
    const pausing = pausingStore(memoryStore());
    const { shop, jar, before } = await signedIn(pausing.store);
    const atMark = pausing.park("before write", 1);
    const response = shop.visit(jar, signIn);
    await atMark.reached;
    // The new row stands, the old one is still the visitor's, and no cookie has gone out.
    expect((await shop.open(before)).data.note).toBe("before");
    expect(jar.get(COOKIE)).toBe(before.get(COOKIE));
    atMark.resume();
    expect((await response).headers.getSetCookie()).toHaveLength(1);
  });

  test("F3 after a logout the next user of the browser gets another id, and nothing of the first one's data", async () => {
    const shop = openShop(memoryStore());
    const jar = cookieJar();
    await shop.visit(jar, (session) => void (session.data.note = "ann's"));
    const ann = jar.copy();
    await shop.visit(jar, (session) => session.destroy());
    expect(jar.get(COOKIE)).toBeUndefined();
    // Even where the deletion was lost and the old cookie comes again.
    const kept = ann.copy();
    await shop
      .visit(kept, (session) => {
        expect(session.data.note).toBeUndefined();
        session.data.userId = "bob";
      })
      .catch(() => undefined);
    expect((await shop.open(ann)).data.userId).toBeUndefined();
    await shop.visit(jar, (session) => void (session.data.userId = "bob"));
    expect(idOf(jar)).not.toBe(idOf(ann));
    expect((await shop.open(jar)).data.note).toBeUndefined();
  });
});

test("R8 a StoreError of regenerate carries nothing of either id", async () => {
  const faulty = faultyStore(memoryStore());
  const shop = openShop(faulty.store);
  const jar = cookieJar();
  await shop.visit(jar, (session) => void session.data.n++);
  const session = await shop.open(jar);
  session.regenerate();
  faulty.fail("write", "thrown", { skip: 1, times: 9 });
  faulty.fail("read", "thrown", { times: 9 });
  const error = await rejection(shop.sessions.save(session));
  expect(error).toBeInstanceOf(StoreError);
  const text = `${String(error)} ${JSON.stringify(error)} ${(error as Error).stack}`;
  for (const part of [idOf(jar), keyOf(jar)]) expect(text).not.toContain(part);
});
