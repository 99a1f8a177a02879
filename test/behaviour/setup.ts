// What the stories share: a small shop with sessions, and the stores that it runs on.

import {
  cachedStore,
  createSessions,
  fallbackStore,
  memoryStore,
  memoryUsers,
  type Session,
  type SessionEvent,
  type SessionOptions,
  type Sessions,
  type Store,
  type UserIndex,
} from "coatcheck";
import { redisStore, redisUsers, upstash } from "coatcheck/redis";
import { type Jar } from "../support/jar.ts";
import { type Counting, countingStore } from "../support/stores.ts";
import type { Case, World } from "../support/suite.ts";

export const SECRET = "the first secret, of more than thirty-two bytes";
export const COOKIE = "__Host-session";

export interface Data {
  cart: string[];
  n: number;
  userId?: string;
  note?: string;
  other?: string;
  value?: unknown;
}

/** What a visitor does on a page; no response of its own means 200 `ok`. */
export type Act = (
  session: Session<Data>,
) => void | Response | undefined | Promise<void | Response | undefined>;

export interface Shop {
  readonly sessions: Sessions<Data>;
  readonly events: SessionEvent[];
  /** The store, counted: commands of this shop alone. */
  readonly counts: Counting;
  /** One request with the browser's cookies. The browser takes what comes back. */
  visit(jar: Jar, act?: Act, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Opens the session of a Cookie header and commits nothing. */
  open(cookie: Jar | string | null | undefined): Promise<Session<Data>>;
  /** Types of the events so far. */
  types(): string[];
}

/** A shop over a store. Two over one store are two instances. */
export function openShop(store: Store, options: Partial<SessionOptions<Data>> = {}): Shop {
  const events: SessionEvent[] = [];
  const counts = countingStore(store);
  const sessions = createSessions<Data>({
    secrets: [SECRET],
    store: counts.store,
    initial: () => ({ cart: [], n: 0 }),
    onEvent: (event) => {
      events.push(event);
    },
    ...options,
  });
  return {
    sessions,
    events,
    counts,
    async visit(jar, act = () => undefined, headers = {}) {
      const handle = sessions.handler(async (_request, getSession) => {
        return (await act(await getSession())) ?? new Response("ok");
      });
      const response = await handle(jar.request("/", headers));
      jar.take(response);
      return response;
    },
    open: (cookie) =>
      sessions.open(typeof cookie === "string" || !cookie ? cookie : cookie.header()),
    types: () => events.map(({ type }) => type),
  };
}

type Run = (store: Store, world: World) => Promise<void>;

const OPENERS: readonly (readonly [name: string, open: (world: World) => Store])[] = [
  ["memory", () => memoryStore()],
  ["Redis over REST", openRedis],
  ["Redis, else memory", (world) => fallbackStore([openRedis(world), memoryStore()], PATIENT)],
  [
    "Redis in front of another store",
    (world) => {
      const { read, write } = memoryStore();
      return cachedStore({ authority: { read, write }, cache: openRedis(world), ...PATIENT });
    },
  ],
];

type RunWithUsers = (
  stores: { readonly store: Store; readonly users: UserIndex },
  world: World,
) => Promise<void>;

/** The same case on every store, with an index of users that is as durable. */
export function onIndexes(name: string, run: RunWithUsers): Case[] {
  return OPENERS.map(([label, open]) => ({
    name: `${name} [${label}]`,
    run: (world) =>
      run(
        {
          store: world.open?.() ?? open(world),
          users:
            world.openUsers?.() ??
            (/^Redis(?! in)/.test(label) ? openRedisUsers(world) : memoryUsers()),
        },
        world,
      ),
  }));
}

function openRedisUsers({ url, token }: World): UserIndex {
  const send = upstash({ url, token, timeoutMs: PATIENT.timeoutMs });
  return redisUsers(send, { prefix: `${crypto.randomUUID()}:` });
}

/** A loaded machine is no outage. */
const PATIENT = { timeoutMs: 10_000, budgetMs: 30_000 };

function openRedis({ url, token }: World): Store {
  const send = upstash({ url, token, timeoutMs: PATIENT.timeoutMs });
  return redisStore(send, { prefix: `${crypto.randomUUID()}:` });
}

/** The same case on every store. */
export function onStores(name: string, run: Run): Case[] {
  return OPENERS.map(([label, open]) => ({
    name: `${name} [${label}]`,
    run: (world) => run(world.open?.() ?? open(world), world),
  }));
}

/** A case whose subject is the core alone, so that one store is enough. */
export function onMemory(name: string, run: (store: Store) => Promise<void>): Case {
  return { name, run: () => run(memoryStore()) };
}

/** What a promise rejects with. @throws when it does not */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`expected a rejection, but it resolved to ${String(answer)}`);
}

/** What a function throws. @throws when it does not */
export function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error, but nothing was thrown");
}

/** The code of an error of the library; else its name. */
export function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return String(code ?? name);
}

/** The one session cookie of a response; undefined when it sets none. @throws when it sets two */
export function sessionCookie(response: Response, name: string = COOKIE): string | undefined {
  const lines = response.headers.getSetCookie().filter((line) => line.startsWith(`${name}=`));
  if (lines.length > 1) throw new Error("the response sets the session cookie twice");
  return lines[0];
}
