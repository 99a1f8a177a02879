// A message for the next page: shown at least once, and twice only to two who ask at the same moment.

import { expect } from "chai";
import { cookieJar } from "../support/jar.ts";
import { pausingStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import { codeOf, onMemory, onStores, openShop, sessionCookie, thrown } from "./setup.ts";

export const cases: readonly Case[] = [
  ...onStores("a flash value is shown once", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, (session) => session.flash("note", { text: "saved", at: [1, 2] }));
    await shop.visit(jar, (session) => {
      expect(session.flash("note")).to.deep.equal({ text: "saved", at: [1, 2] });
      expect(session.flash("note"), "again on the same page").to.deep.equal({
        text: "saved",
        at: [1, 2],
      });
    });
    await shop.visit(jar, (session) => void expect(session.flash("note")).to.equal(undefined));
  }),

  ...onStores("a flash value that nobody reads waits for the page that does", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, (session) => {
      session.flash("note", "saved");
      session.flash("other", null);
    });
    await shop.visit(jar);
    await shop.visit(jar, ({ data }) => void data.n++);
    await shop.visit(jar, (session) => void expect(session.flash("other")).to.equal(null));
    await shop.visit(jar, (session) => {
      expect(session.flash("note")).to.equal("saved");
      expect(session.flash("other")).to.equal(undefined);
      expect(session.data).to.deep.equal({ cart: [], n: 1 });
    });
  }),

  ...onStores("a flash value set and read in one request is used up", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, (session) => {
      session.flash("note", "at once");
      expect(session.flash("note")).to.equal("at once");
    });
    expect((await shop.open(jar)).flash("note")).to.equal(undefined);
  }),

  ...onStores("a value set over one that was shown is for the next page", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, (session) => session.flash("note", "first"));
    await shop.visit(jar, (session) => {
      expect(session.flash("note")).to.equal("first");
      session.flash("note", "second");
    });
    await shop.visit(jar, (session) => void expect(session.flash("note")).to.equal("second"));
    expect((await shop.open(jar)).flash("note")).to.equal(undefined);
  }),

  ...onStores("a flash value alone begins a session", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    const response = await shop.visit(jar, (session) => session.flash("note", "welcome"));
    expect(sessionCookie(response)).to.be.a("string");
    expect((await shop.open(jar)).flash("note")).to.equal("welcome");
  }),

  ...onStores("R9 asking for a flash value that is not there writes nothing", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, (session) => void expect(session.flash("note")).to.equal(undefined));
    expect(shop.counts.commands).to.equal(0);
    expect(jar.header()).to.equal(null);
  }),

  ...onStores(
    "only the value that was read is removed: one that came meanwhile stays",
    async (store) => {
      const pausing = pausingStore(store);
      const shop = openShop(pausing.store);
      const jar = cookieJar();
      await shop.visit(jar, (session) => session.flash("note", "first"));
      const parked = pausing.park("before write");
      const showing = shop.visit(jar, (session) => {
        expect(session.flash("note")).to.equal("first");
      });
      await parked.reached;
      await openShop(store).visit(jar, (session) => session.flash("note", "second"));
      parked.resume();
      await showing;
      expect((await shop.open(jar)).flash("note")).to.equal("second");
    },
  ),

  ...onStores(
    "two pages that ask at the same moment both show it, and a third does not",
    async (store) => {
      const pausing = pausingStore(store);
      const shop = openShop(pausing.store);
      const jar = cookieJar();
      await shop.visit(jar, (session) => session.flash("note", "saved"));
      const parked = pausing.park("before write");
      const shown: unknown[] = [];
      const show = (session: { flash(key: string): unknown }) =>
        void shown.push(session.flash("note"));
      const one = shop.visit(jar, show);
      await parked.reached;
      await openShop(store).visit(jar, show);
      parked.resume();
      await one;
      await shop.visit(jar, show);
      expect(shown).to.deep.equal(["saved", "saved", undefined]);
    },
  ),

  ...onStores(
    "reading a flash value does not undo what another request changed meanwhile",
    async (store) => {
      const pausing = pausingStore(store);
      const shop = openShop(pausing.store);
      const jar = cookieJar();
      await shop.visit(jar, (session) => session.flash("note", "saved"));
      const parked = pausing.park("before write");
      const showing = shop.visit(jar, (session) => void session.flash("note"));
      await parked.reached;
      await openShop(store).visit(jar, ({ data }) => void data.cart.push("tea"));
      parked.resume();
      await showing;
      const session = await shop.open(jar);
      expect(session.flash("note")).to.equal(undefined);
      expect(session.data.cart).to.deep.equal(["tea"]);
    },
  ),

  ...onStores("a flash value survives a sign-in, and goes with a sign-out", async (store) => {
    const shop = openShop(store);
    const jar = cookieJar();
    await shop.visit(jar, (session) => session.flash("note", "welcome back"));
    await shop.visit(jar, (session) => session.regenerate());
    expect((await shop.open(jar)).flash("note")).to.equal("welcome back");
    await shop.visit(jar, (session) => session.destroy());
    expect((await shop.open(jar)).flash("note")).to.equal(undefined);
  }),

  ...onStores(
    "R46 on a page that fails, a flash value is neither set nor used up",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      await shop.visit(jar, (session) => session.flash("note", "saved"));
      await shop.visit(jar, (session) => {
        session.flash("other", "lost");
        expect(session.flash("note")).to.equal("saved");
        return new Response("broken", { status: 500 });
      });
      const session = await shop.open(jar);
      expect(session.flash("note")).to.equal("saved");
      expect(session.flash("other")).to.equal(undefined);
    },
  ),

  onMemory(
    "R37 a flash value that JSON cannot carry is refused at once, with its path",
    async (store) => {
      const shop = openShop(store);
      const session = await shop.open(null);
      const error = thrown(() => session.flash("note", { when: new Date() })) as { path?: unknown };
      expect(codeOf(error)).to.equal("SESSION_DATA_INVALID");
      expect(error.path).to.equal("flash.note.when");
      expect(session.flash("note")).to.equal(undefined);
    },
  ),

  onMemory(
    "a flash value is a copy: what is done to the original later changes nothing",
    async (store) => {
      const shop = openShop(store);
      const jar = cookieJar();
      const value = { lines: ["saved"] };
      await shop.visit(jar, (session) => {
        session.flash("note", value);
        value.lines.push("changed");
      });
      expect((await shop.open(jar)).flash("note")).to.deep.equal({ lines: ["saved"] });
    },
  ),
];
