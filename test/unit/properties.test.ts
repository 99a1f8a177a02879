import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { deleteCookie, readCookies, resolveCookie, writeCookie } from "../../src/cookie.ts";
import { decodeData, encodeData, isUnchanged, leavesOf } from "../../src/data.ts";
import { decodeRecord, encodeRecord, type Flash, type SessionRecord } from "../../src/record.ts";
import { createSessions } from "../../src/sessions.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { createTokens, newId } from "../../src/token.ts";
import { countingStore } from "../support/stores.ts";

const NAME = "__Host-session";
const SECRET = "the secret of these tests: 32 bytes+";

/** Any text, half surrogates, controls, separators and the library's own words included. */
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 })
    .map((codes) => String.fromCharCode(...codes)),
  fc
    .array(
      fc.constantFrom(
        NAME,
        `${NAME}=`,
        "__Host-",
        ";",
        "; ",
        " ",
        "\t",
        "=",
        ",",
        '"',
        "\u00a0",
        "a",
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join("")),
);

const jsonObject = fc
  .dictionary(
    fc.string({ unit: "binary" }).filter((name) => name !== "__proto__"),
    fc.jsonValue({ maxDepth: 4, stringUnit: "binary" }),
  )
  // A round trip of its own takes out -0 and names that fast-check cannot know of, such as an inner __proto__.
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>)
  .filter((value) => !JSON.stringify(value).includes('"__proto__":'));

describe("changes of data", () => {
  test("what counts as unchanged has the JSON that it had", () => {
    const anything = fc.oneof(
      fc.json({ maxDepth: 2 }).map((json) => () => JSON.parse(json) as unknown),
      fc.constantFrom<() => unknown>(
        () => undefined,
        () => NaN,
        () => -0,
        () => new Map(),
        () => new Date(0),
        () => () => 1,
      ),
    );
    fc.assert(
      fc.property(jsonObject, fc.array(fc.tuple(fc.nat(), anything)), (given, edits) => {
        const before = JSON.stringify(given);
        const data = JSON.parse(before) as object;
        const leaves = leavesOf(data, before.length);
        expect(isUnchanged(data, leaves)).toBe(true);
        for (const [at, make] of edits) {
          const places = leavesOf(data, 0).filter(
            (leaf) => typeof leaf === "object" && leaf !== null,
          );
          const place = places[at % places.length] as Record<string, unknown>;
          const names = Object.keys(place);
          place[names[at % names.length] ?? "more"] = make();
        }
        if (isUnchanged(data, leaves)) expect(encodeData(data, "data")).toBe(before);
      }),
    );
  });
});

