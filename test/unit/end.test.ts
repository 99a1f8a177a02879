// What an end asks of the store, command by command.

import { fallbackStore, memoryStore, type Store } from "coatcheck";
import { describe, expect, test } from "vitest";
import { endAll } from "../../src/end.ts";
import { createContext } from "../../src/context.ts";
import { resolveOptions } from "../../src/options.ts";
import { decodeRecord, encodeRecord } from "../../src/record.ts";
import type { Origin } from "../../src/state.ts";
import { openShop, SECRET } from "../behaviour/setup.ts";
import { cookieJar } from "../support/jar.ts";
import { faultyStore } from "../support/stores.ts";

const LIVE = encodeRecord({ createdAt: 1, seenAt: 1, flash: new Map(), data: "{}" });
const ENDED = encodeRecord({ moved: null });
const toKey = (key: string) => encodeRecord({ moved: key });
const id = new Uint8Array(32);

/** Ends what stands at `origin`, in a store that holds `rows`. */
async function play(origin: Origin, rows: Readonly<Record<string, string>>) {
  const inner = memoryStore();
  for (const [key, text] of Object.entries(rows)) {
    await inner.write(key, text, Date.now() + 60_000, null);
  }
  const commands: string[] = [];
  const store: Store = {
    read(key) {
      commands.push(`read ${key}`);
      return inner.read(key);
    },
    write(key, value, expiresAt, expected) {
      commands.push(`write ${key} over ${expected === null ? "nothing" : "what was read"}`);
      return inner.write(key, value, expiresAt, expected);
    },
  };
  const failure = await endAll(createContext(resolveOptions({ secrets: [SECRET], store })), [
    origin,
  ]);
  const ended = async (key: string) => {
    const text = await inner.read(key);
    return text === null ? "nothing" : decodeRecord(text);
  };
  return { commands, failure, ended };
}

const record = { createdAt: 1, seenAt: 1, flash: new Map(), data: "{}" };
const other = encodeRecord(record);

const ENDS: readonly [
  name: string,
  origin: Origin,
  rows: Readonly<Record<string, string>>,
  commands: readonly string[],
][] = [
  ["nobody's", { kind: "none" }, {}, []],
  [
    "a row as it was read",
    { kind: "row", id, key: "O", text: LIVE, record },
    { O: LIVE },
    ["write O over what was read"],
  ],
  [
    "a row that was written since",
    { kind: "row", id, key: "O", text: LIVE, record },
    { O: other },
    ["write O over what was read", "write O over what was read"],
  ],
  [
    "a row that was moved since",
    { kind: "row", id, key: "O", text: LIVE, record },
    { O: toKey("N"), N: LIVE },
    ["write O over what was read", "read N", "write N over what was read"],
  ],
  [
    "an expired row",
    { kind: "absent", id, key: "O", text: LIVE },
    { O: LIVE },
    ["write O over what was read"],
  ],
  [
    "where nothing stood",
    { kind: "absent", id, key: "O", text: null },
    {},
    ["write O over nothing"],
  ],
  [
    "where nothing stood for a replica that lagged",
    { kind: "absent", id, key: "O", text: null },
    { O: LIVE },
    ["write O over nothing", "write O over what was read"],
  ],
  ["an ended one", { kind: "replaced", id, key: "O", text: ENDED }, { O: ENDED }, []],
  [
    "a moved one",
    { kind: "replaced", id, key: "O", text: toKey("N") },
    { O: toKey("N"), N: LIVE },
    ["read N", "write N over what was read"],
  ],
  [
    "one moved twice",
    { kind: "replaced", id, key: "O", text: toKey("N") },
    { O: toKey("N"), N: toKey("M"), M: LIVE },
    ["read N", "read M", "write M over what was read"],
  ],
  [
    "one that nobody has read",
    { kind: "unanswered", id, key: "O" },
    { O: LIVE },
    ["read O", "write O over what was read"],
  ],
  [
    "one that nobody has read, and is gone",
    { kind: "unanswered", id, key: "O" },
    {},
    ["read O", "write O over nothing"],
  ],
  [
    "one that nobody has read, and has ended",
    { kind: "unanswered", id, key: "O" },
    { O: ENDED },
    ["read O"],
  ],
];

describe("an end", () => {
  test.each(ENDS)(
    "of %s asks no more than it must, and leaves no row that opens",
    async (_, origin, rows, commands) => {
      const played = await play(origin, rows);
      expect(played.failure).toBe(undefined);
      expect(played.commands).toEqual(commands);
      const keys = origin.kind === "none" ? [] : [...new Set(["O", ...Object.keys(rows)])];
      // A mark where something stood, and nothing where nothing did: a mark there would be a new row.
      for (const key of keys) {
        const left = await played.ended(key);
        if (key in rows || origin.kind === "row") expect(left).toHaveProperty("moved");
        else expect(left).toBe("nothing");
      }
    },
  );

  test("R54 puts no mark in the first store beside a row in the second", async () => {
    const stores = [memoryStore(), memoryStore()].map((store) => ({
      read: store.read,
      write: store.write,
    }));
    const [first, second] = stores.map((store) => faultyStore(store));
    if (!first || !second) throw new Error("two stores");
    const store = fallbackStore([first.store, second.store]);
    const shop = openShop(store, { whenUnavailable: "anonymous" });
    const jar = cookieJar();
    first.fail("write", "refused");
    await shop.visit(jar, ({ data }) => void data.n++); // in the second store
    const before = jar.copy();
    // Nobody knows where it is when it is opened; then both answer, and the row is in the second.
    second.fail("read", "refused");
    const response = await shop.visit(jar, async (session) => {
      expect(session.unavailable).toBe(true);
      session.destroy();
    });
    expect(response.status).toBe(200);
    for (const each of [store, ...stores]) {
      expect((await openShop(each).open(before)).isNew).toBe(true);
    }
  });
});
