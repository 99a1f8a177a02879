import { describe, expect, test } from "vitest";
import {
  type CookieOptions,
  deleteCookie,
  readCookies,
  resolveCookie,
  writeCookie,
} from "../../src/cookie.ts";

function create(options: Record<string, unknown>): () => unknown {
  return () => resolveCookie(options as CookieOptions);
}

describe("readCookies()", () => {
  test.each<[string, string, string[]]>([
    ["nothing", "", []],
    ["one", "s=1", ["1"]],
    ["one of several, in the middle", "a=1; s=2; b=3", ["2"]],
    ["without blanks between", "a=1;s=2;b=3", ["2"]],
    ["with tabs and several blanks", "a=1; \t  s=2", ["2"]],
    ["with blanks at the very front", " \ts=2", ["2"]],
    ["an empty value", "s=", [""]],
    ["an empty value in the middle", "s=; a=1", [""]],
    ["a value with equals signs", "s=a=b=c", ["a=b=c"]],
    ["two of the name, in order", "s=1; s=2", ["1", "2"]],
    ["three of the name", "s=1;s=1;s=1", ["1", "1", "1"]],
    ["nothing in a longer name", "as=1; ss=2; s-s=3", []],
    ["nothing in a name that begins with it", "sa=1; s =2", []],
    ["nothing in another case", "S=1", []],
    ["nothing in a value", "a=s=1; b= s=2; c=x s=3", []],
    ["nothing behind a comma", "a=1, s=2", []],
    ["nothing nameless", "=s=1; s", []],
    ["nothing percent-encoded", "%73=1", []],
    ["a value as it stands, percent signs and quotes included", 's="%41"', ['"%41"']],
    ["a value with the blanks that stand behind it", "s=1 ; a=2", ["1 "]],
    ["a quote does not span a semicolon", 'a="x; s=1; b="', ["1"]],
    ["no $Version", "$Version=1; s=1; $Path=/", ["1"]],
    ["nothing behind a no-break space", "a=1;\u00a0s=2", []],
    ["nothing behind an en quad", "a=1;\u2000s=2", []],
    ["nothing behind a byte order mark", "\ufeffs=2", []],
    ["nothing behind other ASCII blanks", "a=1;\vs=2;\fs=3;\u001fs=4", []],
    ["empty pairs", ";;; ;s=1;;", ["1"]],
  ])("finds %s", (_, header, values) => {
    expect(readCookies(header, "s")).toEqual(values);
  });

  test("names with characters that a pattern would give a meaning are compared as they are", () => {
    expect(readCookies("a.b=1; axb=2; a+b=3", "a.b")).toEqual(["1"]);
    expect(readCookies("$^=1", "$^")).toEqual(["1"]);
  });
});

