import { type CrossSiteOptions, crossSiteGuard } from "coatcheck";
import { describe, expect, test } from "vitest";

const SITE = "https://shop.example.com";
const COOKIE = { Cookie: "__Host-session=token" };
const trusting: CrossSiteOptions = {
  trustedOrigins: ["https://admin.example.com", "http://localhost:3000", "capacitor://localhost"],
};

interface Asked {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the guard says of a request to the site, with a visitor's cookies unless headers say otherwise. */
function judge(
  headers: Readonly<Record<string, string>>,
  options?: CrossSiteOptions,
  { method = "POST", url = `${SITE}/cart` }: Asked = {},
): "refused" | "passes" {
  const request = new Request(url, { method, headers: { ...COOKIE, ...headers } });
  return crossSiteGuard(options)(request) ? "refused" : "passes";
}

function refuses(options: Record<string, unknown>): () => unknown {
  return () => crossSiteGuard(options as CrossSiteOptions);
}

describe("what a page of another site sends", () => {
  test.each(["GET", "HEAD", "OPTIONS"])("R43 %s passes, which changes nothing", (method) => {
    const headers = { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" };
    expect(judge(headers, undefined, { method })).toBe("passes");
  });

  test.each(["POST", "PUT", "PATCH", "DELETE", "QUERY", "post"])("R43 %s is refused", (method) => {
    const headers = { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" };
    expect(judge(headers, undefined, { method })).toBe("refused");
  });

  test.each([
    ["same-origin", "passes"],
    ["none", "passes"],
    ["same-site", "refused"],
    ["cross-site", "refused"],
    ["Same-Origin", "refused"],
    ["same-origin, same-origin", "refused"],
    ["something new", "refused"],
  ])("R43 Sec-Fetch-Site %s: %s", (site, verdict) => {
    expect(judge({ "Sec-Fetch-Site": site })).toBe(verdict);
    // It says more than Origin, which a page's own referrer policy may have made null.
    const own = { "Sec-Fetch-Site": site, Origin: SITE };
    expect(judge(own)).toBe(verdict);
    expect(judge({ ...own, Origin: "null" })).toBe(verdict);
    expect(judge({ ...own, Cookie: "" })).toBe(verdict);
  });

  test.each([
    [SITE, "passes"],
    ["http://shop.example.com", "passes"],
    ["https://evil.example", "refused"],
    ["https://blog.example.com", "refused"],
    ["https://example.com", "refused"],
    ["https://shop.example.com.evil.example", "refused"],
    ["https://evil.example#shop.example.com", "refused"],
    ["https://evil.example@shop.example.com", "refused"],
    ["https://shop.example.com:8443", "refused"],
    ["https://shop.example.com/", "refused"],
    ["https://shop.example.com, https://shop.example.com", "refused"],
    ["app://shop.example.com", "refused"],
    ["shop.example.com", "refused"],
    ["null", "refused"],
    ["https://", "refused"],
  ])("R43 without Sec-Fetch-Site the host in Origin decides: %s %s", (origin, verdict) => {
    expect(judge({ Origin: origin })).toBe(verdict);
    expect(judge({ Origin: origin, "Sec-Fetch-Site": "" })).toBe(verdict);
  });

  test.each([
    ["application/x-www-form-urlencoded"],
    ["multipart/form-data; boundary=x"],
    ["text/plain"],
    ["application/json"],
    ["Text/Plain; charset=x"],
    ["application/x-www-form-urlencoded, text/html"],
    ["nonsense"],
    [""],
  ])("F41 R43 is refused with Content-Type %j as with any other", (type) => {
    const headers = { "Content-Type": type };
    expect(judge({ ...headers, "Sec-Fetch-Site": "cross-site" })).toBe("refused");
    expect(judge({ ...headers, Origin: "https://evil.example" })).toBe("refused");
    expect(judge(headers)).toBe("refused");
    expect(judge({ ...headers, Origin: SITE })).toBe("passes");
  });
});

describe("a request with neither header", () => {
  test("R43 is refused where it brings cookies, and passes without", () => {
    expect(judge({})).toBe("refused");
    const plain = new Request(SITE, { method: "POST" });
    expect(crossSiteGuard()(plain)).toBe(false);
    expect(judge({ Cookie: "" })).toBe("passes");
    expect(judge({ Cookie: "theme=dark" })).toBe("refused");
  });

  test("R43 passes with cookies where that is said, and nothing else does", () => {
    const options = { allowWithoutOrigin: true };
    expect(judge({}, options)).toBe("passes");
    expect(judge({ Origin: "null" }, options)).toBe("refused");
    expect(judge({ "Sec-Fetch-Site": "cross-site" }, options)).toBe("refused");
  });
});

describe("trustedOrigins", () => {
  test.each([
    ["https://admin.example.com", "passes"],
    ["http://localhost:3000", "passes"],
    ["capacitor://localhost", "passes"],
    ["http://admin.example.com", "refused"],
    ["https://admin.example.com:8443", "refused"],
    ["https://admin.example.com.evil.example", "refused"],
    ["https://ADMIN.example.com", "refused"],
    ["http://localhost", "refused"],
    ["null", "refused"],
  ])("R43 %s %s, whatever Sec-Fetch-Site says", (origin, verdict) => {
    for (const site of ["same-site", "cross-site", ""]) {
      expect(judge({ Origin: origin, "Sec-Fetch-Site": site }, trusting)).toBe(verdict);
    }
  });

  test("R43 do not open the door to a request that says no Origin", () => {
    expect(judge({ "Sec-Fetch-Site": "cross-site" }, trusting)).toBe("refused");
    expect(judge({}, trusting)).toBe("refused");
  });

  test("are those of the beginning: a list that is changed later changes nothing", () => {
    const trustedOrigins = ["https://admin.example.com"];
    const isCrossSite = crossSiteGuard({ trustedOrigins });
    trustedOrigins[0] = "https://evil.example";
    const headers = { Origin: "https://evil.example" };
    expect(isCrossSite(new Request(SITE, { method: "POST", headers }))).toBe(true);
  });

  test.each([
    "https://admin.example.com/",
    "https://admin.example.com/path",
    "https://admin.example.com?query",
    "https://admin.example.com#part",
    "https://user@admin.example.com",
    "https://Admin.example.com",
    "https://admin.example.com:443",
    "http://admin.example.com:80",
    "https://*.example.com",
    "https://a.example https://b.example",
    "https://a.example,https://b.example",
    "https://bücher.example",
    "admin.example.com",
    "//admin.example.com",
    "https://",
    "https://a.example\n",
    "null",
    "*",
    "",
    null,
    5,
    new URL("https://admin.example.com"),
  ])("that are no exact origins throw at creation: %j", (origin) => {
    const create = refuses({ trustedOrigins: ["https://good.example", origin] });
    expect(create).toThrow(TypeError);
    expect(create).toThrow("Cannot create guard: trustedOrigins must be a list of exact origins");
  });

  test.each(["https://admin.example.com", new Set(["https://admin.example.com"]), null, {}])(
    "that are no list throw at creation: %j",
    (trustedOrigins) => {
      expect(refuses({ trustedOrigins })).toThrow(TypeError);
    },
  );

  test.each(["https://a_b.example", "https://xn--bcher-kva.example", "http://[::1]:3000"])(
    "may be any that a browser says: %s",
    (origin) => {
      expect(judge({ Origin: origin }, { trustedOrigins: [origin] })).toBe("passes");
    },
  );
});

describe("which host the browser asked for", () => {
  const proxied: CrossSiteOptions = { proxyHost: "x-forwarded-host" };
  const behind = { url: "http://10.0.0.5:8080/cart" };

  test("R47 is the Host header, where a server makes up a URL of its own", () => {
    const headers = { Origin: SITE, Host: "shop.example.com" };
    expect(judge(headers, undefined, { url: "http://localhost:3000/cart" })).toBe("passes");
    expect(judge({ ...headers, Host: "other.example" })).toBe("refused");
    expect(judge({ ...headers, Host: "Shop.Example.COM" })).toBe("passes");
  });

  test("R47 is the URL's without one", () => {
    expect(judge({ Origin: SITE })).toBe("passes");
    expect(judge({ Origin: SITE }, undefined, behind)).toBe("refused");
    const local = { url: "http://localhost:3000/cart" };
    expect(judge({ Origin: "http://localhost:3000" }, undefined, local)).toBe("passes");
    expect(judge({ Origin: "http://localhost" }, undefined, local)).toBe("refused");
  });

  test.each([
    ["X-Forwarded-Host", "evil.example"],
    ["Forwarded", "host=evil.example;proto=https"],
    ["X-Original-Host", "evil.example"],
    ["X-Host", "evil.example"],
  ])("R47 is never taken from %s unless that is named", (name, value) => {
    expect(judge({ Origin: "https://evil.example", [name]: value })).toBe("refused");
    expect(judge({ Origin: "https://evil.example", [name]: value }, { proxyHost: "x-other" })).toBe(
      "refused",
    );
    expect(judge({ Origin: SITE, [name]: value })).toBe("passes");
  });

  test("R47 is what the named header says, and no other", () => {
    const headers = { Origin: SITE, "X-Forwarded-Host": "shop.example.com" };
    expect(judge(headers, proxied, behind)).toBe("passes");
    expect(judge({ ...headers, Host: "10.0.0.5:8080" }, proxied, behind)).toBe("passes");
    const inside = { ...headers, Origin: "http://10.0.0.5:8080", Host: "10.0.0.5:8080" };
    expect(judge(inside, proxied, behind)).toBe("refused");
  });

  test.each([
    ["several values", "shop.example.com, shop.example.com"],
    ["several values, the right one first", "shop.example.com, evil.example"],
    ["several values, the right one last", "evil.example, shop.example.com"],
    ["a URL", "https://shop.example.com"],
    ["a path", "shop.example.com/"],
    ["somebody before it", "evil@shop.example.com"],
    ["another port", "shop.example.com:8443"],
    ["nothing", ""],
    ["null", "null"],
    ["junk", "%%%"],
  ])("R47 is nobody's where the named header says %s", (_what, value) => {
    const headers = { "X-Forwarded-Host": value, Host: "shop.example.com" };
    expect(judge({ ...headers, Origin: SITE }, proxied)).toBe("refused");
    // Not even of who says the same junk.
    expect(judge({ ...headers, Origin: `https://${value}` }, proxied)).toBe(
      /^[\w.:]+$/.test(value) ? "passes" : "refused",
    );
  });

  test("R47 is nobody's where the named header is missing: the request came past the proxy", () => {
    expect(judge({ Origin: SITE, Host: "shop.example.com" }, proxied)).toBe("refused");
    expect(judge({ Origin: "https://undefined" }, proxied)).toBe("refused");
    expect(judge({ Origin: "https://null" }, proxied)).toBe("refused");
  });

  test("R47 does not matter where Sec-Fetch-Site says it all", () => {
    expect(judge({ "Sec-Fetch-Site": "same-origin" }, proxied, behind)).toBe("passes");
    const forged = { "Sec-Fetch-Site": "cross-site", "X-Forwarded-Host": "evil.example" };
    expect(judge({ ...forged, Origin: "https://evil.example" }, proxied)).toBe("refused");
  });

  test.each(["", "x forwarded", "x-forwarded-host:", "x\n", true, null, ["x-forwarded-host"]])(
    "a proxyHost that names no header throws at creation: %j",
    (proxyHost) => {
      expect(refuses({ proxyHost })).toThrow(TypeError);
      expect(refuses({ proxyHost })).toThrow("proxyHost must be the name of a header");
    },
  );
});

test("an option that is unknown, or no choice, throws at creation", () => {
  expect(refuses({ trustedOrigin: [] })).toThrow("trustedOrigin must be left out: it is unknown");
  expect(refuses({ allowWithoutOrigin: "yes" })).toThrow(
    "allowWithoutOrigin must be false or true",
  );
});
