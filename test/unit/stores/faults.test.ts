import { expect, test } from "vitest";
import { classify } from "../../../src/stores/faults.ts";

/** An error of Prisma's as a driver adapter makes it. */
function thrown(originalCode: string, originalMessage: string, more: object = {}): Error {
  const meta = { driverAdapterError: { cause: { originalCode, originalMessage } } };
  return Object.assign(new Error("Invalid invocation of a secret query"), { meta, ...more });
}

test("a number of SQLite's is not taken for the same one of MySQL's", () => {
  expect(classify(thrown("1290", "SQLITE_IOERR_DIR_FSYNC: disk I/O error"))).toMatchObject({
    outcome: "unknown",
    code: "STORE_UNAVAILABLE",
  });
  expect(
    classify(thrown("1290", "The MariaDB server is running with the --read-only option")),
  ).toMatchObject({ outcome: "none", message: expect.stringContaining("read-only") as string });
});

test("a refused connection is told by its code where there is no text, as with two addresses", () => {
  const both = new AggregateError([new Error("connect ECONNREFUSED ::1:5432")]);
  expect(classify(Object.assign(both, { code: "ECONNREFUSED" }))).toMatchObject({
    outcome: "none",
    code: "STORE_UNAVAILABLE",
  });
});

test("what nobody knows is unknown, and nothing of its text is passed on", () => {
  for (const error of [new Error("a secret"), "a secret", null, { code: "P2034" }]) {
    const failure = classify(error);
    expect(failure).toMatchObject({ outcome: "unknown", code: "STORE_UNAVAILABLE" });
    expect(failure.message).not.toContain("secret");
  }
});
