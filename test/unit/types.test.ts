// Types, checked by `tsc -p test/tsconfig.json`; and the three schema libraries that they are inferred from, run.

import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  createSessions,
  memoryStore,
  perEnv,
  type LoadOptions,
  type Session,
  SessionDataError,
  type SessionEvent,
  type Sessions,
  type SetCookie,
  type StandardSchema,
  type Store,
} from "../../src/index.ts";
import { createTokens, newId } from "../../src/token.ts";
import { encodeRecord } from "../../src/record.ts";

const SECRET = "the secret of these tests: 32 bytes+";
const secrets = [SECRET];

interface Data {
  userId?: string;
  cart: string[];
}

type DataOf<Made> = Made extends Sessions<infer Kept> ? Kept : never;

describe("the type of the data", () => {
  const store = memoryStore();

  test("is complete with initial", () => {
    const sessions = createSessions<Data>({ secrets, store, initial: () => ({ cart: [] }) });
    expectTypeOf(sessions).toEqualTypeOf<Sessions<Data>>();
    expectTypeOf<Session<Data>["data"]>().toEqualTypeOf<Data>();
  });

  test("is complete with a schema", () => {
    const schema = z.object({ userId: z.string().exactOptional(), cart: z.array(z.string()) });
    const sessions = createSessions<Data>({ secrets, store, schema });
    expectTypeOf(sessions).toEqualTypeOf<Sessions<Data>>();
  });

  test("may miss any property without either", () => {
    const sessions = createSessions<Data>({ secrets, store });
    expectTypeOf(sessions).toEqualTypeOf<Sessions<Partial<Data>>>();
    expectTypeOf<DataOf<typeof sessions>["cart"]>().toEqualTypeOf<string[] | undefined>();
  });

  test("is a record of unknown values where nothing is said", () => {
    const sessions = createSessions({ secrets, store });
    expectTypeOf(sessions).toEqualTypeOf<Sessions<Partial<Record<string, unknown>>>>();
    expectTypeOf<DataOf<typeof sessions>["anything"]>().toEqualTypeOf<unknown>();
  });

  test("is inferred from initial", () => {
    const sessions = createSessions({ secrets, store, initial: () => ({ n: 0, at: null }) });
    expectTypeOf(sessions).toEqualTypeOf<Sessions<{ n: number; at: null }>>();
  });

  test("is the output of zod's schema: defaults are there, what is optional may be absent", () => {
    const schema = z.object({
      cart: z.array(z.string()).default([]),
      user: z.string().optional(),
      theme: z.enum(["dark", "light"]).default("light"),
    });
    const sessions = createSessions({ secrets, store, schema });
    expectTypeOf<DataOf<typeof sessions>>().toEqualTypeOf<{
      cart: string[];
      user?: string | undefined;
      theme: "dark" | "light";
    }>();
  });

  test("is the output of valibot's schema", () => {
    const schema = v.object({
      cart: v.optional(v.array(v.string()), []),
      user: v.optional(v.string()),
    });
    const sessions = createSessions({ secrets, store, schema });
    expectTypeOf<DataOf<typeof sessions>>().toEqualTypeOf<{
      cart: string[];
      user?: string | undefined;
    }>();
  });

  test("is the output of arktype's schema", () => {
    const schema = type({ cart: type("string[]").default(() => []), "user?": "string" });
    const sessions = createSessions({ secrets, store, schema });
    expectTypeOf<DataOf<typeof sessions>>().toEqualTypeOf<{ cart: string[]; user?: string }>();
  });

  test("is that of the schema where there is initial too", () => {
    const schema = z.object({ n: z.number() });
    const sessions = createSessions({ secrets, store, schema, initial: () => ({ n: 1 }) });
    expectTypeOf(sessions).toEqualTypeOf<Sessions<{ n: number }>>();
  });

  test("must be an object", () => {
    const schema = z.string();
    // @ts-expect-error A session's data is an object, and the schema gives a string.
    const refused = () => createSessions({ secrets, store, schema });
    expect(refused).not.toThrow();
    // @ts-expect-error A session's data is an object, and initial gives a number.
    expect(() => createSessions({ secrets, store, initial: () => 5 })).not.toThrow();
  });

  test("options that are unknown or of the wrong type do not compile", () => {
    // @ts-expect-error There is no option ttl.
    expect(() => createSessions({ secrets, store, ttl: 5 })).toThrow("ttl");
    // @ts-expect-error Secrets are a list.
    expect(() => createSessions({ secrets: SECRET, store })).toThrow("secrets");
    // @ts-expect-error The spelling of sameSite is lower-case.
    expect(() => createSessions({ secrets, store, cookie: { sameSite: "Lax" } })).toThrow();
    // @ts-expect-error Without a store there are no sessions.
    expect(() => createSessions({ secrets })).toThrow("store");
  });
});

