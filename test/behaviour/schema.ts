// A schema says what session data is. A record that it refuses costs nobody their session.

import { expect } from "chai";
import { createSessions, type SessionEvent, type StandardSchema, type Store } from "coatcheck";
import { withClock } from "../support/clock.ts";
import { cookieJar } from "../support/jar.ts";
import { countingStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import { codeOf, COOKIE, onMemory, onStores, openShop, rejection, SECRET } from "./setup.ts";

interface Basket {
  items: { name: string; price: number }[];
  currency: string;
}

/** What zod and its like do, in a few lines: a type, a default, and issues with paths. */
function basketSchema({ slow = false } = {}): StandardSchema<Basket> {
  function validate(value: unknown) {
    const { items = [], currency = "EUR" } = value as Partial<Record<keyof Basket, unknown>>;
    const issues: { message: string; path: PropertyKey[] }[] = [];
    if (typeof currency !== "string") issues.push({ message: "no text", path: ["currency"] });
    if (!Array.isArray(items)) issues.push({ message: "no list", path: ["items"] });
    for (const [at, item] of (Array.isArray(items) ? items : []).entries()) {
      const { price } = item as { price?: unknown };
      if (typeof price === "number" && price >= 0) continue;
      issues.push({ message: `bad price ${String(price)}`, path: ["items", at, "price"] });
    }
    if (issues.length > 0) return { issues };
    return { value: { items: items as Basket["items"], currency: String(currency) } };
  }
  return {
    "~standard": {
      version: 1,
      vendor: "the test",
      validate: slow
        ? async (value) => {
            await new Promise((resolve) => setTimeout(resolve, 1));
            return validate(value);
          }
        : validate,
    },
  };
}

function openBaskets(store: Store, schema = basketSchema()) {
  const events: SessionEvent[] = [];
  const counts = countingStore(store);
  const sessions = createSessions({
    secrets: [SECRET],
    store: counts.store,
    schema,
    onEvent: (event) => {
      events.push(event);
    },
  });
  return { sessions, counts, events };
}

const pageless = () => new Response("page");

export const cases: readonly Case[] = [
  ...[false, true].flatMap((slow) =>
    onStores(
      `the schema gives type and defaults, and its data comes back (${slow ? "async" : "sync"})`,
      async (store) => {
        const { sessions } = openBaskets(store, basketSchema({ slow }));
        const session = await sessions.open(null);
        const { data }: { data: Basket } = session;
        expect(data).to.deep.equal({ items: [], currency: "EUR" });
        data.items.push({ name: "tea", price: 3 });
        const cookie = await sessions.save(session);
        const again = await sessions.open(`${COOKIE}=${cookie?.value}`);
        expect(again.data).to.deep.equal({ items: [{ name: "tea", price: 3 }], currency: "EUR" });
      },
    ),
  ),

  ...onStores(
    "a default that the schema adds to a stored record is no change, and writes nothing",
    async (store) => {
      const jar = cookieJar();
      // Written before there was a schema.
      await openShop(store).visit(jar, ({ data }) => void data.n++);
      const { sessions, counts, events } = openBaskets(store);
      const session = await sessions.load(jar.request());
      expect(session.isNew).to.equal(false);
      expect(session.data).to.deep.equal({ items: [], currency: "EUR" });
      await sessions.commit(session, pageless());
      expect(counts.writes).to.equal(0);
      expect(events).to.deep.equal([]);
    },
  ),

  ...onStores(
    "a stored record that the schema refuses is reported, starts from the beginning and keeps its times",
    async (store) => {
      await withClock(async (clock) => {
        const jar = cookieJar();
        const old = createSessions<{ currency: number }>({ secrets: [SECRET], store });
        const first = await old.open(null);
        first.data.currency = 42;
        jar.put((await old.save(first))?.header ?? "");
        const { createdAt, expiresAt } = first;
        clock.advance(60);
        const { sessions, counts, events } = openBaskets(store);
        const session = await sessions.load(jar.request());
        expect(session.isNew).to.equal(false);
        expect(session.createdAt).to.equal(createdAt);
        expect(session.expiresAt).to.equal(expiresAt);
        expect(session.data).to.deep.equal({ items: [], currency: "EUR" });
        expect(events.map(({ type }) => type)).to.deep.equal(["refused"]);
        await sessions.commit(session, pageless());
        expect(counts.writes).to.equal(0);
        // Not written: an older instance still has what it wrote.
        expect((await old.open(jar.header())).data).to.deep.equal({ currency: 42 });
        const changing = await sessions.load(jar.request());
        changing.data.items.push({ name: "tea", price: 3 });
        await sessions.commit(changing, pageless());
        const last = await sessions.load(jar.request());
        expect(last.data).to.deep.equal({ items: [{ name: "tea", price: 3 }], currency: "EUR" });
        expect(last.createdAt).to.equal(createdAt);
      });
    },
  ),

  ...onStores("with initial, a refused record starts from initial", async (store) => {
    const jar = cookieJar();
    await openShop(store).visit(jar, ({ data }) => void Reflect.set(data, "currency", 42));
    const sessions = createSessions<Basket>({
      secrets: [SECRET],
      store,
      schema: basketSchema(),
      initial: () => ({ items: [], currency: "GBP" }),
    });
    expect((await sessions.load(jar.request())).data).to.deep.equal({ items: [], currency: "GBP" });
  }),

  ...onStores("a renewal of a refused record keeps what is stored", async (store) => {
    await withClock(async (clock) => {
      const jar = cookieJar();
      const old = openShop(store);
      await old.visit(jar, ({ data }) => void Reflect.set(data, "currency", 42));
      clock.advance(10_000);
      const { sessions, counts } = openBaskets(store);
      const session = await sessions.load(jar.request());
      jar.take(await sessions.commit(session, pageless()));
      expect(counts.writes).to.equal(1);
      expect((await old.open(jar)).data).to.deep.include({ currency: 42 });
    });
  }),

  ...onStores(
    "data that the schema refuses is an error that names the path, before any write",
    async (store) => {
      for (const slow of [false, true]) {
        const { sessions, counts } = openBaskets(store, basketSchema({ slow }));
        const session = await sessions.open(null);
        session.data.items.push({ name: "tea", price: 3 }, { name: "secret word", price: -1 });
        const error = (await rejection(sessions.save(session))) as Error & { path?: unknown };
        expect(codeOf(error)).to.equal("SESSION_DATA_INVALID");
        expect(error.path).to.equal("data.items[1].price");
        // R48: the issue's own text may quote the value.
        expect(error.message).to.not.contain("-1");
        expect(counts.writes).to.equal(0);
      }
    },
  ),

  onMemory(
    "with a schema that needs more than {} and no initial, opening says what is missing",
    async (store) => {
      const schema: StandardSchema<{ id: string }> = {
        "~standard": {
          version: 1,
          vendor: "the test",
          validate: (value) =>
            "id" in (value as object)
              ? { value: value as { id: string } }
              : { issues: [{ message: "id is missing" }] },
        },
      };
      const sessions = createSessions({ secrets: [SECRET], store, schema });
      const using = sessions.open(null).then((session) => session.data);
      expect(await rejection(using)).to.be.instanceOf(TypeError);
    },
  ),
];