describe("cookies", () => {
  const name = fc.stringMatching(/^[!#$%&'*+\-.^_`|~\w]{1,20}$/);
  const value = fc.stringMatching(/^[\w.-]{0,100}$/);

  test("what was written is read, among whatever other cookies", () => {
    const others = fc.array(fc.tuple(name, fc.stringMatching(/^[^;]{0,20}$/)), { maxLength: 6 });
    fc.assert(
      fc.property(name, value, others, fc.nat(6), (own, token, around, at) => {
        const settings = resolveCookie({ name: own });
        const { header } = writeCookie(settings, token, 60);
        const pair = header.slice(0, header.indexOf(";"));
        const pairs = around.filter(([other]) => other !== own).map((other) => other.join("="));
        pairs.splice(at, 0, pair);
        expect(readCookies(pairs.join("; "), own)).toEqual([token]);
        expect(readCookies(pairs.join(";"), own)).toEqual([token]);
      }),
    );
  });

  test("a header that is written never holds a line break, a comma outside Expires or a second attribute", () => {
    fc.assert(
      fc.property(fc.record({ name: anyText, path: anyText, domain: anyText }), (options) => {
        let settings;
        try {
          settings = resolveCookie(options);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        for (const { header } of [writeCookie(settings, "t", 1), deleteCookie(settings)]) {
          expect(header.replace(/Expires=[^;]*/, "")).toMatch(/^[\x20-\x2b\x2d-\x7e]+$/);
          const names = header.split("; ").map((part) => part.split("=")[0]);
          expect(new Set(names.slice(1)).size).toBe(names.length - 1);
        }
      }),
    );
  });

  test("any text is read without an error, and as a plain reading of the rules says", () => {
    /** The rules again, without regard to work. */
    function plainly(header: string): string[] {
      return header
        .split(";")
        .map((pair) => pair.replace(/^[ \t]+/, ""))
        .filter((pair) => pair.startsWith(`${NAME}=`))
        .map((pair) => pair.slice(NAME.length + 1));
    }
    fc.assert(
      fc.property(anyText, (header) => {
        expect(readCookies(header, NAME)).toEqual(plainly(header));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Stands for a string, and counts every character that somebody looks at. */
function countedText(text: string): { text: string; looked: () => number } {
  let looked = 0;
  const methods = {
    length: text.length,
    // As the plainest implementation works: each place is compared until the first difference.
    indexOf(searched: string, from = 0) {
      for (let at = Math.max(from, 0); at + searched.length <= text.length; at++) {
        let same = 0;
        while (same < searched.length && text[at + same] === searched[same]) same++;
        looked += Math.min(same + 1, searched.length);
        if (same === searched.length) return at;
      }
      return -1;
    },
    slice(start: number, end: number) {
      const part = text.slice(start, end);
      looked += part.length;
      return part;
    },
    charAt(at: number) {
      looked++;
      return text.charAt(at);
    },
    charCodeAt(at: number) {
      looked++;
      return text.charCodeAt(at);
    },
    startsWith(searched: string, at = 0) {
      looked += searched.length;
      return text.startsWith(searched, at);
    },
  };
  const counted = new Proxy(methods, {
    get(target, property) {
      if (typeof property === "string" && /^-?\d+$/.test(property)) {
        looked++;
        return text[Number(property)];
      }
      // A way to look at characters that is not counted must not go unnoticed.
      if (!Object.hasOwn(target, property)) throw new Error(`${String(property)} is not counted`);
      return Reflect.get(target, property) as unknown;
    },
  });
  return { text: counted as unknown as string, looked: () => looked };
}

describe("work on a Cookie header is proportional to its length (R18, F26)", () => {
  const LENGTH = 50_000;
  /** Looks at each character: as many times as the name is long, and three more. No matter how long the header. */
  const MOST = NAME.length + 1 + 3;

  function workOf(header: string): number {
    const { text, looked } = countedText(header);
    readCookies(text, NAME);
    return looked();
  }

  function fill(pattern: string, length = LENGTH): string {
    return pattern.repeat(Math.ceil(length / pattern.length)).slice(0, length);
  }

  test("the count itself sees what is looked at", () => {
    const { text, looked } = countedText(`a=1; ${NAME}=token`);
    expect(readCookies(text, NAME)).toEqual(["token"]);
    expect(looked()).toBeGreaterThanOrEqual(`a=1; ${NAME}=token`.length);
  });

  test.each<[string, string]>([
    ["many semicolons", ";"],
    ["many semicolons and blanks", "; \t"],
    ["no equals sign", "a"],
    ["many equals signs", "="],
    ["one long blank", " "],
    ["tabs and blanks", "\t "],
    ["the first letter of the name", "_"],
    ["the name but its last letter", NAME.slice(0, -1)],
    ["the name", NAME],
    ["the name with its equals sign", `${NAME}=`],
    ["the name behind blanks", `          ${NAME}=`],
    ["the name behind a semicolon and blanks", `;          ${NAME}=`],
    ["the name behind blanks and a letter", `a          ${NAME}=`],
    ["cookies of the name", `${NAME}=;`],
    ["long blanks between names", `${" ".repeat(5_000)}${NAME}=`],
    ["quotes", '"'],
    ["cookies of one letter", "a=b; "],
  ])("%s", (_, pattern) => {
    const [once, twice] = [workOf(fill(pattern)), workOf(fill(pattern, 2 * LENGTH))];
    expect(once).toBeLessThanOrEqual(MOST * LENGTH);
    // Twice the length is twice the work, give or take the ends.
    expect(twice).toBeLessThanOrEqual(2 * once + MOST * 10_000);
  });

  test("any mixture of such parts", () => {
    const part = fc.tuple(
      fc.constantFrom(";", " ", "\t", "=", NAME, `${NAME}=`, NAME.slice(0, 5), "a", "; "),
      fc.integer({ min: 1, max: 200 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30, size: "max" }), (parts) => {
        const header = parts.map(([text, times]) => text.repeat(times)).join("");
        expect(workOf(header)).toBeLessThanOrEqual(MOST * (header.length + 1));
      }),
    );
  });
});

describe("data", () => {
  test("any JSON object comes back as it was", () => {
    fc.assert(
      fc.property(jsonObject, (value) => {
        expect(decodeData(encodeData(value, "data"))).toEqual(value);
      }),
    );
  });

  test("any value either comes back equal or is refused with a path", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      withNullPrototype: true,
      withBoxedValues: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        let text: string;
        try {
          text = encodeData({ value }, "data");
        } catch (error) {
          expect(error).toMatchObject({ code: "SESSION_DATA_INVALID" });
          expect((error as { path: string }).path).toMatch(/^data/);
          return;
        }
        // toEqual() takes undefined properties for absent, as the library does. -0 comes back as 0.
        const plain = JSON.parse(text) as { value: unknown };
        expect(dropZeroSigns(plain.value) ?? null).toEqual(dropZeroSigns(value) ?? null);
      }),
      { numRuns: 1_000 },
    );
  });

  test("any text is read without an error", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.json()), (text) => {
        const value = decodeData(text);
        expect(value === undefined || typeof value === "object").toBe(true);
      }),
    );
  });
});

/** A copy with 0 for -0, on ordinary prototypes. */
function dropZeroSigns(value: unknown): unknown {
  if (typeof value === "number") return value + 0;
  if (Array.isArray(value)) return value.map(dropZeroSigns);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, dropZeroSigns(inner)]),
  );
}