describe("the type of a session", () => {
  function use(session: Session<Data>): void {
    expectTypeOf(session.data).toEqualTypeOf<Data>();
    expectTypeOf(session.flash("a")).toEqualTypeOf<unknown>();
    expectTypeOf(session.flash("a", 1)).toEqualTypeOf<void>();
    expectTypeOf(session.createdAt).toEqualTypeOf<number>();
    expectTypeOf(session.expiresAt).toEqualTypeOf<number>();
    expectTypeOf(session.isNew).toEqualTypeOf<boolean>();
    expectTypeOf(session.unavailable).toEqualTypeOf<boolean>();
    expectTypeOf(session.update).returns.toEqualTypeOf<void>();
    session.update((data) => {
      expectTypeOf(data).toEqualTypeOf<Data>();
    });
    session.update((data) => data.cart.push("tea"));
    session.update((data) => delete data.userId);
    // @ts-expect-error An async function answers too late: its changes would be lost.
    session.update(async (data) => void data.cart.push("tea"));
    // @ts-expect-error So does any function that answers a promise.
    session.update((data) => Promise.resolve(data));
    // @ts-expect-error The data can be changed, not exchanged.
    session.data = { cart: [] };
    // @ts-expect-error Only the library knows when a session is new.
    session.isNew = true;
  }

  test("says what each member takes and gives", () => {
    expect(use).toBeTypeOf("function");
  });
});

describe("the type of a handler", () => {
  interface Env {
    SESSION_SECRET: string;
  }
  interface Context {
    waitUntil(promise: Promise<unknown>): void;
  }
  interface DenoInfo {
    remoteAddr: { hostname: string };
  }
  class AppRequest extends Request {
    readonly params: Record<string, string> = {};
  }
  const sessions = createSessions<Data>({
    secrets,
    store: memoryStore(),
    initial: () => ({ cart: [] }),
  });

  test("is that of fetch, where nothing is said", () => {
    const handle = sessions.handler(async (request, getSession) => {
      expectTypeOf(request).toEqualTypeOf<Request>();
      expectTypeOf(getSession).toEqualTypeOf<(options?: LoadOptions) => Promise<Session<Data>>>();
      return new Response();
    });
    expectTypeOf(handle).toEqualTypeOf<(request: Request) => Promise<Response>>();
  });

  test("carries Workers' env and context", () => {
    const handle = sessions.handler(
      async (_request: Request, _getSession, _env: Env, _context: Context) => new Response(),
    );
    expectTypeOf(handle).parameters.toEqualTypeOf<[Request, Env, Context]>();
  });

  test("carries Deno's info", () => {
    const handle = sessions.handler((_request: Request, _getSession, info: DenoInfo) => {
      return new Response(info.remoteAddr.hostname);
    });
    expectTypeOf(handle).parameters.toEqualTypeOf<[Request, DenoInfo]>();
    expectTypeOf(handle).returns.toEqualTypeOf<Promise<Response>>();
  });

  test("keeps a Request of a framework's own", () => {
    const handle = sessions.handler(async (request: AppRequest) => {
      return Response.json(request.params);
    });
    expectTypeOf(handle).parameters.toEqualTypeOf<[AppRequest]>();
  });

  test("passes the rest on as it came", async () => {
    const handle = sessions.handler(
      async (request: AppRequest, _getSession, env: Env, list: readonly number[]) =>
        Response.json([request instanceof AppRequest, env, list]),
    );
    const env = { SESSION_SECRET: "x" };
    const answer = await handle(new AppRequest("http://localhost/"), env, [1, 2]);
    expect(await answer.json()).toEqual([true, env, [1, 2]]);
  });

  test("must answer a response", () => {
    // @ts-expect-error A handler answers a Response, not a string.
    expect(sessions.handler(async () => "ok")).toBeTypeOf("function");
  });
});

