// Configuration that arrives with the request, and requests that share one process.

import { expect } from "chai";
import { createSessions, perEnv, type Store } from "coatcheck";
import { cookieJar, type Jar } from "../support/jar.ts";
import type { Case } from "../support/suite.ts";
import { COOKIE, onMemory, onStores, openShop, SECRET, thrown } from "./setup.ts";

interface Env {
  readonly store: Store;
}

/** Lets others run, several times over. */
async function yieldTurns(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

export const cases: readonly Case[] = [
  onMemory("perEnv makes the sessions once for each env object", async (store) => {
    let made = 0;
    const sessionsOf = perEnv((env: Env) => {
      made++;
      return createSessions<{ n: number }>({
        secrets: [SECRET],
        store: env.store,
        initial: () => ({ n: 0 }),
      });
    });
    const [one, two] = [{ store }, { store }];
    expect(sessionsOf(one)).to.equal(sessionsOf(one));
    expect(sessionsOf(two)).to.not.equal(sessionsOf(one));
    expect(made).to.equal(2);
  }),

  onMemory("perEnv says what it cannot use, and forgets nothing of a failure", async (store) => {
    let calls = 0;
    const sessionsOf = perEnv((env: Env) => {
      calls++;
      return createSessions({ secrets: ["short"], store: env.store });
    });
    const env = { store };
    expect(thrown(() => sessionsOf(env))).to.be.instanceOf(TypeError);
    expect(thrown(() => sessionsOf(env))).to.be.instanceOf(TypeError);
    expect(calls).to.equal(2);
    const make = perEnv(() => createSessions({ secrets: [SECRET], store }));
    expect(thrown(() => make(undefined as unknown as object))).to.be.instanceOf(TypeError);
  }),

  onMemory("a handler made per request keeps the visitor's session", async (store) => {
    const sessionsOf = perEnv((env: Env) =>
      createSessions<{ n: number }>({
        secrets: [SECRET],
        store: env.store,
        initial: () => ({ n: 0 }),
      }),
    );
    const env = { store };
    const jar = cookieJar();
    const fetch = (request: Request) =>
      sessionsOf(env).handler(async (_request, getSession) => {
        const session = await getSession();
        session.data.n++;
        return Response.json(session.data.n);
      })(request);
    for (const expected of [1, 2, 3]) {
      const response = await fetch(jar.request());
      jar.take(response);
      expect(await response.json()).to.equal(expected);
    }
  }),

  ...onStores("R45 interleaved requests of two visitors never mix", async (store) => {
    const shop = openShop(store);
    const handle = shop.sessions.handler(async (request, getSession) => {
      const name = new URL(request.url).pathname.slice(1);
      const session = await getSession();
      await yieldTurns(name.length % 3);
      session.data.note = name;
      session.flash("for", name);
      await yieldTurns(2);
      expect((await getSession()).data.note).to.equal(name);
      session.data.cart.push(name);
      return new Response(name);
    });
    const visit = async (jar: Jar, name: string) => {
      const response = await handle(jar.request(`/${name}`));
      jar.take(response);
      expect(await response.text()).to.equal(name);
    };
    const names = ["a", "bb", "ccc", "dddd", "eeeee"];
    const jars = names.map(() => cookieJar());
    for (let round = 0; round < 3; round++) {
      await Promise.all(jars.map((jar, at) => visit(jar, names[at] ?? "")));
    }
    for (const [at, jar] of jars.entries()) {
      const session = await shop.open(jar);
      const name = names[at] ?? "";
      expect(session.data).to.deep.equal({ cart: [name, name, name], n: 0, note: name });
      expect(session.flash("for")).to.equal(name);
    }
    expect(new Set(jars.map((jar) => jar.get(COOKIE))).size).to.equal(names.length);
  }),
];
