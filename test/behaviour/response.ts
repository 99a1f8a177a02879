// What a visitor's response looks like after the session was committed: everything of the application's, and a cookie.

import { expect } from "chai";
import { memoryStore } from "coatcheck";
import { cookieJar, type Jar } from "../support/jar.ts";
import type { Case } from "../support/suite.ts";
import {
  type Act,
  codeOf,
  COOKIE,
  onMemory,
  onStores,
  openShop,
  rejection,
  sessionCookie,
  type Shop,
  thrown,
} from "./setup.ts";

const change: Act = ({ data }) => void data.n++;

/** Changes the session and answers this. */
function answering(response: Response): Act {
  return ({ data }) => {
    data.n++;
    return response;
  };
}

/** No constructor makes a 101, and not every platform has WebSockets: what the library sees is the status. */
function switching(): Response {
  return Object.defineProperty(new Response(null), "status", { value: 101 });
}

async function signedIn(shop: Shop): Promise<Jar> {
  const jar = cookieJar();
  await shop.visit(jar, change);
  shop.counts.reset();
  return jar;
}

export const cases: readonly Case[] = [
  onMemory(
    "R17 F40 a redirect keeps status and location, and carries the cookie",
    async (store) => {
      const redirect = Response.redirect("https://shop.example/basket", 303);
      const response = await openShop(store).visit(cookieJar(), answering(redirect));
      expect(response.status).to.equal(303);
      expect(response.headers.get("Location")).to.equal("https://shop.example/basket");
      expect(sessionCookie(response)).to.be.a("string");
      expect(response.headers.get("Cache-Control")).to.equal("no-store");
      expect(response.headers.get("Vary")).to.equal("Cookie");
    },
  ),

  {
    name: "R17 a response that fetch answered keeps status, headers and body, and carries the cookie",
    run: async ({ url, token }) => {
      const fetched = await fetch(url, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify(["PING"]),
      });
      const type = fetched.headers.get("Content-Type");
      const response = await openShop(memoryStore()).visit(cookieJar(), answering(fetched));
      expect(response.status).to.equal(200);
      expect(response.headers.get("Content-Type")).to.equal(type);
      expect(sessionCookie(response)).to.be.a("string");
      expect(await response.json()).to.deep.equal({ result: "PONG" });
    },
  },

  onMemory("R17 F25 the application's cookies stay, each on a line of its own", async (store) => {
    const own = new Response("page", {
      status: 201,
      statusText: "Made",
      headers: { "X-Own": "1" },
    });
    own.headers.append("Set-Cookie", "theme=dark; Expires=Wed, 01 Jan 2031 00:00:00 GMT");
    own.headers.append("Set-Cookie", "lang=en; Path=/");
    const jar = cookieJar();
    const response = await openShop(store).visit(jar, answering(own));
    const lines = response.headers.getSetCookie();
    expect(lines).to.have.length(3);
    expect(lines.slice(0, 2)).to.deep.equal([
      "theme=dark; Expires=Wed, 01 Jan 2031 00:00:00 GMT",
      "lang=en; Path=/",
    ]);
    expect(lines[2]).to.match(/^__Host-session=/);
    expect(response.status).to.equal(201);
    expect(response.statusText).to.equal("Made");
    expect(response.headers.get("X-Own")).to.equal("1");
    expect(await response.text()).to.equal("page");
  }),

  onMemory(
    "R21 F23 a response that sets the cookie is no-store, whatever the application said",
    async (store) => {
      const own = new Response("page", { headers: { "Cache-Control": "public, max-age=3600" } });
      const response = await openShop(store).visit(cookieJar(), answering(own));
      expect(response.headers.get("Cache-Control")).to.equal("no-store");
      expect(response.headers.get("Vary")).to.equal("Cookie");
    },
  ),

  onMemory(
    "R21 F23 a response that asked for the session, found or not, varies by Cookie and is private",
    async (store) => {
      const shop = openShop(store);
      for (const jar of [cookieJar(), await signedIn(shop)]) {
        const response = await shop.visit(jar);
        expect(response.headers.get("Vary")).to.equal("Cookie");
        expect(response.headers.get("Cache-Control")).to.equal("private");
        expect(response.headers.getSetCookie()).to.deep.equal([]);
      }
    },
  ),

  onMemory(
    "R21 asking is enough: also where the handler never looks at the data",
    async (store) => {
      const shop = openShop(store);
      const handle = shop.sessions.handler(async (_request, getSession) => {
        await getSession();
        return new Response("same for all");
      });
      const response = await handle(cookieJar().request());
      expect(response.headers.get("Vary")).to.equal("Cookie");
    },
  ),

  onMemory("the application's Cache-Control stays where no cookie is set", async (store) => {
    const shop = openShop(store);
    const own = () => new Response("page", { headers: { "Cache-Control": "max-age=60" } });
    const response = await shop.visit(await signedIn(shop), own);
    expect(response.headers.get("Cache-Control")).to.equal("max-age=60");
    expect(response.headers.get("Vary")).to.equal("Cookie");
  }),

  onMemory("an existing Vary is kept and extended, and never says Cookie twice", async (store) => {
    const shop = openShop(store);
    const jar = await signedIn(shop);
    const expected: [given: string, made: string][] = [
      ["Accept-Encoding", "Accept-Encoding, Cookie"],
      ["Cookie", "Cookie"],
      ["accept, cookie", "accept, cookie"],
      ["*", "*"],
      ["X-Cookie", "X-Cookie, Cookie"],
    ];
    for (const [given, made] of expected) {
      const own = () => new Response("page", { headers: { Vary: given } });
      expect((await shop.visit(jar, own)).headers.get("Vary"), given).to.equal(made);
    }
  }),

  onMemory("R21 a 304 and a 204 get the same headers, and no body", async (store) => {
    const shop = openShop(store);
    const jar = await signedIn(shop);
    for (const status of [204, 304]) {
      const response = await shop.visit(jar, () => new Response(null, { status }));
      expect(response.status).to.equal(status);
      expect(response.body).to.equal(null);
      expect(response.headers.get("Vary")).to.equal("Cookie");
      expect(response.headers.get("Cache-Control")).to.equal("private");
    }
  }),

  onMemory(
    "a handler that never asks for the session gets its very own response back, and no command is sent",
    async (store) => {
      const shop = openShop(store);
      const jar = await signedIn(shop);
      const own = new Response("public");
      const handle = shop.sessions.handler(() => own);
      expect(await handle(jar.request())).to.equal(own);
      expect([...own.headers.keys()]).to.not.include("vary");
      expect(shop.counts.commands).to.equal(0);
    },
  ),

  onMemory(
    "the handler gets the very same request, and everything the platform passed along",
    async (store) => {
      const shop = openShop(store);
      const request = cookieJar().request("/with");
      const env = { name: "test" };
      const handle = shop.sessions.handler(
        async (incoming, getSession, given: { name: string }, count: number) => {
          expect(incoming).to.equal(request);
          expect(given).to.equal(env);
          expect(await getSession()).to.equal(await getSession());
          return new Response(String(count));
        },
      );
      expect(await (await handle(request, env, 3)).text()).to.equal("3");
    },
  ),

  onMemory(
    "R45 a response that is one constant for all is not changed, and carries nobody's cookie",
    async (store) => {
      const shop = openShop(store);
      const constant = new Response(null, { status: 204 });
      const [one, two] = [cookieJar(), cookieJar()];
      await shop.visit(one, answering(constant));
      await shop.visit(two, answering(constant));
      expect(one.get(COOKIE)).to.not.equal(two.get(COOKIE));
      expect(constant.headers.getSetCookie()).to.deep.equal([]);
      expect([...constant.headers.keys()]).to.deep.equal([]);
    },
  ),

  onMemory("a streaming body goes through, piece by piece", async (store) => {
    let turn = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (turn === 3) controller.close();
        else controller.enqueue(new TextEncoder().encode(`piece ${++turn};`));
      },
    });
    const response = await openShop(store).visit(cookieJar(), answering(new Response(body)));
    expect(sessionCookie(response)).to.be.a("string");
    expect(turn).to.be.below(3);
    expect(await response.text()).to.equal("piece 1;piece 2;piece 3;");
  }),

  ...onStores("a 101 saves a change and is answered as it is", async (store) => {
    const shop = openShop(store);
    const jar = await signedIn(shop);
    const own = switching();
    expect(await shop.visit(jar, answering(own))).to.equal(own);
    expect(own.headers.getSetCookie()).to.deep.equal([]);
    expect((await shop.open(jar)).data.n).to.equal(2);
  }),

  ...onStores("R9 a 101 that would need a cookie throws, and writes nothing", async (store) => {
    const shop = openShop(store);
    const begin = shop.visit(cookieJar(), answering(switching()));
    expect(codeOf(await rejection(begin))).to.equal("SESSION_COOKIE_NEEDED");
    expect(shop.counts.commands).to.equal(0);
    const jar = await signedIn(shop);
    const login = shop.visit(jar, (session) => {
      session.regenerate();
      return switching();
    });
    expect(codeOf(await rejection(login))).to.equal("SESSION_COOKIE_NEEDED");
    expect(shop.counts.writes).to.equal(0);
    expect((await shop.open(jar)).data.n).to.equal(1);
  }),

  ...onStores("R29 a 101 that signs out ends the session", async (store) => {
    const shop = openShop(store);
    const jar = await signedIn(shop);
    await shop.visit(jar, (session) => {
      session.destroy();
      return switching();
    });
    expect((await shop.open(jar)).isNew).to.equal(true);
  }),

  ...onStores("R46 a 5xx drops changes, flash values and a regenerate", async (store) => {
    const shop = openShop(store);
    const jar = await signedIn(shop);
    for (const status of [500, 502, 503, 599]) {
      const response = await shop.visit(jar, (session) => {
        session.data.n = 99;
        session.update((data) => void data.cart.push("tea"));
        session.flash("note", "lost");
        session.regenerate();
        return new Response("broken", { status, headers: { "Retry-After": "7" } });
      });
      expect(response.status).to.equal(status);
      expect(response.headers.get("Retry-After")).to.equal("7");
      expect(response.headers.getSetCookie()).to.deep.equal([]);
      expect(response.headers.get("Vary")).to.equal("Cookie");
    }
    expect(shop.counts.writes).to.equal(0);
    const session = await shop.open(jar);
    expect(session.data).to.deep.equal({ cart: [], n: 1 });
    expect(session.flash("note")).to.equal(undefined);
  }),

  ...onStores("a 4xx saves what was done", async (store) => {
    const shop = openShop(store);
    const jar = await signedIn(shop);
    await shop.visit(jar, answering(new Response("no", { status: 422 })));
    expect((await shop.open(jar)).data.n).to.equal(2);
  }),

  ...onStores(
    "R46 a handler that throws saves nothing, and what it threw comes through",
    async (store) => {
      const shop = openShop(store);
      const jar = await signedIn(shop);
      const problem = new Error("broken");
      const visiting = shop.visit(jar, (session) => {
        session.data.n = 99;
        session.flash("note", "lost");
        session.regenerate();
        throw problem;
      });
      expect(await rejection(visiting)).to.equal(problem);
      expect(shop.counts.writes).to.equal(0);
      expect((await shop.open(jar)).data).to.deep.equal({ cart: [], n: 1 });
    },
  ),

  onMemory(
    "R46 a change after the response was returned throws, and is not saved",
    async (store) => {
      const shop = openShop(store);
      const jar = await signedIn(shop);
      let change: () => void = () => undefined;
      let regenerate: () => void = () => undefined;
      await shop.visit(jar, (session) => {
        change = () => session.update((data) => void data.n++);
        regenerate = () => session.regenerate();
      });
      for (const late of [change, regenerate]) {
        expect(codeOf(thrown(late))).to.equal("SESSION_COMMITTED");
      }
      expect((await shop.open(jar)).data.n).to.equal(1);
    },
  ),

  onMemory(
    "R46 a session first asked for after the response was returned can be read, and changes throw",
    async (store) => {
      const shop = openShop(store);
      const jar = await signedIn(shop);
      const handle = shop.sessions.handler((_request, getSession) => {
        const body = new ReadableStream<Uint8Array>(
          {
            async pull(controller) {
              // A body is first pulled when somebody reads it.
              const session = await getSession();
              const error = thrown(() => session.update((data) => void data.n++));
              const text = `n=${session.data.n} ${codeOf(error)}`;
              controller.enqueue(new TextEncoder().encode(text));
              controller.close();
            },
          },
          { highWaterMark: 0 },
        );
        return new Response(body);
      });
      const response = await handle(jar.request());
      expect(await response.text()).to.equal("n=1 SESSION_COMMITTED");
      expect((await shop.open(jar)).data.n).to.equal(1);
    },
  ),
];