describe("resolveCookie()", () => {
  test.each<[string, CookieOptions, string]>([
    ["by default", {}, "__Host-session"],
    ["with a domain", { domain: "example.org" }, "__Secure-session"],
    ["with another path", { path: "/app" }, "__Secure-session"],
    ["without Secure", { secure: false }, "session"],
    ["without Secure, with a domain", { secure: false, domain: "example.org" }, "session"],
    ["when told so", { name: "sid" }, "sid"],
  ])("the name %s", (_, options, name) => {
    expect(resolveCookie(options).name).toBe(name);
  });

  test("the defaults are the safe ones", () => {
    expect(resolveCookie({}).attributes).toEqual({
      path: "/",
      domain: undefined,
      secure: true,
      httpOnly: true,
      sameSite: "lax",
      partitioned: false,
    });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["a blank in the name", { name: "a b" }, "name"],
    ["an empty name", { name: "" }, "name"],
    ["an equals sign in the name", { name: "a=b" }, "name"],
    ["a semicolon in the name", { name: "a;b" }, "name"],
    ["a comma in the name", { name: "a,b" }, "name"],
    ["a line break in the name", { name: "a\r\nSet-Cookie: b=c" }, "name"],
    ["a line break behind the name", { name: "session\n" }, "name"],
    ["a NUL in the name", { name: "a\0" }, "name"],
    ["a letter beyond ASCII in the name", { name: "sessión" }, "name"],
    ["a quote in the name", { name: 'a"b' }, "name"],
    ["a name that leaves no room for the value", { name: "a".repeat(4010) }, "name"],
    ["a name that is a number", { name: 5 }, "name"],
    ["a name that is null", { name: null }, "name"],
    ["a name in a list", { name: ["session"] }, "name"],
    ["a relative path", { path: "app" }, "path"],
    ["an empty path", { path: "" }, "path"],
    ["a semicolon in the path", { path: "/; Domain=evil.example" }, "path"],
    ["a comma in the path", { path: "/a,b" }, "path"],
    ["a line break in the path", { path: "/\r\nX: y" }, "path"],
    ["a line break behind the path", { path: "/\n" }, "path"],
    ["a blank in the path", { path: "/a b" }, "path"],
    ["a letter beyond ASCII in the path", { path: "/é" }, "path"],
    ["a path over 1024 characters", { path: `/${"a".repeat(1024)}` }, "path"],
    ["a path that is null", { path: null }, "path"],
    ["a path in a list", { path: ["/"] }, "path"],
    ["an empty domain", { domain: "" }, "domain"],
    ["a domain with a dot in front", { domain: ".example.org" }, "domain"],
    ["a domain with a dot behind", { domain: "example.org." }, "domain"],
    ["a semicolon in the domain", { domain: "example.org; Path=/" }, "domain"],
    ["a comma in the domain", { domain: "a.example,b.example" }, "domain"],
    ["a line break in the domain", { domain: "example.org\r\nX: y" }, "domain"],
    ["a line break behind the domain", { domain: "example.org\n" }, "domain"],
    ["a port in the domain", { domain: "example.org:80" }, "domain"],
    ["a wildcard in the domain", { domain: "*.example.org" }, "domain"],
    ["a domain over 253 characters", { domain: `${"a.".repeat(127)}com` }, "domain"],
    ["a domain that is null", { domain: null }, "domain"],
    ["a domain that is a number", { domain: 5 }, "domain"],
    ["a domain in a list", { domain: ["example.org"] }, "domain"],
    ["a word for secure", { secure: "yes" }, "secure"],
    ["null for secure", { secure: null }, "secure"],
    ["auto for secure", { secure: "auto" }, "secure"],
    ["another case of sameSite", { sameSite: "Lax" }, "sameSite"],
    ["a boolean for sameSite", { sameSite: true }, "sameSite"],
    ["an attribute behind sameSite", { sameSite: "lax; Domain=evil.example" }, "sameSite"],
    ["a line break behind sameSite", { sameSite: "lax\r\nX: y" }, "sameSite"],
    ["null for sameSite", { sameSite: null }, "sameSite"],
    ["a number for partitioned", { partitioned: 1 }, "partitioned"],
    ["an unknown option", { maxAge: 5 }, "maxAge"],
    ["an option to switch off HttpOnly", { httpOnly: false }, "httpOnly"],
    ["an option that injects", { priority: "high; Domain=evil.example" }, "priority"],
  ])("refuses %s", (_, options, option) => {
    expect(create(options)).toThrow(new RegExp(`^Cannot create session cookie: .*\\b${option}\\b`));
  });

  test.each<[string, CookieOptions, RegExp]>([
    ["SameSite=None without Secure", { sameSite: "none", secure: false }, /secure/],
    ["Partitioned without Secure", { partitioned: true, secure: false }, /secure/],
    ["__Secure- without Secure", { name: "__Secure-a", secure: false }, /secure.*name/],
    ["__Host- without Secure", { name: "__Host-a", secure: false }, /secure.*name/],
    ["__HOST- without Secure", { name: "__HOST-a", secure: false }, /secure.*name/],
    ["__Http- without Secure", { name: "__Http-a", secure: false }, /secure.*name/],
    ["__Host-Http- without Secure", { name: "__Host-Http-a", secure: false }, /secure.*name/],
    ["__Host- with a domain", { name: "__Host-a", domain: "a.example" }, /name.*domain/],
    ["__host- with a domain", { name: "__host-a", domain: "a.example" }, /name.*domain/],
    ["__hOsT- with a domain", { name: "__hOsT-a", domain: "a.example" }, /name.*domain/],
    ["__Host- with a path", { name: "__Host-a", path: "/a" }, /name.*path/],
    ["__host- with a path", { name: "__host-a", path: "/a" }, /name.*path/],
    ["__Host-Http- with a domain", { name: "__Host-Http-a", domain: "a.example" }, /name.*domain/],
    ["__Host-Http- with a path", { name: "__host-http-a", path: "/a" }, /name.*path/],
  ])("refuses %s", (_, options, message) => {
    expect(() => resolveCookie(options)).toThrow(TypeError);
    expect(() => resolveCookie(options)).toThrow(message);
  });

  test.each<[string, CookieOptions]>([
    ["__Host-Http-", { name: "__Host-Http-a" }],
    ["__Http- with a domain and a path", { name: "__Http-a", domain: "a.example", path: "/a" }],
    ["__Secure- with a domain", { name: "__Secure-a", domain: "a.example" }],
    ["a name that just leaves room for the value", { name: "a".repeat(4009) }],
    ["every character that a name may have", { name: "!#$%&'*+-.^_`|~aZ09" }],
    ["a path of 1024 characters", { path: `/${"a".repeat(1023)}` }],
    ["a domain beyond ASCII, encoded", { domain: "xn--bcher-kva.example" }],
    ["a host without dots", { domain: "localhost", secure: false }],
    ["SameSite=None with Secure", { sameSite: "none", partitioned: true }],
  ])("takes %s", (_, options) => {
    expect(resolveCookie(options).attributes).toMatchObject({ httpOnly: true });
  });
});

