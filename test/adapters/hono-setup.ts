// What the tests of the Hono adapter share: a shop with sessions, browsers, and a server.

import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { createSessions, memoryStore, type SessionOptions, type Store } from "coatcheck";
import { session } from "coatcheck/hono";
import { type Context, Hono } from "hono";
import { cookieJar, type Jar } from "../support/jar.ts";
import { countingStore } from "../support/stores.ts";

export const SECRET = "the secret of these tests: 32 bytes+";
export const COOKIE = "__Host-session";
export const ENDING = /^__Host-session=[\w-]{43}\.[\w-]{43}; Path=\/; Max-Age=2592000; Secure/;
export const DELETION = /^__Host-session=; .*Max-Age=0/;

export interface Data {
  n: number;
  user?: string;
}

export function openShop(
  store: Store = memoryStore(),
  options: Partial<SessionOptions<Data>> = {},
) {
  const counts = countingStore(store);
  const sessions = createSessions<Data>({
    secrets: [SECRET],
    store: counts.store,
    initial: () => ({ n: 0 }),
    ...options,
  });
  const app = new Hono().use(session(sessions));
  return { app, counts, sessions };
}

export type Shop = ReturnType<typeof openShop>;
export type Fetch = (request: Request) => Response | Promise<Response>;

/** One request with the browser's cookies. The browser takes what comes back. */
export async function visit(
  app: { fetch: Fetch },
  jar: Jar,
  path = "/",
  headers = {},
): Promise<Response> {
  const response = await app.fetch(jar.request(path, headers));
  jar.take(response);
  return response;
}

/** A browser with a session in which `n` is 1. */
export async function browser({ sessions, counts }: Shop): Promise<Jar> {
  const jar = cookieJar();
  const opened = await sessions.open(null);
  opened.data.n = 1;
  jar.put((await sessions.save(opened))?.header ?? "");
  counts.reset();
  return jar;
}

/** What is stored for a browser. */
export async function stored(
  { sessions }: Pick<Shop, "sessions">,
  jar: Jar,
): Promise<Data | "nothing"> {
  const { isNew, data } = await sessions.open(jar.header());
  return isNew ? "nothing" : data;
}

export function sessionCookies(response: Response, name = COOKIE): string[] {
  return response.headers.getSetCookie().filter((line) => line.startsWith(`${name}=`));
}

/** Lets errors through to the test, as a 500 that nobody prints. */
export function hushed<
  App extends { onError: (handler: (error: Error, c: Context) => Response) => unknown },
>(app: App): { readonly errors: Error[] } {
  const errors: Error[] = [];
  app.onError((error, c) => {
    errors.push(error);
    return c.text("broken", 500);
  });
  return { errors };
}

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

export async function served(fetchFrom: Fetch): Promise<Served> {
  const server = serve({ fetch: fetchFrom, port: 0, hostname: "127.0.0.1" }) as Server;
  if (!server.listening) await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** One request over HTTP with the browser's cookies. */
export async function visitOver(
  { url }: Served,
  jar: Jar,
  path = "/",
  init: RequestInit = {},
): Promise<Response> {
  const cookie = jar.header();
  const headers = { ...init.headers, ...(cookie === null ? {} : { cookie }) };
  const response = await fetch(url + path, { redirect: "manual", ...init, headers });
  jar.take(response);
  return response;
}
