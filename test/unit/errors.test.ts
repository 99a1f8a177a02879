import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { resolveCookie, writeCookie } from "../../src/cookie.ts";
import {
  SessionConflictError,
  SessionDataError,
  SessionError,
  SessionSizeError,
  StoreError,
} from "../../src/errors.ts";

const ERRORS: [name: string, error: SessionError, code: string][] = [
  ["SessionError", new SessionError("SESSION_READ_ONLY", "text"), "SESSION_READ_ONLY"],
  ["SessionConflictError", new SessionConflictError("text"), "SESSION_CONFLICT"],
  ["SessionSizeError", new SessionSizeError(9, 5), "SESSION_TOO_LARGE"],
  ["SessionDataError", new SessionDataError("data.a", "is x"), "SESSION_DATA_INVALID"],
  ["StoreError", new StoreError("none", "text"), "STORE_UNAVAILABLE"],
];

describe.each(ERRORS)("%s", (name, error, code) => {
  test("has a stable name and code", () => {
    expect(error.name).toBe(name);
    expect(error.code).toBe(code);
  });

  test("is an Error and a SessionError, with a stack", () => {
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(SessionError);
    expect(error.stack).toContain(import.meta.filename);
  });

  test("prints its name and its message", () => {
    expect(String(error)).toBe(`${name}: ${error.message}`);
  });
});

test("the subclasses are told apart", () => {
  expect(new StoreError("none", "text")).not.toBeInstanceOf(SessionConflictError);
  expect(new SessionConflictError("text")).not.toBeInstanceOf(StoreError);
});

test("a StoreError says whether the command may have taken effect, and whether waiting helps", () => {
  expect(new StoreError("unknown", "text")).toMatchObject({ outcome: "unknown" });
  expect(new StoreError("none", "text", "STORE_MISCONFIGURED")).toMatchObject({
    outcome: "none",
    code: "STORE_MISCONFIGURED",
  });
});

test("the response of a StoreError says nothing of why, and neither sets nor clears a cookie", async () => {
  const answer = new StoreError("none", "text", "STORE_MISCONFIGURED").getResponse();
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(await answer.text()).toBe("Service unavailable\n");
});

test("a StoreError's cookie is for its response, and for whoever asks by name: no log shows it", () => {
  const cookie = writeCookie(resolveCookie({}), "a-private-token", 60);
  const error = new StoreError("unknown", "text", "STORE_UNAVAILABLE", cookie);
  expect(error.cookie).toBe(cookie);
  for (let time = 0; time < 2; time++) {
    expect(error.getResponse().headers.getSetCookie()).toEqual([cookie.header]);
  }
  expect(Object.keys(error)).not.toContain("cookie");
  for (const text of [inspect(error, { showHidden: true }), JSON.stringify(error), String(error)]) {
    expect(text).not.toContain("a-private-token");
  }
  expect(new StoreError("none", "text").cookie).toBe(undefined);
});

test("a SessionSizeError says how large the data is, and how large it may be", () => {
  const error = new SessionSizeError(9, 5);
  expect(error).toMatchObject({ bytes: 9, limit: 5 });
  expect(error.message).toMatch(/9.*maxBytes.*5/);
});

test("a SessionDataError says where", () => {
  const error = new SessionDataError("data.a[1]", "is odd");
  expect(error.path).toBe("data.a[1]");
  expect(error.message).toContain("data.a[1] is odd");
});