describe("writeCookie()", () => {
  test("the default", () => {
    expect(writeCookie(resolveCookie({}), "token", 86_400).header).toBe(
      "__Host-session=token; Path=/; Max-Age=86400; Secure; HttpOnly; SameSite=Lax",
    );
  });

  test("every attribute", () => {
    const settings = resolveCookie({
      name: "__Secure-sid",
      path: "/app",
      domain: "example.org",
      sameSite: "none",
      partitioned: true,
    });
    expect(writeCookie(settings, "token", 60).header).toBe(
      "__Secure-sid=token; Path=/app; Domain=example.org; Max-Age=60; Secure; HttpOnly; SameSite=None; Partitioned",
    );
  });

  test("plain http", () => {
    const settings = resolveCookie({ secure: false, sameSite: "strict" });
    expect(writeCookie(settings, "token", 1).header).toBe(
      "session=token; Path=/; Max-Age=1; HttpOnly; SameSite=Strict",
    );
  });

  test("answers the parts that frameworks' cookie jars take", () => {
    const { header: _, ...cookie } = writeCookie(resolveCookie({}), "token", 60);
    expect(cookie).toEqual({
      name: "__Host-session",
      value: "token",
      attributes: {
        path: "/",
        domain: undefined,
        secure: true,
        httpOnly: true,
        sameSite: "lax",
        partitioned: false,
        maxAge: 60,
      },
    });
  });

  test.each([
    [34_560_000, 34_560_000],
    [34_560_001, 34_560_000],
    [Number.MAX_SAFE_INTEGER, 34_560_000],
    [0, 0],
    [-5, 0],
  ])("Max-Age of %s is %s", (asked, given) => {
    const { header, attributes } = writeCookie(resolveCookie({}), "token", asked);
    expect(attributes.maxAge).toBe(given);
    expect(header).toContain(`; Max-Age=${given};`);
  });
});

describe("deleteCookie()", () => {
  test("the default", () => {
    const { value, header, attributes } = deleteCookie(resolveCookie({}));
    expect(header).toBe(
      "__Host-session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax",
    );
    expect(value).toBe("");
    expect(attributes).toMatchObject({ maxAge: 0, expires: new Date(0) });
  });

  test.each<CookieOptions>([
    {},
    { secure: false },
    { path: "/app" },
    { domain: "example.org" },
    { sameSite: "strict" },
    { sameSite: "none", partitioned: true, domain: "example.org", path: "/app" },
  ])("repeats every attribute of %o", (options) => {
    const settings = resolveCookie(options);
    const rest = (header: string) =>
      header
        .split("; ")
        .slice(1)
        .filter((part) => !/^(Max-Age|Expires)=/.test(part));
    expect(rest(deleteCookie(settings).header)).toEqual(
      rest(writeCookie(settings, "token", 60).header),
    );
  });
});
