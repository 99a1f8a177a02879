// Stores around a store: one that counts, one that stops where it is told, one that fails, one that remembers all.

import { type Store, StoreError, type UserIndex } from "coatcheck";

export interface Counting {
  readonly store: Store;
  readonly reads: number;
  readonly writes: number;
  /** Reads and writes together. */
  readonly commands: number;
  reset(): void;
}

/** Counts what is asked of a store, answered or not. */
export function countingStore(inner: Store): Counting {
  let reads = 0;
  let writes = 0;
  return {
    store: {
      read(key) {
        reads++;
        return inner.read(key);
      },
      write(...row) {
        writes++;
        return inner.write(...row);
      },
    },
    get reads() {
      return reads;
    },
    get writes() {
      return writes;
    },
    get commands() {
      return reads + writes;
    },
    reset() {
      reads = 0;
      writes = 0;
    },
  };
}

export interface CountingUsers {
  readonly users: UserIndex;
  /** What was asked of it, in order. */
  readonly asked: (keyof UserIndex)[];
}

/** Notes what is asked of an index, answered or not. */
export function countingUsers(inner: UserIndex): CountingUsers {
  const asked: (keyof UserIndex)[] = [];
  const noted =
    <Args extends unknown[], Answer>(
      name: keyof UserIndex,
      ask: (...args: Args) => Promise<Answer>,
    ) =>
    (...args: Args) => {
      asked.push(name);
      return ask(...args);
    };
  return {
    users: {
      add: noted("add", inner.add),
      touch: noted("touch", inner.touch),
      list: noted("list", inner.list),
      retire: noted("retire", inner.retire),
      remove: noted("remove", inner.remove),
    },
    asked,
  };
}

/** Where an operation stops: the row was read but not answered; not yet written; written but not answered. */
export type ParkingPlace = "after read" | "before write" | "after write";

export interface Parked {
  /** Resolves once an operation stands there. */
  readonly reached: Promise<void>;
  resume(): void;
}

export interface Pausing {
  readonly store: Store;
  /** Stops the next operation that comes to the place, or the one after `skip` others. */
  park(place: ParkingPlace, skip?: number): Parked;
}

/** A store whose operations stop where they are told, so that a competitor can run in between. */
export function pausingStore(inner: Store): Pausing {
  const waiting: {
    place: ParkingPlace;
    skip: number;
    arrive: () => void;
    resumed: Promise<void>;
  }[] = [];

  async function pass(place: ParkingPlace): Promise<void> {
    const at = waiting.findIndex((each) => each.place === place);
    const parking = waiting[at];
    if (parking === undefined) return;
    if (parking.skip > 0) {
      parking.skip--;
      return;
    }
    waiting.splice(at, 1);
    parking.arrive();
    await parking.resumed;
  }

  return {
    store: {
      async read(key) {
        const text = await inner.read(key);
        await pass("after read");
        return text;
      },
      async write(...row) {
        await pass("before write");
        const swap = await inner.write(...row);
        await pass("after write");
        return swap;
      },
    },
    park(place, skip = 0) {
      const arrival = signal();
      const departure = signal();
      waiting.push({ place, skip, arrive: arrival.give, resumed: departure.given });
      return { reached: arrival.given, resume: departure.give };
    },
  };
}

/**
 * How an operation fails.
 *
 * - `refused`: certainly not done, and says so. `silent`: not done, but nobody can say.
 * - `applied`: done, but nobody can say. `thrown`: done, and it throws what is no StoreError and quotes the key.
 * - `hang`: no answer, ever. `garbage`: a text that nobody wrote stands there.
 */
export type StoreFault = "refused" | "silent" | "applied" | "thrown" | "hang" | "garbage";

export interface Faulty {
  readonly store: Store;
  /** The operations to be struck: after `skip` of them, `times` in all (default 1). */
  fail(
    operation: "read" | "write",
    fault: StoreFault,
    options?: { skip?: number; times?: number },
  ): void;
  /** Ends every fault that is left. */
  heal(): void;
}

/** A store that fails on demand. */
export function faultyStore(inner: Store): Faulty {
  const plans: {
    operation: "read" | "write";
    fault: StoreFault;
    skip: number;
    times: number;
  }[] = [];

  function strike(operation: "read" | "write"): StoreFault | undefined {
    const plan = plans.find((each) => each.operation === operation && each.times > 0);
    if (plan === undefined) return undefined;
    if (plan.skip > 0) {
      plan.skip--;
      return undefined;
    }
    plan.times--;
    return plan.fault;
  }

  async function answer<Answer>(
    operation: "read" | "write",
    { key, ask, garbage }: { key: string; ask: () => Promise<Answer>; garbage: Answer },
  ): Promise<Answer> {
    const fault = strike(operation);
    if (fault === undefined) return ask();
    if (fault === "refused") throw new StoreError("none", "The test's store refuses");
    if (fault === "silent") throw new StoreError("unknown", "The test's store does not answer");
    if (fault === "garbage") return garbage;
    if (fault === "hang") return new Promise(() => undefined);
    await ask();
    if (fault === "thrown") throw new Error(`connection lost at ${key}`);
    throw new StoreError("unknown", "The test's store answered nothing");
  }

  return {
    store: {
      read: (key) =>
        answer("read", { key, ask: () => inner.read(key), garbage: "\u0000 no record of ours" }),
      write: (key, ...rest) =>
        answer("write", {
          key,
          ask: () => inner.write(key, ...rest),
          garbage: { swapped: false, current: "\u0000 no record of ours" },
        }),
    },
    fail: (operation, fault, { skip = 0, times = 1 } = {}) => {
      plans.push({ operation, fault, skip, times });
    },
    heal: () => {
      plans.length = 0;
    },
  };
}

export interface Dumping {
  readonly store: Store;
  /** The rows that stand there now, as far as they were written through this store. Expiry is not followed. */
  readonly rows: ReadonlyMap<string, string>;
  /** Every key and text that was ever read, expected or written. */
  readonly texts: readonly string[];
}

/** Remembers all that goes in and out. */
export function dumpingStore(inner: Store): Dumping {
  const rows = new Map<string, string>();
  const texts: string[] = [];
  return {
    store: {
      async read(key) {
        const text = await inner.read(key);
        texts.push(key, text ?? "");
        return text;
      },
      async write(key, value, expiresAt, expected) {
        const swap = await inner.write(key, value, expiresAt, expected);
        texts.push(key, value, expected ?? "");
        if (swap.swapped && expiresAt > Date.now()) rows.set(key, value);
        else if (swap.swapped) rows.delete(key);
        return swap;
      },
    },
    rows,
    texts,
  };
}

export function signal(): { given: Promise<void>; give: () => void } {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