describe("records", () => {
  const instant = fc.integer({ min: 0, max: 4_102_444_800_000 });
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("\u2028", "\u2029\n", "v1"));
  const flash = fc
    .array(fc.tuple(text, fc.tuple(fc.stringMatching(/^[0-9a-f]{16}$/), jsonObject)))
    .map((entries) => new Map<string, Flash>(entries));
  const record: fc.Arbitrary<SessionRecord> = fc
    .record(
      {
        createdAt: instant,
        seenAt: instant,
        identity: fc.record(
          {
            user: text,
            handle: text,
            signedInAt: instant,
            authenticatedAt: instant,
            meta: jsonObject,
            persistent: fc.constant(false),
          },
          { requiredKeys: ["user", "handle", "signedInAt", "authenticatedAt"] },
        ),
        flash,
        data: jsonObject.map((data) => JSON.stringify(data)),
      },
      { requiredKeys: ["createdAt", "seenAt", "flash", "data"] },
    )
    .map((made) => made as SessionRecord);

  test("any session comes back as it was", () => {
    fc.assert(
      fc.property(record, (made) => {
        expect(decodeRecord(encodeRecord(made))).toEqual(made);
      }),
    );
  });

  test("any mark comes back as it was", () => {
    fc.assert(
      fc.property(fc.option(fc.stringMatching(/^[\w-]{43}$/), { nil: null }), (moved) => {
        expect(decodeRecord(encodeRecord({ moved }))).toEqual({ moved });
      }),
    );
  });

  test("any text is read without an error", () => {
    const header = fc.oneof(
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify({ flash: value })),
    );
    const likely = fc
      .tuple(fc.stringMatching(/^[0-9a-f]{16}$/), header, fc.oneof(fc.json(), anyText))
      .map(([stamp, head, data]) => `v1 ${stamp} ${head}\n${data}`);
    fc.assert(
      fc.property(fc.oneof(anyText, likely), (stored) => {
        const made = decodeRecord(stored);
        expect(made === undefined || "moved" in made || made.flash instanceof Map).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test("a record with anything cut off or put in never throws", () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.nat(20), anyText, (made, place, length, put) => {
        const whole = encodeRecord(made);
        const at = place % whole.length;
        decodeRecord(whole.slice(0, at) + put + whole.slice(at + length));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("replay", () => {
  const WRITERS = 3;
  const ACTS = ["set", "remove", "increment", "append", "flash", "save", "save"] as const;
  interface Step {
    readonly act: (typeof ACTS)[number];
    readonly who: number;
    readonly value: number;
  }
  const steps = fc.array(
    fc.record({ act: fc.constantFrom(...ACTS), who: fc.nat(WRITERS - 1), value: fc.nat(3) }),
    { minLength: 4, maxLength: 30, size: "max" },
  );

  interface Data {
    n: number;
    list: string[];
    [key: `own${number}`]: number;
  }

  /** A turn of the event loop: longer than any step that does not wait for the store. */
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  beforeEach(() => {
    // The pauses between two tries, in turns of the loop instead of milliseconds.
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((after: () => void) =>
      setImmediate(after)) as unknown as typeof setTimeout);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Plays the steps on sessions of one cookie, and compares what stands in the store at the end. */
  async function play(script: readonly Step[], { wait }: { wait: boolean }): Promise<void> {
    const inner = memoryStore();
    const sessions = createSessions<Data>({
      secrets: [SECRET],
      store: {
        async read(key) {
          await turn();
          return inner.read(key);
        },
        async write(...row) {
          await turn();
          const swap = await inner.write(...row);
          await turn();
          return swap;
        },
      },
      initial: () => ({ n: 0, list: [] }),
    });
    const first = await sessions.open(null);
    first.data.own9 = 1;
    const set = await sessions.save(first);
    const cookie = `${set?.name}=${set?.value}`;
    const writers = await Promise.all(Array.from({ length: WRITERS }, () => sessions.open(cookie)));
    const saving: Promise<unknown>[] = [];
    const owned = new Map<number, number | undefined>();
    const appended: string[] = [];
    const flashed: string[] = [];
    let increments = 0;

    for (const [at, { act, who, value }] of script.entries()) {
      const session = writers[who];
      if (session === undefined) throw new Error("no such writer");
      const key: `own${number}` = `own${who}`;
      const name = `${who}/${at}`;
      if (act === "set") {
        session.data[key] = value;
        owned.set(who, value);
      } else if (act === "remove") {
        delete session.data[key];
        owned.set(who, undefined);
      } else if (act === "increment") {
        increments++;
        session.update((data) => {
          data.n++;
        });
      } else if (act === "append") {
        appended.push(name);
        session.update((data) => {
          data.list.push(name);
        });
      } else if (act === "flash") {
        flashed.push(name);
        session.flash(name, at);
      } else {
        const saved = sessions.save(session);
        saving.push(saved);
        // Else the save has begun, and what follows comes in the middle of it.
        if (wait) await saved;
        else for (let turns = 0; turns < value; turns++) await turn();
      }
    }
    await Promise.all(saving);
    for (const session of writers) await sessions.save(session);

    const last = await sessions.open(cookie);
    expect(last.data.n).toBe(increments);
    expect(last.data.list.toSorted()).toEqual(appended.toSorted());
    expect(flashed.filter((name) => last.flash(name) === undefined)).toEqual([]);
    for (const [who, value] of owned) expect(last.data[`own${who}`]).toBe(value);
  }

  test("whatever several sessions change, in whatever order they save, nothing is lost", async () => {
    await fc.assert(
      fc.asyncProperty(steps, (script) => play(script, { wait: true })),
      { numRuns: 300 },
    );
  });

  test("nor where they save at the same time, and go on meanwhile", async () => {
    await fc.assert(
      fc.asyncProperty(steps, (script) => play(script, { wait: false })),
      { numRuns: 300 },
    );
  });
});

describe("tokens", () => {
  test("any change of a token is refused, without a store command", async () => {
    const counting = countingStore(memoryStore());
    const sessions = createSessions({ secrets: [SECRET], store: counting.store });
    const session = await sessions.open(null);
    session.data["n"] = 1;
    const token = (await sessions.save(session))?.value ?? "";
    counting.reset();

    const character = fc.oneof(
      fc.stringMatching(/^[\w.-]$/),
      // Not blanks in front, which belong to the syntax of the header, nor what ends the value.
      fc
        .string({ unit: "binary", minLength: 1, maxLength: 1 })
        .filter((each) => !/[;\s]/.test(each)),
    );
    const at = fc.nat(token.length - 1);
    const changed = fc.oneof(
      fc
        .tuple(at, character)
        .map(([place, put]) => token.slice(0, place) + put + token.slice(place + 1)),
      fc
        .tuple(fc.nat(token.length), character)
        .map(([place, put]) => token.slice(0, place) + put + token.slice(place)),
      at.map((place) => token.slice(0, place) + token.slice(place + 1)),
      at.map((place) => token.slice(0, place)),
      at.map((place) => token.slice(place + 1)),
      fc.constant(token + token),
    );
    await fc.assert(
      fc.asyncProperty(changed, async (value) => {
        fc.pre(value !== token);
        const opened = await sessions.open(`${NAME}=${value}`);
        expect(opened.isNew).toBe(true);
        expect(counting.commands).toBe(0);
      }),
      { numRuns: 2_000 },
    );
    expect((await sessions.open(`${NAME}=${token}`)).isNew).toBe(false);
  });

  test("a token of one cookie name or secret opens no other", () => {
    const name = fc.stringMatching(/^\w{1,10}$/);
    const secret = fc.string({ minLength: 32, maxLength: 80 });
    fc.assert(
      fc.property(name, name, secret, secret, (nameA, nameB, secretA, secretB) => {
        const id = newId();
        const token = createTokens([secretA], nameA).sign(id);
        const opened = createTokens([secretB], nameB).verify(token);
        const same = nameA === nameB && secretA === secretB;
        expect(typeof opened === "string").toBe(!same);
      }),
    );
  });

  test("no two ids have one key", () => {
    const ids = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(ids, ids, (left, right) => {
        const { keyOf } = createTokens([SECRET], NAME);
        expect(keyOf(left) === keyOf(right)).toBe(left.join() === right.join());
      }),
    );
  });
});