test("the types of the two halves, and of perEnv()", () => {
  type Members = Sessions<Data>;
  expectTypeOf<Members["load"]>().toEqualTypeOf<
    (request: Request | Headers, options?: LoadOptions) => Promise<Session<Data>>
  >();
  expectTypeOf<Members["commit"]>().toEqualTypeOf<
    (session: Session<Data>, response: Response) => Promise<Response>
  >();
  expectTypeOf<Members["save"]>().toEqualTypeOf<
    (session: Session<Data>) => Promise<SetCookie | null>
  >();
  const sessionsOf = perEnv((env: { KEY: string }) =>
    createSessions<Data>({
      secrets: [env.KEY],
      store: memoryStore(),
      initial: () => ({ cart: [] }),
    }),
  );
  expectTypeOf(sessionsOf).toEqualTypeOf<(env: { KEY: string }) => Sessions<Data>>();
});

test("a switch over the type of an event is exhaustive", () => {
  function describeEvent(event: SessionEvent): string {
    switch (event.type) {
      case "created":
      case "destroyed":
      case "unconfirmed":
      case "refused":
        return event.ref;
      case "regenerated":
        return event.from;
      case "gone":
        expectTypeOf(event.during).toEqualTypeOf<"load" | "save">();
        expectTypeOf(event.found).toEqualTypeOf<
          "nothing" | "ended" | "moved" | "expired" | "corrupt"
        >();
        return event.found;
      case "conflict":
        return String(event.attempts);
      case "forged":
        expectTypeOf(event.reason).toEqualTypeOf<"malformed" | "signature" | "duplicate">();
        return event.reason;
      case "store-failed":
        expectTypeOf(event.outcome).toEqualTypeOf<"none" | "unknown">();
        return event.message;
      case "stepped-down":
      case "stepped-up":
        expectTypeOf(event.store).toEqualTypeOf<number | "authority" | "cache">();
        return String(event.store);
      case "store-recovered":
      case "insecure":
      case "cached-client":
        return event.type;
      default:
        expectTypeOf(event).toEqualTypeOf<never>();
        return "";
    }
  }
  expect(describeEvent({ type: "insecure" })).toBe("insecure");
});

interface Shop {
  cart: { name: string; price: number }[];
  user?: string | undefined;
}

const zodSchema = z.object({
  cart: z.array(z.object({ name: z.string(), price: z.number() })).default([]),
  user: z.string().optional(),
});
const valibotSchema = v.object({
  cart: v.optional(v.array(v.object({ name: v.string(), price: v.number() })), []),
  user: v.optional(v.string()),
});
const arktypeSchema = type({
  cart: type({ name: "string", price: "number" })
    .array()
    .default(() => []),
  "user?": "string | undefined",
});

const SCHEMAS: [name: string, schema: StandardSchema<Shop>][] = [
  ["zod", zodSchema],
  ["valibot", valibotSchema],
  ["arktype", arktypeSchema],
];

