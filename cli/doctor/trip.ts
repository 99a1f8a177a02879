// A round trip through a store, with the store's real code: every promise of it once, on a key that nobody else has.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "coatcheck";

/**
 * How a round trip went. `isLoose`: the row was changed though it was not what was expected, but for capitals, an accent
 * or a space. `step` names what failed; `error` is what the store threw, where it threw.
 */
export type Trip =
  | { readonly isWhole: true; readonly isLoose: boolean; readonly ms: number }
  | { readonly isWhole: false; readonly step: Step; readonly error?: unknown };

export type Step = "create" | "read" | "refuse" | "swap" | "expire" | "remove";

/** What a step that was answered wrongly means. */
export const MEANINGS: Readonly<Record<Step, string>> = {
  create: "a new row is refused",
  read: "a row does not come back as it was written",
  refuse: "a row is created where one stands already",
  swap: "a row is not changed though it is what was expected",
  expire: "a row does not expire",
  remove: "a row is not removed",
};

/** What all steps together have shown. */
export const WHOLE = "created, read, refused, swapped, expired and removed a row";

const LIFETIME_MS = 60_000;
const SHORT_MS = 300;
const WAIT_MS = 5_000;
const STEP_MS = 100;

/** Capitals, an accent and a space at the end, all of which some collations take for the same as without. */
const VALUE = "Coat \u00e9 ";
/** What such a collation would take for it. */
const ALIKE = ["coat \u00e9 ", "Coat e ", "Coat \u00e9"];

/** Walks all steps, and removes what it wrote whatever happens. */
export async function roundTrip(store: Store): Promise<Trip> {
  const key = `doctor-${randomUUID()}`;
  const startAt = Date.now();
  let step: Step = "create";
  const later = () => Date.now() + LIFETIME_MS;
  const failed = (): Trip => ({ isWhole: false, step });
  try {
    if (!(await store.write(key, VALUE, later(), null)).swapped) return failed();
    step = "read";
    if ((await store.read(key)) !== VALUE) return failed();
    step = "refuse";
    const twin = await store.write(key, "twin", later(), null);
    if (twin.swapped || twin.current !== VALUE) return failed();
    step = "swap";
    let isLoose = false;
    for (const alike of ALIKE) {
      if ((await store.write(key, VALUE, later(), alike)).swapped) isLoose = true;
    }
    if (!(await store.write(key, "next", later(), VALUE)).swapped) return failed();
    step = "expire";
    if (!(await store.write(key, "next", Date.now() + SHORT_MS, "next")).swapped) return failed();
    if (!(await isGone(store, key))) return failed();
    step = "remove";
    if (!(await store.write(key, "last", later(), null)).swapped) return failed();
    if (!(await store.write(key, "", 0, "last")).swapped) return failed();
    if ((await store.read(key)) !== null) return failed();
    return { isWhole: true, isLoose, ms: Date.now() - startAt };
  } catch (error) {
    return { isWhole: false, step, error };
  } finally {
    await clear(store, key);
  }
}

async function isGone(store: Store, key: string): Promise<boolean> {
  for (const untilAt = Date.now() + WAIT_MS; Date.now() < untilAt;) {
    await sleep(SHORT_MS);
    if ((await store.read(key)) === null) return true;
  }
  return false;
}

/** Whatever a step that failed left there. A row that cannot be removed expires within a minute. */
async function clear(store: Store, key: string): Promise<void> {
  try {
    const current = await store.read(key);
    if (current !== null) await store.write(key, "", 0, current);
  } catch {
    // The failure itself has been reported, or the trip was whole and there is nothing to remove.
    await sleep(STEP_MS);
  }
}
