// What each call costs, in SQL statements.

import { expect } from "chai";
import type { Store } from "coatcheck";
import { prismaStore } from "coatcheck/prisma";
import { type Check, firstWords, OPTIONS, soon } from "./subject.ts";

/** The first words of its statements, and nothing beside them, no transaction either. */
const PRICES: readonly (readonly [
  call: string,
  act: (store: Store, key: string) => Promise<unknown>,
  cost: string,
  before?: "one" | "expired",
])[] = [
  ["a read", (store, key) => store.read(key), "SELECT", "one"],
  ["a read of nothing", (store, key) => store.read(key), "SELECT"],
  ["a create", (store, key) => store.write(key, "two", soon(), null), "INSERT"],
  ["a swap", (store, key) => store.write(key, "two", soon(), "one"), "UPDATE", "one"],
  ["a removal", (store, key) => store.write(key, "", 0, "one"), "DELETE", "one"],
  ["a removal of nothing", (store, key) => store.write(key, "", 0, null), "SELECT"],
  [
    "a swap that is refused",
    (store, key) => store.write(key, "two", soon(), "other"),
    "UPDATE SELECT",
    "one",
  ],
  [
    "a removal that is refused",
    (store, key) => store.write(key, "", 0, "other"),
    "DELETE SELECT",
    "one",
  ],
  [
    "a create in the place of an expired row",
    (store, key) => store.write(key, "two", soon(), null),
    "INSERT UPDATE",
    "expired",
  ],
  [
    "a create that is refused",
    (store, key) => store.write(key, "two", soon(), null),
    "INSERT UPDATE SELECT",
    "one",
  ],
];

export const COSTS: Readonly<Record<string, Check>> = Object.fromEntries(
  PRICES.map(([call, act, cost, before]): [string, Check] => [
    `${call} costs ${cost}`,
    async ({ client, statements }, key) => {
      const store = prismaStore(client.session, OPTIONS);
      if (before) await store.write(key, "one", before === "one" ? soon() : Date.now() + 100, null);
      if (before === "expired") await new Promise((resolve) => setTimeout(resolve, 150));
      const sent = await statements(() => act(store, key));
      expect(firstWords(sent)).to.equal(cost);
    },
  ]),
);
