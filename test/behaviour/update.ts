// A change as a function: applied now, and again on newer data where another request was faster.

import { expect } from "chai";
import { cookieJar } from "../support/jar.ts";
import { pausingStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import { codeOf, onMemory, onStores, openShop, rejection, thrown } from "./setup.ts";

export const cases: readonly Case[] = [
  ...onStores("R36 two parallel updates of one counter give 2", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
    const [one, two] = await Promise.all([shop.open(jar), shop.open(jar)]);
    for (const session of [one, two]) {
      session.update((data) => void data.n++);
      expect(session.data.n).to.equal(1);
    }
    await Promise.all([shop.sessions.save(one), shop.sessions.save(two)]);
    expect((await shop.open(jar)).data).to.deep.equal({ cart: ["tea"], n: 2 });
    expect([one.data.n, two.data.n].toSorted()).to.deep.equal([1, 2]);
    expect(shop.events.at(-1)).to.include({ type: "conflict", attempts: 2 });
  }),

  ...onStores(
    "R36 F8 direct edits of two properties both survive, and on one property the later wins",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      const [one, two] = await Promise.all([shop.open(jar), shop.open(jar)]);
      one.data.note = "one";
      one.data.userId = "ada";
      two.data.other = "two";
      two.data.note = "two";
      await shop.sessions.save(one);
      await shop.sessions.save(two);
      expect((await shop.open(jar)).data).to.deep.equal({
        cart: [],
        n: 1,
        note: "two",
        other: "two",
        userId: "ada",
      });
    },
  ),

  ...onStores(
    "R36 a property deleted by one request stays deleted when another saves",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void (data.note = "gift"));
      const [one, two] = await Promise.all([shop.open(jar), shop.open(jar)]);
      delete one.data.note;
      two.data.n++;
      await shop.sessions.save(one);
      await shop.sessions.save(two);
      expect((await shop.open(jar)).data).to.deep.equal({ cart: [], n: 1 });
    },
  ),

  ...onStores(
    "direct edits before, between and after updates are replayed in order",
    async (store) => {
      const pausing = pausingStore(store);
      const shop = openShop(pausing.store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
      const parked = pausing.park("before write");
      const visiting = shop.visit(jar, (session) => {
        session.data.n = 10;
        session.update((data) => void (data.n *= 2));
        session.update((data) => void data.cart.push(`n=${data.n}`));
        session.data.n += 1;
        session.update((data) => void (data.n *= 3));
        session.data.note = "done";
        expect(session.data).to.deep.equal({ cart: ["tea", "n=20"], n: 63, note: "done" });
      });
      await parked.reached;
      await openShop(store).visit(jar, ({ data }) => {
        data.n = 5;
        data.cart.push("milk");
      });
      parked.resume();
      await visiting;
      // The edit says n = 10, the function doubles it, the edit says n = 21, the function trebles that.
      expect((await shop.open(jar)).data).to.deep.equal({
        cart: ["tea", "milk", "n=20"],
        n: 63,
        note: "done",
      });
    },
  ),

  onMemory("an async function is a TypeError at once, and the data is as before", async (store) => {
    const session = await openShop(store).open(null);
    session.data.cart.push("tea");
    const { data } = session;
    const error = thrown(() =>
      // @ts-expect-error -- the types refuse it as well
      session.update(async (draft) => {
        draft.n = 99;
        await Promise.resolve();
        throw new Error("nobody hears this");
      }),
    );
    expect(error).to.be.instanceOf(TypeError);
    expect(session.data).to.equal(data);
    expect(data).to.deep.equal({ cart: ["tea"], n: 0 });
  }),

  ...onStores(
    "a function that throws leaves the data as it was, and the edits before it stand",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      const problem = new Error("sold out");
      await shop.visit(jar, (session) => {
        session.data.note = "kept";
        const caught = thrown(() =>
          session.update((data): void => {
            data.n = 99;
            data.cart.push("tea");
            throw problem;
          }),
        );
        expect(caught).to.equal(problem);
        expect(session.data).to.deep.equal({ cart: [], n: 0, note: "kept" });
      });
      expect((await shop.open(jar)).data).to.deep.equal({ cart: [], n: 0, note: "kept" });
    },
  ),

  ...onStores(
    "a function that refuses newer data rejects the save, and nothing is written",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void (data.n = 1));
      const take = (data: { n: number }) => {
        if (data.n === 0) throw new Error("sold out");
        data.n--;
      };
      const [one, two] = await Promise.all([shop.open(jar), shop.open(jar)]);
      one.update(take);
      two.update(take);
      two.data.note = "mine";
      await shop.sessions.save(one);
      const error = (await rejection(shop.sessions.save(two))) as Error;
      expect(error.message).to.equal("sold out");
      expect((await shop.open(jar)).data).to.deep.equal({ cart: [], n: 0 });
    },
  ),

  onMemory(
    "R37 a function that leaves what JSON cannot carry is refused at once, and the data is as before",
    async (store) => {
      const session = await openShop(store).open(null);
      const error = thrown(() => session.update((data) => void (data.value = new Map())));
      expect(codeOf(error)).to.equal("SESSION_DATA_INVALID");
      expect(session.data).to.deep.equal({ cart: [], n: 0 });
    },
  ),

  ...onStores(
    "R36 an update on a session that another request began to change survives a sign-in's replay",
    async (store) => {
      const pausing = pausingStore(store);
      const shop = openShop(pausing.store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.n++);
      const browser = jar.copy();
      // The sign-in has its new row, and stands before the old one is marked.
      const parked = pausing.park("before write", 1);
      const signing = shop.visit(jar, (session) => {
        session.update((data) => void data.n++);
        session.regenerate();
      });
      await parked.reached;
      await openShop(store).visit(browser, (session) =>
        session.update((data) => void (data.n += 10)),
      );
      parked.resume();
      await signing;
      expect((await shop.open(jar)).data.n).to.equal(12);
    },
  ),

  ...onStores(
    "R36 a function that changes nothing now is applied to newer data all the same",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, ({ data }) => void data.cart.push("tea"));
      await shop.visit(jar, ({ data }) => void (data.n = 1));
      const session = await shop.open(jar);
      await shop.visit(jar, ({ data }) => void data.cart.push("milk"));
      session.data.note = "counted";
      session.update((data) => void (data.n = data.cart.length));
      await shop.sessions.save(session);
      expect((await shop.open(jar)).data).to.deep.equal({
        cart: ["tea", "milk"],
        n: 2,
        note: "counted",
      });
      // Alone it is no reason to write.
      shop.counts.reset();
      await shop.visit(jar, (again) => again.update((data) => void (data.n = data.cart.length)));
      expect(shop.counts.writes).to.equal(0);
    },
  ),
];
