// The store does not answer. Nobody is signed out, nothing is said of why, and nothing is left hanging.

import { expect } from "chai";
import {
  createSessions,
  memoryStore,
  type Session,
  type SessionEvent,
  type SessionOptions,
  type Sessions,
  type Store,
  StoreError,
} from "coatcheck";
import { redisStore, upstash } from "coatcheck/redis";
import { type Case, type FaultName, FAULTS, type World } from "../support/suite.ts";

interface Basket {
  cart: string[];
}

type Act = (session: Session<Basket>) => void;

const COOKIE = "__Host-session";
const SECRET = "outage-secret-that-nobody-may-see-0123456789";
const PRIVATE = "private-tea-7f3a";
const ADDED = "private-cake-9c1e";
const TIMEOUT_MS = 300;
/** A call ends at its deadline. This is how long a loaded machine may take to notice. */
const SLACK_MS = 5000;

/** Faults under which Redis still does what it is told: only the answer is missing or broken. */
const EXECUTED: readonly FaultName[] = ["half", "half-json", "lost"];
/** Faults that say with certainty that nothing was done. */
const CERTAIN: readonly FaultName[] = ["401", "quota", "readonly", "redirect"];

const CHANGE: Act = ({ data }) => void data.cart.push(ADDED);
const UPDATE: Act = (session) => session.update(({ cart }) => void cart.push(ADDED));
const FLASH: Act = (session) => session.flash("note", ADDED);
const REGENERATE: Act = (session) => session.regenerate();
const DESTROY: Act = (session) => session.destroy();

const ACTS: Readonly<Record<string, Act>> = {
  "a change": CHANGE,
  "an update": UPDATE,
  "a flash value": FLASH,
  "a regenerate": REGENERATE,
  "a change and a regenerate": (session) => {
    CHANGE(session);
    REGENERATE(session);
  },
  "a destroy": DESTROY,
};

/** A visitor with a session, the store as it should be, and the same store failing in one way. */
interface Scene {
  readonly good: Store;
  readonly bad: Store;
  /** The value of a Cookie header. */
  readonly cookie: string;
  /** The session as the good store has it now. */
  now(cookie?: string): Promise<Session<Basket>>;
  /** Sessions over a store, which note every event. */
  over(store: Store, options?: Partial<SessionOptions<Basket>>): Sessions<Basket>;
  readonly events: SessionEvent[];
  /** Keeps what somebody outside could see, for `expectNoSecrets`. */
  note<Seen>(seen: Seen): Seen;
  expectNoSecrets(): Promise<void>;
}

async function openScene({ url, token, faulty }: World, fault: FaultName): Promise<Scene> {
  const events: SessionEvent[] = [];
  const seen: unknown[] = [];
  const good = redisStore(upstash({ url, token, timeoutMs: 10_000 }));
  const bad = redisStore(upstash({ url: faulty[fault], token, timeoutMs: TIMEOUT_MS }));
  const over: Scene["over"] = (store, options = {}) =>
    createSessions<Basket>({
      secrets: [SECRET],
      initial: () => ({ cart: [] }),
      onEvent: (event) => events.push(event),
      ...options,
      store,
    });
  const response = await visit(over(good), null, ({ data }) => void data.cart.push(PRIVATE));
  const cookie = cookieOf(response);
  events.length = 0;
  if (cookie === null) throw new Error("no session was made");
  const value = cookie.slice(COOKIE.length + 1);
  const [id = "", signature = ""] = value.split(".");
  const key = await hashOf(id);
  const hosts = [url, ...Object.values(faulty)].map((each) => new URL(each).host);
  const secrets = [value, id, signature, key, SECRET, token, PRIVATE, ADDED, ...hosts];

  return {
    good,
    bad,
    cookie,
    events,
    over,
    now: (which = cookie) => over(good, { onEvent: () => undefined }).open(which),
    note(each) {
      seen.push(each);
      return each;
    },
    async expectNoSecrets() {
      const texts = [JSON.stringify(events), ...(await Promise.all(seen.map(textsOf))).flat()];
      for (const text of texts) {
        for (const secret of secrets) {
          if (text.includes(secret)) expect.fail(`${secret} is in: ${text}`);
        }
      }
    },
  };
}