describe.each(SCHEMAS)("a schema of %s", (_, schema) => {
  /** A store with one row of the given data, and the cookie that names it. */
  async function openWith(data: unknown) {
    const events: SessionEvent[] = [];
    const store: Store = memoryStore();
    const sessions = createSessions({
      secrets,
      store,
      schema,
      onEvent: (event) => void events.push(event),
    });
    const id = newId();
    const now = Date.now();
    const text = encodeRecord({
      createdAt: now - 5_000,
      seenAt: now - 5_000,
      identity: {
        user: "u1",
        handle: "h",
        signedInAt: now - 5_000,
        authenticatedAt: now - 5_000,
      },
      flash: new Map([["notice", ["0123456789abcdef", "Saved"]]]),
      data: JSON.stringify(data),
    });
    const tokens = createTokens(secrets, "__Host-session");
    const key = tokens.keyOf(id);
    await store.write(key, text, now + 60_000, null);
    const cookie = `__Host-session=${tokens.sign(id)}`;
    return { sessions, events, cookie, store, row: () => store.read(key), text };
  }

  test("gives a new session its defaults", async () => {
    const { sessions } = await openWith({});
    expect((await sessions.open(null)).data).toEqual({ cart: [] });
  });

  test("gives a stored session the defaults that it lacks, which is no change", async () => {
    const { sessions, cookie, row, text } = await openWith({ user: "Ann" });
    const session = await sessions.open(cookie);
    expect(session.data).toEqual({ cart: [], user: "Ann" });
    expect(await sessions.save(session)).toBeNull();
    expect(await row()).toBe(text);
  });

  test("refuses a stored session, which begins anew, keeps its times, and is not signed out", async () => {
    const { sessions, events, cookie, row, text } = await openWith({ cart: "a-private-value" });
    const session = await sessions.open(cookie);
    expect(session.isNew).toBe(false);
    expect(session.createdAt).toBeLessThanOrEqual(Date.now() - 5_000);
    expect(session.data).toEqual({ cart: [] });
    expect(events.map((event) => event.type)).toEqual(["refused"]);
    expect(JSON.stringify(events)).not.toContain("a-private-value");
    await sessions.save(session);
    expect(await row()).toBe(text);
  });

  test("lets a refused session be written once the application changes it, with its user", async () => {
    const { sessions, cookie, row } = await openWith({ cart: 5 });
    const session = await sessions.open(cookie);
    session.data.cart.push({ name: "tea", price: 3 });
    await sessions.save(session);
    expect(await row()).toContain('"user":"u1"');
    expect((await sessions.open(cookie)).data.cart).toEqual([{ name: "tea", price: 3 }]);
  });

  test("shows what another request has made of a refused session meanwhile, and keeps that", async () => {
    const { sessions, cookie } = await openWith({ cart: 5 });
    const session = await sessions.open(cookie);
    session.regenerate();
    const other = await sessions.open(cookie);
    other.data.cart.push({ name: "tea", price: 3 });
    await sessions.save(other);
    const moved = (await sessions.save(session))?.header;
    expect(session.data.cart).toEqual([{ name: "tea", price: 3 }]);
    session.data.user = "Ann";
    await sessions.save(session);
    const { data } = await sessions.open(moved);
    expect(data).toEqual({ cart: [{ name: "tea", price: 3 }], user: "Ann" });
  });

  test("keeps what is stored of a refused session that is only read while a save is under way", async () => {
    const { sessions, cookie, store } = await openWith({ cart: 5, precious: "kept" });
    const session = await sessions.open(cookie);
    session.regenerate();
    const saving = sessions.save(session);
    expect(session.data).toEqual({ cart: [] });
    const moved = (await saving)?.value ?? "";
    session.flash("notice", "Seen");
    await sessions.save(session);
    const key = createTokens(secrets, "__Host-session").keyOf(
      Buffer.from(moved.slice(0, 43), "base64url"),
    );
    expect(await store.read(key)).toContain('{"cart":5,"precious":"kept"}');
  });

  test("refuses what it would not take back, naming the place and no value, before any write", async () => {
    const { sessions, cookie, row, text } = await openWith({});
    const session = await sessions.open(cookie);
    session.data.cart.push({ name: "tea", price: "a-private-value" as unknown as number });
    const error = await sessions.save(session).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SessionDataError);
    expect(error).toMatchObject({ path: "data.cart[0].price" });
    expect(String(error)).not.toContain("a-private-value");
    expect(await row()).toBe(text);
  });
});
