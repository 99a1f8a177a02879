// Without `handler`: load and commit, or open and save, by hand.

import { expect } from "chai";
import { memoryStore, type Session } from "coatcheck";
import { withClock } from "../support/clock.ts";
import { cookieJar } from "../support/jar.ts";
import { dumpingStore, pausingStore } from "../support/stores.ts";
import type { Case } from "../support/suite.ts";
import {
  codeOf,
  COOKIE,
  type Data,
  onMemory,
  onStores,
  openShop,
  rejection,
  sessionCookie,
  thrown,
} from "./setup.ts";

export const cases: readonly Case[] = [
  ...onStores(
    "load takes a Request or Headers, and commit answers a copy with the cookie",
    async (store) => {
      const { sessions } = openShop(store);
      const jar = cookieJar();
      const session = await sessions.load(jar.request());
      session.data.cart.push("tea");
      const own = new Response("page");
      const response = await sessions.commit(session, own);
      expect(response).to.not.equal(own);
      expect(own.headers.getSetCookie()).to.deep.equal([]);
      jar.take(response);
      expect((await sessions.load(jar.request())).data.cart).to.deep.equal(["tea"]);
      expect((await sessions.load(jar.request().headers)).data.cart).to.deep.equal(["tea"]);
      expect((await sessions.load(new Headers())).isNew).to.equal(true);
    },
  ),

  ...onStores("save answers the cookie in parts and as a header, or null", async (store) => {
    await withClock(async () => {
      const { sessions } = openShop(store);
      const session = await sessions.open(undefined);
      expect(await sessions.save(session)).to.equal(null);
      session.data.cart.push("tea");
      const cookie = await sessions.save(session);
      expect(cookie).to.deep.include({ name: COOKIE });
      expect(cookie?.attributes).to.deep.include({
        path: "/",
        secure: true,
        httpOnly: true,
        sameSite: "lax",
        maxAge: 86_400,
      });
      expect(cookie?.header).to.match(/^__Host-session=/);
      expect(cookie?.header).to.contain(cookie?.value);
      const again = await sessions.open(`${COOKIE}=${cookie?.value}`);
      expect(again.data.cart).to.deep.equal(["tea"]);
    });
  }),

  ...onStores(
    "save may be called any number of times, and each writes only what is new",
    async (store) => {
      const dump = dumpingStore(store);
      const { sessions, counts } = openShop(dump.store);
      const session = await sessions.open(null);
      session.data.n = 1;
      const cookie = await sessions.save(session);
      expect(cookie).to.not.equal(null);
      expect(await sessions.save(session)).to.equal(null);
      expect(counts.writes).to.equal(1);
      session.data.n = 2;
      expect(await sessions.save(session)).to.equal(null);
      session.update((data) => void data.n++);
      session.flash("note", "saved");
      expect(await sessions.save(session)).to.equal(null);
      expect(counts.writes).to.equal(3);
      expect(dump.rows.size).to.equal(1);
      const again = await sessions.open(`${COOKIE}=${cookie?.value}`);
      expect(again.data.n).to.equal(3);
      expect(again.flash("note")).to.equal("saved");
    },
  ),

  ...onStores(
    "after a save the session is the stored one: isNew, destroy and regenerate follow it",
    async (store) => {
      const { sessions } = openShop(store);
      const session = await sessions.open(null);
      session.data.n = 1;
      const first = await sessions.save(session);
      expect(session.isNew).to.equal(false);
      session.regenerate();
      const second = await sessions.save(session);
      expect(second?.value).to.not.equal(first?.value);
      expect((await sessions.open(`${COOKIE}=${first?.value}`)).isNew).to.equal(true);
      session.destroy();
      const last = await sessions.save(session);
      expect(last?.value).to.equal("");
      expect((await sessions.open(`${COOKIE}=${second?.value}`)).isNew).to.equal(true);
    },
  ),

  ...onStores(
    "after a save that met another's write, the session's data has both",
    async (store) => {
      const { sessions, visit, open } = openShop(store);
      const jar = cookieJar();
      await visit(jar, ({ data }) => void data.n++);
      const session = await open(jar);
      const { data } = session;
      await visit(jar, ({ data }) => void (data.other = "theirs"));
      data.note = "mine";
      await sessions.save(session);
      expect(session.data).to.equal(data);
      expect(data).to.deep.equal({ cart: [], n: 1, note: "mine", other: "theirs" });
      data.n++;
      await sessions.save(session);
      expect((await open(jar)).data).to.deep.equal({
        cart: [],
        n: 2,
        note: "mine",
        other: "theirs",
      });
    },
  ),

  ...onStores(
    "R36 changes made while a save is under way are the next save's, and are not lost",
    async (store) => {
      const pausing = pausingStore(store);
      const { sessions, visit, open } = openShop(pausing.store);
      for (const meets of [false, true]) {
        const jar = cookieJar();
        await visit(jar, ({ data }) => void data.n++);
        const session = await open(jar);
        if (meets) {
          await visit(jar, ({ data }) => {
            data.other = "theirs";
            data.n = 100;
          });
        }
        session.update((data) => void data.n++);
        const parked = pausing.park("before write");
        const saving = sessions.save(session);
        await parked.reached;
        session.update((data) => void (data.n += 10));
        session.data.userId = "ada";
        session.flash("note", "kept");
        parked.resume();
        await saving;
        session.data.cart.push("tea");
        await sessions.save(session);
        const expected = {
          cart: ["tea"],
          n: meets ? 111 : 12,
          userId: "ada",
          ...(meets ? { other: "theirs" } : {}),
        };
        expect(session.data).to.deep.equal(expected);
        const again = await open(jar);
        expect(again.data).to.deep.equal(expected);
        expect(again.flash("note")).to.equal("kept");
      }
    },
  ),

  ...onStores(
    "R8 R36 what is done while a save is under way can fail the next save, never this one",
    async (store) => {
      const pausing = pausingStore(store);
      const { sessions, visit, open } = openShop(pausing.store);
      const misdeeds: readonly ((session: Session<Data>) => void)[] = [
        (session) =>
          session.update((data) => {
            if (data.n > 50) throw new Error("sold out");
            data.cart.push("tea");
          }),
        ({ data }) => void (data.value = new Date()),
      ];
      for (const misdeed of misdeeds) {
        for (const regenerates of [false, true]) {
          const jar = cookieJar();
          await visit(jar, ({ data }) => void data.n++);
          const session = await open(jar);
          await visit(jar, ({ data }) => {
            data.n = 100;
            data.other = "theirs";
          });
          session.data.note = "mine";
          if (regenerates) session.regenerate();
          const parked = pausing.park("before write");
          const saving = sessions.save(session);
          await parked.reached;
          misdeed(session);
          parked.resume();
          const cookie = await saving;
          if (cookie) jar.put(cookie.header);
          await rejection(sessions.save(session));
          const expected = { cart: [], n: 100, note: "mine", other: "theirs" };
          expect((await open(jar)).data).to.deep.equal(expected);
        }
      }
    },
  ),

  ...onStores(
    "R36 a save after one that met another's flash value keeps that value",
    async (store) => {
      const { sessions, visit, open } = openShop(store);
      const jar = cookieJar();
      await visit(jar, (session) => session.flash("note", "mine"));
      const session = await open(jar);
      await visit(jar, (other) => other.flash("news", "theirs"));
      expect(session.flash("note")).to.equal("mine");
      await sessions.save(session);
      session.data.n++;
      await sessions.save(session);
      const again = await open(jar);
      expect(again.flash("news")).to.equal("theirs");
      expect(again.flash("note")).to.equal(undefined);
      expect(again.data.n).to.equal(1);
    },
  ),

  ...onStores(
    "R8 a regenerate or destroy called while a save is under way is the next save's",
    async (store) => {
      const pausing = pausingStore(store);
      const { sessions, visit, open } = openShop(pausing.store);
      const jar = cookieJar();
      await visit(jar, ({ data }) => void data.n++);
      const old = jar.header();
      const session = await open(jar);
      for (const act of ["regenerate", "destroy"] as const) {
        if (act === "regenerate") session.data.note = "saved";
        else session.data.note = "saved again";
        const parked = pausing.park("before write");
        const saving = sessions.save(session);
        await parked.reached;
        session[act]();
        parked.resume();
        expect(await saving, act).to.equal(null);
        const cookie = await sessions.save(session);
        expect(cookie, act).to.not.equal(null);
        jar.put(cookie?.header ?? "");
        expect((await open(old)).isNew, act).to.equal(true);
        expect((await open(jar)).isNew, act).to.equal(act === "destroy");
      }
      expect(jar.header()).to.equal(null);
    },
  ),

  ...onStores(
    "R30 a save that met an end did not throw, so neither does the commit after it",
    async (store) => {
      const { sessions, visit, open } = openShop(store);
      const jar = cookieJar();
      await visit(jar, ({ data }) => void data.n++);
      const session = await open(jar);
      await visit(jar.copy(), (other) => other.destroy());
      session.data.note = "late";
      expect(await sessions.save(session)).to.equal(null);
      const response = await sessions.commit(session, new Response("page"));
      expect(response.headers.getSetCookie()).to.deep.equal([]);
      expect((await open(jar)).isNew).to.equal(true);
    },
  ),

  ...onStores(
    "the cookie of a save goes out with commit, also after more changes",
    async (store) => {
      const { sessions, open } = openShop(store);
      const session = await sessions.open(null);
      session.data.n = 1;
      const cookie = await sessions.save(session);
      session.data.n = 2;
      const response = await sessions.commit(session, new Response("page"));
      expect(sessionCookie(response)).to.equal(cookie?.header);
      const jar = cookieJar();
      jar.take(response);
      expect((await open(jar)).data.n).to.equal(2);
    },
  ),

  ...onStores(
    "R46 the cookie of an earlier save goes out on a 5xx too, and later changes are dropped",
    async (store) => {
      const { sessions, visit, open } = openShop(store);
      const jar = cookieJar();
      await visit(jar, ({ data }) => void data.n++);
      // The old id is dead already: without the new cookie the visitor would be signed out.
      const response = await visit(jar, async (session) => {
        session.data.userId = "ada";
        session.regenerate();
        await sessions.save(session);
        session.data.n = 99;
        return new Response("broken", { status: 500 });
      });
      expect(response.status).to.equal(500);
      expect(sessionCookie(response)).to.be.a("string");
      expect((await open(jar)).data).to.deep.equal({ cart: [], n: 1, userId: "ada" });
    },
  ),

  ...onStores("R6 parallel saves of one session make one row and lose nothing", async (store) => {
    const dump = dumpingStore(store);
    const { sessions } = openShop(dump.store);
    const session = await sessions.open(null);
    session.data.n = 1;
    const first = sessions.save(session);
    session.data.note = "two";
    const second = sessions.save(session);
    session.update((data) => void data.n++);
    const cookies = await Promise.all([first, second, sessions.save(session)]);
    expect(cookies.filter((cookie) => cookie !== null)).to.have.length(1);
    expect(dump.rows.size).to.equal(1);
    const again = await sessions.open(`${COOKIE}=${cookies[0]?.value}`);
    expect(again.data).to.deep.equal({ cart: [], n: 2, note: "two" });
  }),

  ...onStores("a save that failed can be tried again", async (store) => {
    let broken = true;
    const { sessions } = openShop({
      read: (key) => store.read(key),
      write: (...row) => (broken ? Promise.reject(new Error("down")) : store.write(...row)),
    });
    const session = await sessions.open(null);
    session.data.n = 1;
    expect(codeOf(await rejection(sessions.save(session)))).to.equal("STORE_UNAVAILABLE");
    broken = false;
    const cookie = await sessions.save(session);
    expect((await sessions.open(`${COOKIE}=${cookie?.value}`)).data.n).to.equal(1);
  }),

  ...onStores(
    "a session opened read-only is frozen, saves nothing and renews nothing",
    async (store) => {
      await withClock(async (clock) => {
        const { sessions, visit, open, counts } = openShop(store);
        const jar = cookieJar();
        await visit(jar, (session) => {
          session.data.cart.push("tea");
          session.flash("note", "saved");
        });
        clock.advance(10_000);
        counts.reset();
        const session = await sessions.open(jar.header(), { readOnly: true });
        expect(session.data).to.deep.equal({ cart: ["tea"], n: 0 });
        expect(Object.isFrozen(session.data)).to.equal(true);
        expect(() => session.data.cart.push("milk")).to.throw(TypeError);
        expect(session.flash("note")).to.equal("saved");
        const changes = [
          () => session.update((data) => void data.n++),
          () => session.flash("note", "other"),
          () => session.regenerate(),
          () => session.destroy(),
        ];
        for (const act of changes) expect(codeOf(thrown(act))).to.equal("SESSION_READ_ONLY");
        expect(await sessions.save(session)).to.equal(null);
        expect(counts.writes).to.equal(0);
        expect((await open(jar)).flash("note")).to.equal("saved");
      });
    },
  ),

  onMemory("a session of other sessions is refused", async (store) => {
    const one = openShop(store);
    const two = openShop(store);
    const session = await one.open(null);
    session.data.n = 1;
    expect(codeOf(await rejection(two.sessions.save(session)))).to.equal("SESSION_FOREIGN");
    const committing = two.sessions.commit(session, new Response("page"));
    expect(codeOf(await rejection(committing))).to.equal("SESSION_FOREIGN");
    expect(two.counts.commands).to.equal(0);
    expect(await one.sessions.save(session)).to.not.equal(null);
  }),

  ...onStores(
    "R46 after commit the data is a deeply frozen copy, and every change throws",
    async (store) => {
      const { sessions } = openShop(store);
      const session = await sessions.open(null);
      const { data } = session;
      data.cart.push("tea");
      data.value = { deep: [{ n: 1 }] };
      await sessions.commit(session, new Response("page"));
      const frozen = session.data;
      expect(frozen).to.deep.equal({ cart: ["tea"], n: 0, value: { deep: [{ n: 1 }] } });
      expect(frozen).to.not.equal(data);
      expect(session.data).to.equal(frozen);
      expect(() => frozen.cart.push("milk")).to.throw(TypeError);
      const { deep } = frozen.value as { deep: { n: number }[] };
      expect(() => deep.push({ n: 2 })).to.throw(TypeError);
      expect(() => deep.forEach((item) => item.n++)).to.throw(TypeError);
      const changes = [
        () => session.update((draft) => void draft.n++),
        () => session.flash("note", "late"),
        () => session.regenerate(),
        () => session.destroy(),
      ];
      for (const act of changes) expect(codeOf(thrown(act))).to.equal("SESSION_COMMITTED");
      expect(session.flash("note")).to.equal(undefined);
    },
  ),

  {
    name: "a session that was opened and forgotten costs one read and changes nothing",
    run: async () => {
      const { open, visit, counts } = openShop(memoryStore());
      const jar = cookieJar();
      await visit(jar, ({ data }) => void data.n++);
      counts.reset();
      const session = await open(jar);
      session.data.n = 99;
      session.regenerate();
      expect(counts.commands).to.equal(1);
      expect((await open(jar)).data.n).to.equal(1);
    },
  },
];
