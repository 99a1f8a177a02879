import { memoryStore, type SessionEvent, StoreError } from "coatcheck";
import { describe, expect, test } from "vitest";
import { createMember, type Member } from "../../../src/stores/breaker.ts";
import type { Store } from "../../../src/store.ts";
import { withClock } from "../../support/clock.ts";
import { countingStore, faultyStore } from "../../support/stores.ts";

const ALWAYS = { times: Number.MAX_SAFE_INTEGER };

function memberOf(store: Store, timeoutMs = 1000) {
  const counting = countingStore(store);
  const events: SessionEvent[] = [];
  const member = createMember(counting.store, 0, { timeoutMs, onEvent: (it) => events.push(it) });
  return { member, counting, events };
}

function read(member: Member): Promise<string | null> {
  return member.read("key", Date.now() + 60_000);
}

async function failureOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

describe("a breaker", () => {
  test("opens after three failures in a row, and then asks nothing", () =>
    withClock(async () => {
      const faulty = faultyStore(memoryStore());
      faulty.fail("read", "silent", ALWAYS);
      const { member, counting } = memberOf(faulty.store);
      for (let n = 0; n < 3; n++) {
        expect((await failureOf(read(member))).outcome).toBe("unknown");
      }
      for (let n = 0; n < 10; n++) {
        const failure = await failureOf(read(member));
        expect(failure.outcome).toBe("none");
        expect(failure.message).toBe("The test's store does not answer");
      }
      expect(counting.commands).toBe(3);
    }));

  test("stays closed while answers come between the failures", async () => {
    const faulty = faultyStore(memoryStore());
    const { member, counting } = memberOf(faulty.store);
    for (let n = 0; n < 5; n++) {
      faulty.fail("read", "refused", { times: 2 });
      await failureOf(read(member));
      await failureOf(read(member));
      expect(await read(member)).toBeNull();
    }
    expect(counting.reads).toBe(15);
  });

  test("asks a dead store once in five seconds or more, however many wait", () =>
    withClock(async (clock) => {
      const faulty = faultyStore(memoryStore());
      faulty.fail("read", "refused", ALWAYS);
      const { member, counting } = memberOf(faulty.store);
      for (let n = 0; n < 3; n++) await failureOf(read(member));
      clock.advance(4.999);
      await failureOf(read(member));
      expect(counting.reads).toBe(3);
      for (let round = 1; round <= 5; round++) {
        clock.advance(7.5);
        await Promise.all(Array.from({ length: 20 }, () => failureOf(read(member))));
        expect(counting.reads).toBe(3 + round);
      }
    }));

  test("closes with the first answer, for all", () =>
    withClock(async (clock) => {
      const faulty = faultyStore(memoryStore());
      faulty.fail("read", "refused", { times: 3 });
      const { member, counting } = memberOf(faulty.store);
      for (let n = 0; n < 3; n++) await failureOf(read(member));
      clock.advance(7.5);
      expect(await read(member)).toBeNull();
      await Promise.all(Array.from({ length: 20 }, () => read(member)));
      expect(counting.reads).toBe(24);
    }));

  test("gives up on a silent store at its deadline, and says that nobody knows", async () => {
    const faulty = faultyStore(memoryStore());
    faulty.fail("write", "hang");
    const { member } = memberOf(faulty.store, 20);
    const row: Parameters<Store["write"]> = ["key", "value", Date.now() + 1000, null];
    const failure = await failureOf(member.write(row, Date.now() + 60_000));
    expect(failure.outcome).toBe("unknown");
    expect(failure.message).toBe("Cannot use store: no answer within 20 ms");
  });

  test("does not hold it against a store that it was given less than its due", async () => {
    const faulty = faultyStore(memoryStore());
    faulty.fail("read", "hang", { times: 5 });
    const { member, counting, events } = memberOf(faulty.store, 1000);
    for (let n = 0; n < 5; n++) await failureOf(member.read("key", Date.now() + 10));
    expect(await read(member)).toBeNull();
    expect(counting.reads).toBe(6);
    expect(events).toEqual([]);
  });

  test("does not ask when there is no more time, and says so", async () => {
    const { member, counting } = memberOf(memoryStore());
    const failure = await failureOf(member.read("key", Date.now()));
    expect(failure.outcome).toBe("none");
    expect(counting.commands).toBe(0);
  });

  test("is not opened by failures that an answer has overtaken", async () => {
    const faulty = faultyStore(memoryStore());
    faulty.fail("read", "hang", { times: 3 });
    const { member } = memberOf(faulty.store, 50);
    const hanging = [1, 2, 3].map(() => failureOf(read(member)));
    expect(await read(member)).toBeNull();
    await Promise.all(hanging);
    expect(await read(member)).toBeNull();
  });

  test("does not wait for a clock that was set back", () =>
    withClock(async (clock) => {
      const faulty = faultyStore(memoryStore());
      faulty.fail("read", "refused", { times: 3 });
      const { member } = memberOf(faulty.store);
      for (let n = 0; n < 3; n++) await failureOf(read(member));
      await failureOf(read(member));
      clock.advance(-3600);
      expect(await read(member)).toBeNull();
    }));

  test("takes an answer that is neither text nor null for none at all", async () => {
    const store = { ...memoryStore(), read: async () => undefined as never };
    expect((await failureOf(read(memberOf(store).member))).outcome).toBe("unknown");
  });

  test("passes on nothing of what is no StoreError", async () => {
    const faulty = faultyStore(memoryStore());
    faulty.fail("write", "thrown");
    const { member } = memberOf(faulty.store);
    const row: Parameters<Store["write"]> = ["the key", "value", Date.now() + 1000, null];
    const failure = await failureOf(member.write(row, Date.now() + 1000));
    expect(failure.outcome).toBe("unknown");
    expect(failure.message).toBe("Cannot use store: it failed");
  });

  test("takes an answer that is no swap for none at all", async () => {
    const store = { ...memoryStore(), write: async () => undefined as never };
    const { member } = memberOf(store);
    const row: Parameters<Store["write"]> = ["key", "value", Date.now() + 1000, null];
    expect((await failureOf(member.write(row, Date.now() + 1000))).outcome).toBe("unknown");
  });

  test("keeps while it is open what waiting does not help against", async () => {
    const refusal = new StoreError("none", "Cannot use Redis: WRONGPASS", "STORE_MISCONFIGURED");
    const refuse = async () => {
      throw refusal;
    };
    const { member } = memberOf({ ...memoryStore(), read: refuse });
    for (let n = 0; n < 5; n++) {
      const failure = await failureOf(read(member));
      expect(failure.code).toBe("STORE_MISCONFIGURED");
      expect(failure.message).toBe("Cannot use Redis: WRONGPASS");
    }
  });

  test("tells each step down and up once, and nothing of a first answer", async () => {
    const faulty = faultyStore(memoryStore());
    const { member, events } = memberOf(faulty.store);
    await read(member);
    faulty.fail("read", "refused", { times: 2 });
    await failureOf(read(member));
    await failureOf(read(member));
    await read(member);
    await read(member);
    expect(events).toEqual([
      {
        type: "stepped-down",
        store: 0,
        outcome: "none",
        code: "STORE_UNAVAILABLE",
        message: "The test's store refuses",
      },
      { type: "stepped-up", store: 0 },
    ]);
  });
});
