import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { deleteCookie, resolveCookie, writeCookie } from "../../src/cookie.ts";
import { copyOf, finish } from "../../src/response.ts";

const SETTINGS = resolveCookie({});
const COOKIE = writeCookie(SETTINGS, "token", 60);
const DELETION = deleteCookie(SETTINGS);

describe("finish() with a cookie", () => {
  test("adds it to the application's own, each on its line", () => {
    const response = new Response("ok");
    response.headers.append("Set-Cookie", "a=1, 2; Path=/");
    response.headers.append("Set-Cookie", "b=3");
    expect(finish(response, { cookie: COOKIE }).headers.getSetCookie()).toEqual([
      "a=1, 2; Path=/",
      "b=3",
      COOKIE.header,
    ]);
  });

  test("takes the place of one of the same name, and of no other", () => {
    const response = new Response("ok");
    const others = ["__Host-session2=a", "a=__Host-session=", "__host-session=b"];
    for (const line of [others[0], COOKIE.header, others[1], others[2]]) {
      response.headers.append("Set-Cookie", line ?? "");
    }
    expect(finish(response, { cookie: DELETION }).headers.getSetCookie()).toEqual([
      ...others,
      DELETION.header,
    ]);
  });

  test("replaces Cache-Control by no-store", () => {
    const response = new Response("ok", { headers: { "Cache-Control": "public, max-age=60" } });
    expect(finish(response, { cookie: COOKIE }).headers.get("Cache-Control")).toBe("no-store");
  });

  test("works on responses that cannot be changed", async () => {
    const redirect = Response.redirect("http://localhost/there", 303);
    const answer = finish(redirect, { cookie: COOKIE });
    expect(answer.status).toBe(303);
    expect(answer.headers.get("Location")).toBe("http://localhost/there");
    expect(answer.headers.getSetCookie()).toEqual([COOKIE.header]);
    const fetched = await fetch("data:text/plain,hello");
    expect(await finish(fetched, { cookie: COOKIE }).text()).toBe("hello");
  });

  test.each(["body", null])("never changes the response that it was given (%s)", (body) => {
    const response = new Response(body);
    const before = Array.from(response.headers);
    const answer = finish(response, { cookie: COOKIE });
    expect(answer).not.toBe(response);
    expect(Array.from(response.headers)).toEqual(before);
  });

  test("keeps status, status text, body and headers", async () => {
    const response = new Response("body", {
      status: 418,
      statusText: "Teapot",
      headers: { "X-Own": "1", ETag: '"e"' },
    });
    const answer = finish(response, { cookie: COOKIE });
    expect([answer.status, answer.statusText, await answer.text()]).toEqual([
      418,
      "Teapot",
      "body",
    ]);
    expect([answer.headers.get("X-Own"), answer.headers.get("ETag")]).toEqual(["1", '"e"']);
  });

  test.each([204, 205, 304])("a %s keeps having no body", (status) => {
    const answer = finish(new Response(null, { status }), { cookie: COOKIE });
    expect(answer.status).toBe(status);
    expect(answer.body).toBeNull();
  });
});

describe("finish() without a cookie", () => {
  test("is private, and varies by Cookie", () => {
    const { headers } = finish(new Response("ok"), {});
    expect(headers.get("Cache-Control")).toBe("private");
    expect(headers.get("Vary")).toBe("Cookie");
    expect(headers.getSetCookie()).toEqual([]);
  });

  test("leaves the application's Cache-Control", () => {
    const response = new Response("ok", { headers: { "Cache-Control": "public, max-age=60" } });
    expect(finish(response, {}).headers.get("Cache-Control")).toBe("public, max-age=60");
  });
});

