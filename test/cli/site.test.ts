// The doctor and a site: real servers over http and https that answer what a site may answer.

import { writeFile } from "node:fs/promises";
import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createSessions, memoryStore } from "coatcheck";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { redirectFinding } from "../../cli/doctor/site.ts";
import { makeCertificate } from "../support/certificate.ts";
import { freePort } from "../support/redis.ts";
import { examine, expectFinding, found, type Report, temporaryFolder } from "./command.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const GOOD = "__Host-session=a.b; Path=/; Max-Age=86400; Secure; HttpOnly; SameSite=Lax";
const BASE = { "Cache-Control": "no-store", "Strict-Transport-Security": "max-age=31536000" };

let http: Server;
let https: Server;
let answer: Readonly<Record<string, string | string[]>> = {};
let status = 200;

beforeAll(async () => {
  const { key, cert } = makeCertificate();
  await writeFile(join(folder.path, "cert.pem"), cert);
  http = createHttp((_, response) => response.writeHead(status, answer).end("page"));
  https = createHttps({ key, cert }, (_, response) => {
    response.writeHead(status, answer).end("page");
  });
  for (const server of [http, https]) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
});

afterEach(() => {
  status = 200;
});

afterAll(async () => {
  for (const server of [http, https]) {
    server?.closeAllConnections();
    server?.close();
  }
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** What the doctor says of a page with these headers. */
function doctor(
  headers: Readonly<Record<string, string | string[]>>,
  { secure = true, args = [] as readonly string[], env = {} } = {},
): Promise<Report> {
  answer = headers;
  const address = secure ? `localhost:${portOf(https)}` : `http://localhost:${portOf(http)}`;
  return examine(["--site", address, "--timeout", "10000", ...args], {
    env: { NODE_EXTRA_CA_CERTS: join(folder.path, "cert.pem"), SESSION_SECRET: "", ...env },
  });
}

describe("a site over https", () => {
  test("with the library's own cookie and headers is well", async () => {
    const sessions = createSessions({
      secrets: ["x7".repeat(16)],
      store: memoryStore(),
      initial: () => ({ n: 0 }),
    });
    const response = await sessions.handler(async (_, getSession) => {
      (await getSession()).data.n = 1;
      return new Response("page");
    })(new Request("https://localhost/"));
    const report = await doctor({ ...BASE, ...Object.fromEntries(response.headers) });
    for (const check of ["scheme", "reach", "cookie", "cache", "hsts", "clock"]) {
      expectFinding(report, `site.${check}`, "ok");
    }
    expect(report.outcome.out).not.toContain(response.headers.getSetCookie()[0]?.slice(15, 60));
  });

  test.each([
    ["a Domain", `${GOOD}; Domain=example.com`, /has a Domain/],
    ["another Path", GOOD.replace("Path=/", "Path=/app"), /has no Path=\//],
    ["no Secure", GOOD.replace("; Secure", ""), /has no Secure/],
    ["no HttpOnly", GOOD.replace("; HttpOnly", ""), /has no HttpOnly/],
    ["the name for development", "session=a.b; Path=/; HttpOnly; SameSite=Lax", /no Secure on an/],
  ])("whose cookie has %s is told", async (_, cookie, says) => {
    const report = await doctor({ ...BASE, "Set-Cookie": ["other=1", cookie] });
    expect(report.exitCode).toBe(1);
    expect(expectFinding(report, "site.cookie", "wrong").message).toMatch(says);
  });

  test("whose response with the cookie may be kept by caches is told", async () => {
    const report = await doctor({
      ...BASE,
      "Set-Cookie": GOOD,
      "Cache-Control": "public, max-age=60",
    });
    expect(report.exitCode).toBe(1);
    expect(expectFinding(report, "site.cache", "wrong").why).toContain("one visitor's session");
  });

  test("that sets no cookie here is not judged; --cookie names another", async () => {
    const none = await doctor({ ...BASE, "Set-Cookie": "visit=1; Path=/" });
    expectFinding(none, "site.cookie", "skipped");
    expect(found(none, "site.cache")).toEqual([]);
    const named = await doctor(
      { ...BASE, "Set-Cookie": "visit=1; Path=/" },
      { args: ["--cookie", "visit"] },
    );
    expectFinding(named, "site.cookie", "wrong");
  });

  test("without Strict-Transport-Security is warned of", async () => {
    const report = await doctor({ "Cache-Control": "no-store", "Set-Cookie": GOOD });
    expectFinding(report, "site.hsts", "warning");
    expectFinding(report, "site.cookie", "ok");
  });

  test("that answers with a failure is warned of", async () => {
    status = 503;
    const report = await doctor(BASE);
    expect(expectFinding(report, "site.reach", "warning").message).toContain("answers 503");
  });

  test("whose clock is another is warned of", async () => {
    const report = await doctor({ ...BASE, Date: new Date(Date.now() - 3_600_000).toUTCString() });
    const { message } = expectFinding(report, "site.clock", "warning");
    expect(message).toMatch(/clock is (3599|3600|360\d) s ahead of the site's/);
  });
});

describe("behind a cache", () => {
  const hourAgo = () => new Date(Date.now() - 3_600_000).toUTCString();

  test("a site's time is that of the response and its age", async () => {
    const report = await doctor({ ...BASE, Date: hourAgo(), Age: "3600" });
    expectFinding(report, "site.clock", "ok");
  });

  test.each(["60", "soon"])("an age of %s that does not explain it is warned of", async (age) => {
    const report = await doctor({ ...BASE, Date: hourAgo(), Age: age });
    expect(expectFinding(report, "site.clock", "warning").message).toContain("ahead of the site's");
  });
});

describe("a site over http", () => {
  test("on this machine is a warning, and its cookie for https is refused", async () => {
    const report = await doctor(
      { "Cache-Control": "no-store", "Set-Cookie": GOOD },
      { secure: false },
    );
    expect(expectFinding(report, "site.scheme", "warning").why).toContain("Safari");
    expect(expectFinding(report, "site.cookie", "wrong").why).toContain("do not persist");
  });

  test("elsewhere is wrong, whether it answers or not", async () => {
    const report = await examine(["--site", "http://no-such-site.invalid", "--timeout", "10000"]);
    expect(report.exitCode).toBe(1);
    const { why } = expectFinding(report, "site.scheme", "wrong");
    expect(why).toContain("sessions do not persist");
    expect(why).toContain("one without Secure can be taken by anybody on the way");
  });

  test.each([
    ["leads to https", 308, "https://localhost/", "ok"],
    ["leads elsewhere over http", 302, "http://localhost/other", "warning"],
    ["answers a page", 200, "", "warning"],
  ])("that %s", async (_, code, location, expected) => {
    status = code;
    answer = location === "" ? {} : { Location: location };
    const finding = await redirectFinding(new URL(`http://localhost:${portOf(http)}/`), 5000);
    expect(finding).toMatchObject({ check: "site.redirect", status: expected });
  });

  test("is not there at all", async () => {
    const url = new URL(`http://127.0.0.1:${await freePort()}/`);
    expect((await redirectFinding(url, 5000)).status).toBe("ok");
  });
});

test("a site that does not answer says why", async () => {
  const report = await examine(["--site", `https://localhost:${await freePort()}`]);
  expect(expectFinding(report, "site.reach", "unknown").message).toContain("ECONNREFUSED");
});
