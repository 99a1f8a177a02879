import { memoryStore } from "coatcheck";
import { describe, test } from "vitest";
import type { World } from "../support/suite.ts";
import { storeContract } from "./store.ts";

const nowhere: World = { url: "", token: "", faulty: {} as World["faulty"] };

describe("the contract in this process", () => {
  const cases = storeContract("memoryStore", async () => ({ store: memoryStore() }));
  for (const { name, run } of cases) test(name, () => run(nowhere));
});

describe("the contract in one store that all cases share", () => {
  const store = memoryStore();
  const cases = storeContract("memoryStore", async () => ({ store }));
  for (const { name, run } of cases) test(name, () => run(nowhere));
});