describe("finish() without a cookie, and the response that it was given", () => {
  test("one with a body is the answer, and gains nothing that others may not see", async () => {
    const response = new Response("ok", { headers: { "Set-Cookie": "a=1" } });
    for (let times = 0; times < 2; times++) {
      expect(finish(response, {})).toBe(response);
      expect(Array.from(response.headers)).toEqual([
        ["cache-control", "private"],
        ["content-type", "text/plain;charset=UTF-8"],
        ["set-cookie", "a=1"],
        ["vary", "Cookie"],
      ]);
    }
    expect(await response.text()).toBe("ok");
  });

  test("one without may serve every visitor: it stays as it is", () => {
    const response = new Response(null, { status: 204 });
    expect(finish(response, {})).not.toBe(response);
    expect(Array.from(response.headers)).toEqual([]);
  });

  test("one that is made when its body is asked for keeps what it was given (@hono/node-server 1)", () => {
    let made: Response | undefined;
    const late = Object.defineProperties(new Response("ok"), {
      headers: { get: () => (made ? made.headers : new Headers()) },
      body: { get: () => (made ??= new Response("ok")).body },
    });
    const answer = finish(late, {});
    void answer.body;
    expect(answer.headers.get("Vary")).toBe("Cookie");
  });

  test("one whose headers are new each time they are asked for is copied", () => {
    const own = new Response("ok");
    const headers = { get: () => new Headers(own.headers) };
    const answer = finish(Object.defineProperties(new Response("ok"), { headers }), {});
    expect(answer.headers.get("Vary")).toBe("Cookie");
  });

  test("one that cannot be changed is copied, whatever realm its error is of", async () => {
    const { headers } = new Response("ok");
    const elsewhere = runInNewContext("new TypeError('immutable')") as Error;
    headers.set = () => {
      throw elsewhere;
    };
    const foreign = Object.defineProperties(new Response("ok"), { headers: { value: headers } });
    const copied = finish(foreign, {});
    expect(copied.headers.get("Vary")).toBe("Cookie");
    const fetched = await fetch("data:text/plain,hello");
    const answer = finish(fetched, {});
    expect(answer.headers.get("Vary")).toBe("Cookie");
    expect(await answer.text()).toBe("hello");
    const redirect = finish(Response.redirect("http://localhost/there", 303), {});
    expect(redirect.headers.get("Cache-Control")).toBe("private");
  });
});

describe("what cannot be answered", () => {
  test("a response whose body was read, in part or as a whole", async () => {
    const read = new Response("ok");
    await read.text();
    const begun = new Response("ok");
    const reader = begun.body?.getReader();
    await reader?.read();
    const held = new Response("ok");
    held.body?.getReader();
    for (const response of [read, begun, held]) {
      expect(() => copyOf(response)).toThrow(TypeError);
      for (const cookie of [COOKIE, undefined]) {
        expect(() => finish(response, { cookie })).toThrow(TypeError);
      }
    }
    reader?.releaseLock();
    expect(() => copyOf(begun)).toThrow(TypeError);
  });

  test("Response.error()", () => {
    expect(() => copyOf(Response.error())).toThrow(RangeError);
    expect(() => finish(Response.error(), {})).toThrow(RangeError);
  });
});

describe("Vary", () => {
  test.each([
    ["Accept", "Accept, Cookie"],
    ["Cookie", "Cookie"],
    ["accept, cookie", "accept, cookie"],
    ["*", "*"],
    ["X-Cookie", "X-Cookie, Cookie"],
    ["Cookie-Consent", "Cookie-Consent, Cookie"],
    ["Cookie , Accept", "Cookie , Accept"],
  ])("%s becomes %s", (before, after) => {
    const response = new Response("ok", { headers: { Vary: before } });
    expect(finish(response, { cookie: COOKIE }).headers.get("Vary")).toBe(after);
  });
});

describe("Clear-Site-Data", () => {
  test.each([
    ["goes with a deletion, where it is asked for", DELETION, true, '"cookies", "storage"'],
    ["goes with no deletion unless asked for", DELETION, false, null],
    ["goes with no other cookie", COOKIE, true, null],
    ["goes with no answer without a cookie", undefined, true, null],
  ])("%s", (_, cookie, clearSiteData, value) => {
    const { headers } = finish(new Response("ok"), { cookie, clearSiteData });
    expect(headers.get("Clear-Site-Data")).toBe(value);
  });
});

test("a 101 goes out as it came", () => {
  const response = Object.defineProperty(new Response(null), "status", { value: 101 });
  expect(finish(response, { cookie: COOKIE })).toBe(response);
});