/** Everything that a log or a visitor could get to see of a value. */
async function textsOf(seen: unknown): Promise<string[]> {
  if (seen instanceof Response) {
    // The browser's own cookie is for the browser.
    const headers = [...seen.headers].filter(([name]) => name !== "set-cookie");
    return [seen.statusText, ...headers.flat(), await seen.clone().text()];
  }
  const texts = [String(seen), JSON.stringify(seen) ?? ""];
  if (!(seen instanceof Error)) return texts;
  const own = Object.getOwnPropertyNames(seen).map((name) => Reflect.get(seen, name) as unknown);
  return [...texts, seen.name, seen.message, seen.stack ?? "", ...own.map(String)];
}

/** What a store sees of an id. */
async function hashOf(id: string): Promise<string> {
  const binary = atob(id.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return btoa(String.fromCharCode(...hash))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

function request(cookie: string | null): Request {
  const headers = new Headers(cookie === null ? {} : { cookie });
  return new Request("https://shop.example/", { headers });
}

/** One request through `handler`, as the platform makes it. */
function visit(sessions: Sessions<Basket>, cookie: string | null, act: Act): Promise<Response> {
  const handle = sessions.handler(async (_: Request, getSession) => {
    act(await getSession());
    return new Response("welcome");
  });
  return handle(request(cookie));
}

/** The Cookie header that a response gives, if it sets the session's cookie. */
function cookieOf(response: Response): string | null {
  const header = response.headers.get("set-cookie");
  return header?.startsWith(`${COOKIE}=`) ? (header.split(";")[0] ?? null) : null;
}

/** Reads through one store and writes through another. */
function split(reading: Store, writing: Store): Store {
  return {
    read: (key) => reading.read(key),
    write: (...row) => writing.write(...row),
  };
}

interface Noting {
  readonly store: Store;
  readonly reads: string[];
  readonly writes: string[];
}

/** Notes the key of every call; `choose` says which store the n-th write goes to. */
function noting(reading: Store, choose: (at: number) => Store): Noting {
  const reads: string[] = [];
  const writes: string[] = [];
  return {
    reads,
    writes,
    store: {
      read(key) {
        reads.push(key);
        return reading.read(key);
      },
      write(...row) {
        writes.push(row[0]);
        return choose(writes.length).write(...row);
      },
    },
  };
}

async function storeErrorOf(promise: Promise<unknown>): Promise<StoreError> {
  const startedAt = Date.now();
  const error = await promise.then(
    (answer) => expect.fail(`it was answered: ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(StoreError);
  expect(Date.now() - startedAt).to.be.below(SLACK_MS);
  return error as StoreError;
}

/** The answer that a visitor gets, the same whatever happened, but for the ending token of whoever signs out (R54). */
async function expectUnavailable(response: Response, isEnd = false): Promise<void> {
  expect(response.status).to.equal(503);
  expect(response.headers.get("retry-after")).to.match(/^[1-9]\d*$/);
  expect(response.headers.get("cache-control")).to.equal("no-store");
  const cookies = response.headers.getSetCookie();
  if (isEnd) {
    expect(cookies).to.have.length(1);
    expect(cookies[0]).to.match(
      /^__Host-session=[\w-]{43}\.[\w-]{43}; Path=\/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax$/,
    );
  } else expect(cookies).to.deep.equal([]);
  expect(response.headers.get("clear-site-data")).to.equal(null);
  expect(await response.clone().text()).to.equal("Service unavailable\n");
}

async function inTime<Answer>(promise: Promise<Answer>): Promise<Answer> {
  const startedAt = Date.now();
  const answer = await promise;
  expect(Date.now() - startedAt).to.be.below(SLACK_MS);
  return answer;
}

/** The session is as it was, but for a change that may have been carried out unanswered. */
async function expectKept(scene: Scene, fault: FaultName): Promise<void> {
  const { isNew, data } = await scene.now();
  expect(isNew).to.equal(false);
  if (EXECUTED.includes(fault)) expect(data.cart[0]).to.equal(PRIVATE);
  else expect(data.cart).to.deep.equal([PRIVATE]);
}

const eachFault: readonly Case[] = FAULTS.flatMap((fault): Case[] => [
  {
    name: `R51 R53 R58 F43 under "${fault}" a load is a StoreError in time, never an empty session`,
    async run(world) {
      const scene = await openScene(world, fault);
      const sessions = scene.over(scene.bad);
      for (const load of [
        () => sessions.load(request(scene.cookie)),
        () => sessions.load(new Headers({ cookie: scene.cookie })),
        () => sessions.open(scene.cookie),
      ]) {
        const error = scene.note(await storeErrorOf(load()));
        expect(error.code).to.match(/^STORE_(UNAVAILABLE|MISCONFIGURED)$/);
        if (CERTAIN.includes(fault)) expect(error.outcome).to.equal("none");
        else if (fault !== "refused") expect(error.outcome).to.equal("unknown");
      }
      expect(scene.events.map(({ type }) => type)).to.deep.equal(
        Array.from({ length: 3 }, () => "store-failed"),
      );
      await expectKept(scene, fault);
      await scene.expectNoSecrets();
    },
  },
  {
    name: `R50 R51 R52 F43 F46 under "${fault}" a request with a session is answered 503, its cookie neither set nor cleared`,
    async run(world) {
      const scene = await openScene(world, fault);
      const { store, writes } = noting(scene.bad, () => scene.bad);
      let isReached = false;
      const response = await inTime(
        visit(scene.over(store), scene.cookie, () => {
          isReached = true;
        }),
      );
      await expectUnavailable(scene.note(response));
      // Protected work does not begin, and no new session stands over a valid cookie.
      expect(isReached).to.equal(false);
      expect(writes).to.deep.equal([]);
      await expectKept(scene, fault);
      await scene.expectNoSecrets();
    },
  },
  {
    name: `R51 R52 F50 under "${fault}" the first write of a session is answered 503, without a cookie, after two tries at most`,
    async run(world) {
      const scene = await openScene(world, fault);
      const { store, writes } = noting(scene.bad, () => scene.bad);
      const response = await inTime(visit(scene.over(store), null, CHANGE));
      await expectUnavailable(scene.note(response));
      expect(writes.length).to.be.within(1, 2);
      expect(new Set(writes).size).to.equal(writes.length);
      const sessions = scene.over(scene.bad);
      const session = await sessions.open(null);
      CHANGE(session);
      scene.note(await storeErrorOf(sessions.save(session)));
      await scene.expectNoSecrets();
    },
  },
  {
    name: `F48 under "${fault}" once, a first write ends under a new id or in a 503: a cookie has its row`,
    async run(world) {
      const scene = await openScene(world, fault);
      const { store, writes } = noting(scene.good, (at) => (at === 1 ? scene.bad : scene.good));
      const response = await inTime(visit(scene.over(store), null, CHANGE));
      const cookie = cookieOf(response);
      if (cookie === null) {
        await expectUnavailable(scene.note(response));
        expect(writes).to.have.length(1);
      } else {
        expect(response.status).to.equal(200);
        expect((await scene.now(cookie)).data).to.deep.equal({ cart: [ADDED] });
        // What may have been written the first time is under an id that nobody holds.
        expect(writes).to.have.length(2);
        expect(writes[0]).not.to.equal(writes[1]);
      }
      if (fault === "lost") expect(cookie).not.to.equal(null);
      if (CERTAIN.includes(fault)) expect(cookie).to.equal(null);
      await scene.expectNoSecrets();
    },
  },
  ...Object.entries(ACTS).map(([act, perform]): Case => ({
    name: `R51 R52 R53 F43 F48 under "${fault}" ${act} that cannot be written is a StoreError and a 503 whose cookie opens nothing`,
    async run(world) {
      const scene = await openScene(world, fault);
      const isEnd = perform === DESTROY;
      const sessions = scene.over(split(scene.good, scene.bad));
      const session = await sessions.open(scene.cookie);
      perform(session);
      const error = scene.note(await storeErrorOf(sessions.save(session)));
      expect(error.cookie !== undefined).to.equal(isEnd);
      if (!isEnd || !EXECUTED.includes(fault)) await expectKept(scene, fault);

      const other = await openScene(world, fault);
      const again = other.over(split(other.good, other.bad));
      const response = await inTime(visit(again, other.cookie, perform));
      await expectUnavailable(other.note(response), isEnd);
      if (!isEnd || !EXECUTED.includes(fault)) await expectKept(other, fault);
      for (const { events, expectNoSecrets } of [scene, other]) {
        expect(events.map(({ type }) => type)).to.include("store-failed");
        expect(events.map(({ type }) => type)).not.to.include("destroyed");
        expect(events.map(({ type }) => type)).not.to.include("regenerated");
        await expectNoSecrets();
      }
    },
  })),
  {
    name: `R8 F48 under "${fault}" a regenerate whose mark is not answered gives a cookie with its row, or leaves the old one alive`,
    async run(world) {
      const scene = await openScene(world, fault);
      const { store } = noting(scene.good, (at) => (at === 2 ? scene.bad : scene.good));
      const response = await inTime(visit(scene.over(store), scene.cookie, REGENERATE));
      const cookie = cookieOf(response);
      if (cookie === null) {
        await expectUnavailable(scene.note(response));
        await expectKept(scene, fault);
        expect(EXECUTED).not.to.include(fault);
      } else {
        expect(response.status).to.equal(200);
        expect((await scene.now(cookie)).data).to.deep.equal({ cart: [PRIVATE] });
        expect((await scene.now()).isNew).to.equal(true);
        expect(EXECUTED).to.include(fault);
      }
      await scene.expectNoSecrets();
    },
  },
  {
    name: `R51 F46 under "${fault}" "anonymous" gives an empty unavailable session, on which changes are refused and which sets no cookie`,
    async run(world) {
      const scene = await openScene(world, fault);
      const { store, writes } = noting(scene.bad, () => scene.bad);
      const sessions = scene.over(store, { whenUnavailable: "anonymous" });
      const response = await inTime(
        visit(sessions, scene.cookie, (session) => {
          expect(session.unavailable).to.equal(true);
          expect(session.isNew).to.equal(true);
          expect(session.data).to.deep.equal({ cart: [] });
          expect(session.flash("note")).to.equal(undefined);
          expect(() => session.data.cart.push(ADDED)).to.throw(TypeError);
          expect(() => Object.assign(session.data, { cart: [ADDED] })).to.throw(TypeError);
          for (const act of [UPDATE, FLASH, REGENERATE]) {
            expect(() => act(session)).to.throw(StoreError);
          }
        }),
      );
      expect(response.status).to.equal(200);
      expect(await response.clone().text()).to.equal("welcome");
      expect(response.headers.get("set-cookie")).to.equal(null);
      expect(response.headers.get("cache-control")).to.equal("private");
      expect(writes).to.deep.equal([]);
      expect(scene.events.map(({ type }) => type)).to.deep.equal(["store-failed"]);
      scene.note(response);
      await expectKept(scene, fault);
      await scene.expectNoSecrets();
    },
  },
  {
    name: `R51 under "${fault}" "anonymous" still answers 503 to a destroy: a logout never lies`,
    async run(world) {
      const scene = await openScene(world, fault);
      const sessions = scene.over(scene.bad, { whenUnavailable: "anonymous" });
      const response = await inTime(visit(sessions, scene.cookie, DESTROY));
      await expectUnavailable(scene.note(response), true);
      await scene.expectNoSecrets();
    },
  },
  {
    name: `R52 under "${fault}" whoever has no session, or a forged cookie, and changes nothing notices no outage`,
    async run(world) {
      const scene = await openScene(world, fault);
      const { store, reads, writes } = noting(scene.bad, () => scene.bad);
      const forged = scene.cookie.replace(/.$/, (last) => (last === "A" ? "E" : "A"));
      for (const cookie of [null, "other=1", `${COOKIE}=x`, forged]) {
        const response = await visit(scene.over(store), cookie, ({ data }) => {
          expect(data).to.deep.equal({ cart: [] });
        });
        expect(response.status).to.equal(200);
        expect(response.headers.get("set-cookie")).to.equal(null);
      }
      expect([...reads, ...writes]).to.deep.equal([]);
    },
  },
]);

const stories: readonly Case[] = [
  {
    name: "R51 a renewal that is not answered does not fail the response, and sets no cookie",
    async run(world) {
      const scene = await openScene(world, "500");
      // A tenth of ten seconds.
      const options = { idleTimeout: 10 };
      const made = await visit(scene.over(scene.good, options), null, CHANGE);
      const cookie = cookieOf(made);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      const { store, writes } = noting(scene.good, () => scene.bad);
      const response = await visit(scene.over(store, options), cookie, ({ data }) => {
        expect(data.cart).to.deep.equal([ADDED]);
      });
      expect(writes).to.have.length(1);
      expect(response.status).to.equal(200);
      expect(await response.text()).to.equal("welcome");
      expect(response.headers.get("set-cookie")).to.equal(null);
    },
  },
  {
    name: "R51 a handler that deals with the outage itself is heard, and sets no cookie",
    async run(world) {
      const scene = await openScene(world, "refused");
      const handle = scene.over(scene.bad).handler(async (_: Request, getSession) => {
        const error = await storeErrorOf(getSession());
        expect(await storeErrorOf(getSession())).to.equal(error);
        return new Response("we are closed", { status: 200 });
      });
      const response = await handle(request(scene.cookie));
      expect(response.status).to.equal(200);
      expect(await response.text()).to.equal("we are closed");
      expect(response.headers.get("set-cookie")).to.equal(null);
    },
  },
  {
    name: "R52 a response that a 503 replaces has its body cancelled, and nothing of it goes out",
    async run(world) {
      for (const act of [CHANGE, REGENERATE, DESTROY]) {
        const scene = await openScene(world, "500");
        const cancelled: unknown[] = [];
        const sessions = scene.over(split(scene.good, scene.bad));
        const handle = sessions.handler(async (_: Request, getSession) => {
          act(await getSession());
          const body = new ReadableStream<Uint8Array>({
            pull: (controller) => controller.enqueue(new TextEncoder().encode(PRIVATE)),
            cancel: () => void cancelled.push(act),
          });
          const headers = { "Set-Cookie": `theme=${PRIVATE}`, "X-Private": PRIVATE };
          return new Response(body, { headers });
        });
        const response = await handle(request(scene.cookie));
        await expectUnavailable(scene.note(response), act === DESTROY);
        expect(response.headers.get("x-private")).to.equal(null);
        expect(cancelled).to.deep.equal([act]);
        await scene.expectNoSecrets();
      }
    },
  },
  {
    name: "R51 a response that was already read is replaced by a 503 all the same",
    async run(world) {
      const scene = await openScene(world, "500");
      const handle = scene
        .over(split(scene.good, scene.bad))
        .handler(async (_: Request, getSession) => {
          CHANGE(await getSession());
          return new Response(null, { status: 204 });
        });
      await expectUnavailable(await handle(request(scene.cookie)));
    },
  },
  {
    name: "R48 an outage and its end are reported: every failure, then the first answer alone",
    async run(world) {
      const scene = await openScene(world, "500");
      let isDown = true;
      const pick = () => (isDown ? scene.bad : scene.good);
      const sessions = scene.over({
        read: (key) => pick().read(key),
        write: (...row) => pick().write(...row),
      });
      await storeErrorOf(sessions.open(scene.cookie));
      await visit(sessions, scene.cookie, CHANGE);
      const failures = scene.events.splice(0);
      expect(failures).to.have.length(2);
      for (const event of failures) {
        expect(event).to.include({
          type: "store-failed",
          operation: "read",
          outcome: "unknown",
          code: "STORE_UNAVAILABLE",
        });
        expect(event).to.have.property("message").that.is.a("string").and.not.equal("");
      }
      isDown = false;
      for (let time = 0; time < 3; time++) await sessions.open(scene.cookie);
      expect(scene.events.splice(0)).to.deep.equal([{ type: "store-recovered" }]);
      const session = await sessions.open(scene.cookie);
      CHANGE(session);
      isDown = true;
      await storeErrorOf(sessions.save(session));
      expect(
        scene.events.splice(0).map((event) => "operation" in event && event.operation),
      ).to.deep.equal(["write"]);
      isDown = false;
      await sessions.save(session);
      expect(scene.events).to.deep.equal([{ type: "store-recovered" }]);
      expect((await scene.now()).data.cart).to.deep.equal([PRIVATE, ADDED]);
      await scene.expectNoSecrets();
    },
  },
  {
    name: "R53 a misconfiguration is told from an outage, and names its mend",
    async run(world) {
      for (const fault of ["401", "readonly", "redirect"] as const) {
        const scene = await openScene(world, fault);
        const error = await storeErrorOf(scene.over(scene.bad).open(scene.cookie));
        expect(error.code).to.equal("STORE_MISCONFIGURED");
        expect(error.message).to.match(/check/);
        expect(scene.events).to.have.length(1);
        expect(scene.events[0]).to.include({ code: "STORE_MISCONFIGURED", message: error.message });
      }
      for (const fault of ["refused", "hang", "500", "quota", "garbage", "lost"] as const) {
        const scene = await openScene(world, fault);
        const error = await storeErrorOf(scene.over(scene.bad).open(scene.cookie));
        expect(error.code).to.equal("STORE_UNAVAILABLE");
      }
    },
  },
  {
    name: "F43 once the store answers again, the visitor is as signed in as before",
    async run(world) {
      for (const fault of FAULTS) {
        const scene = await openScene(world, fault);
        const down = scene.over(scene.bad);
        for (let time = 0; time < 2; time++) {
          const response = await visit(down, scene.cookie, () => undefined);
          expect(response.headers.get("set-cookie")).to.equal(null);
        }
        const response = await visit(scene.over(scene.good), scene.cookie, ({ data }) => {
          expect(data.cart).to.deep.equal([PRIVATE]);
        });
        expect(response.status).to.equal(200);
      }
    },
  },
  {
    name: "R48 F38 a store that throws errors of its own, which quote all they know, is wrapped",
    async run(world) {
      const scene = await openScene(world, "500");
      const ways: readonly ((quote: string) => Promise<never>)[] = [
        (quote) => Promise.reject(new Error(quote)),
        (quote) => Promise.reject(new TypeError(quote, { cause: new Error(quote) })),
        // oxlint-disable-next-line prefer-promise-reject-errors -- what is no Error is thrown as well
        (quote) => Promise.reject(quote),
        // oxlint-disable-next-line prefer-promise-reject-errors -- and nothing at all
        () => Promise.reject(undefined),
        (quote) => {
          throw new Error(quote);
        },
      ];
      for (const fail of ways) {
        const foreign: Store = {
          read: (key) => fail(`no row at ${key} with ${world.token} at ${world.url}`),
          write: (...row) => fail(`command was: ${row.join(" ")} ${SECRET} ${scene.cookie}`),
        };
        for (const store of [foreign, split(scene.good, foreign), split(foreign, scene.good)]) {
          scene.events.length = 0;
          const response = await visit(scene.over(store), scene.cookie, CHANGE);
          await expectUnavailable(scene.note(response));
          expect(scene.events).to.have.length(1);
          expect(scene.events[0]).to.include({
            type: "store-failed",
            outcome: "unknown",
            code: "STORE_UNAVAILABLE",
          });
          await scene.expectNoSecrets();
        }
        const error = await storeErrorOf(scene.over(foreign).open(scene.cookie));
        expect(error).to.include({ outcome: "unknown", code: "STORE_UNAVAILABLE" });
        expect(error.cause).to.equal(undefined);
        scene.note(error);
        await scene.expectNoSecrets();
      }
      expect((await scene.now()).data.cart).to.deep.equal([PRIVATE]);
    },
  },
  {
    name: "R51 an observer that throws at every failure changes nothing of the answer",
    async run(world) {
      const scene = await openScene(world, "500");
      const onEvent = () => {
        throw new Error(PRIVATE);
      };
      const response = await visit(scene.over(scene.bad, { onEvent }), scene.cookie, CHANGE);
      await expectUnavailable(scene.note(response));
      await scene.expectNoSecrets();
    },
  },
  {
    name: "F48 a change whose answer was lost is there once, when it is made again after the outage",
    async run(world) {
      const scene = await openScene(world, "lost");
      const sessions = scene.over(
        noting(scene.good, (at) => (at === 1 ? scene.bad : scene.good)).store,
      );
      const session = await sessions.open(scene.cookie);
      CHANGE(session);
      await storeErrorOf(sessions.save(session));
      expect((await scene.now()).data.cart).to.deep.equal([PRIVATE, ADDED]);
      // The same object again: what it expected is not what stands there, so its change is replayed on that.
      await sessions.save(session);
      expect((await scene.now()).data.cart).to.deep.equal([PRIVATE, ADDED]);
    },
  },
  {
    name: "F48 an update whose answer was lost is not applied a second time when it is saved again",
    async run(world) {
      const scene = await openScene(world, "lost");
      const { store } = noting(scene.good, (at) => (at === 1 ? scene.bad : scene.good));
      const sessions = scene.over(store);
      const session = await sessions.open(scene.cookie);
      UPDATE(session);
      await storeErrorOf(sessions.save(session));
      expect((await scene.now()).data.cart).to.deep.equal([PRIVATE, ADDED]);
      await sessions.save(session);
      expect((await scene.now()).data.cart).to.deep.equal([PRIVATE, ADDED]);
    },
  },
  {
    name: "F48 a destroy whose answer was lost has ended the session, and the next one says so",
    async run(world) {
      const scene = await openScene(world, "lost");
      const response = await visit(scene.over(split(scene.good, scene.bad)), scene.cookie, DESTROY);
      await expectUnavailable(scene.note(response), true);
      expect((await scene.now()).isNew).to.equal(true);
      const again = await visit(scene.over(scene.good), scene.cookie, DESTROY);
      expect(again.status).to.equal(200);
      expect(again.headers.get("set-cookie")).to.match(/^__Host-session=;.*Max-Age=0/);
      await scene.expectNoSecrets();
    },
  },
  {
    name: "R58 an answer that is no row is never taken for one: the session is neither empty nor somebody else's",
    async run(world) {
      const scene = await openScene(world, "wrong-shape");
      const wrong: unknown[] = [undefined, 0, 1, false, {}, [], ["v1"], { value: null }, new Map()];
      for (const answer of wrong) {
        const store = redisStore(async () => answer);
        const response = await visit(scene.over(store), scene.cookie, () => undefined);
        await expectUnavailable(scene.note(response));
      }
      await scene.expectNoSecrets();
    },
  },
  {
    name: "R53 a store that never answers is ended by its own deadline, many requests at once",
    async run(world) {
      const scene = await openScene(world, "hang");
      const store = redisStore(() => new Promise(() => undefined), { timeoutMs: TIMEOUT_MS });
      const responses = await inTime(
        Promise.all(
          Array.from({ length: 20 }, () => visit(scene.over(store), scene.cookie, CHANGE)),
        ),
      );
      for (const response of responses) await expectUnavailable(scene.note(response));
      await scene.expectNoSecrets();
    },
  },
  {
    name: 'R51 "anonymous" changes nothing while the store answers',
    async run() {
      const store = memoryStore();
      const sessions = createSessions<Basket>({
        secrets: [SECRET],
        store,
        initial: () => ({ cart: [] }),
        whenUnavailable: "anonymous",
      });
      const cookie = cookieOf(await visit(sessions, null, CHANGE));
      const session = await sessions.open(cookie);
      expect(session.unavailable).to.equal(false);
      expect(session.data).to.deep.equal({ cart: [ADDED] });
      CHANGE(session);
      await sessions.save(session);
      expect((await sessions.open(cookie)).data).to.deep.equal({ cart: [ADDED, ADDED] });
    },
  },
];

export const cases: readonly Case[] = [...eachFault, ...stories];
