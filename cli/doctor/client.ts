// A client of the application's own for Redis -> `send`, none of whose calls waits for ever.

import { fromUpstash, type Send, type UpstashClient } from "coatcheck/redis";
import { LateError, within } from "./deadline.ts";

type Call = (...args: unknown[]) => Promise<unknown>;

/** What is looked for in a client, and how it is called then. */
interface Client {
  readonly exec?: Call;
  readonly sendCommand?: Call;
  readonly call?: Call;
  readonly send?: Call;
  readonly connect?: Call;
  readonly getSlotRandomNode?: unknown;
  readonly isOpen?: boolean;
  readonly on?: (event: "error", listener: (error: unknown) => void) => unknown;
}

/**
 * Answers the `send` of a client of node-redis, ioredis, Bun or `@upstash/redis`, or of a function that is one;
 * undefined for anything else, a class of one too. Connects where that is due.
 *
 * @throws what the client throws, or a LateError, whose cause is what the client has told meanwhile
 */
export async function sendOf(client: unknown, timeoutMs: number): Promise<Send | undefined> {
  if (isClass(client)) return undefined;
  if (typeof client === "function") return bounded(client as Send, timeoutMs);
  if (typeof client !== "object" || client === null) return undefined;
  const ask = boundedBy(timeoutMs, client);
  const { sendCommand, connect, isOpen } = client as Client;
  if (typeof sendCommand === "function" && isOpen === false && typeof connect === "function") {
    await ask(() => connect.call(client));
  }
  const send = plainSend(client);
  if (send === undefined) return undefined;
  return keepTrait(send, (command) => ask(() => send(command)));
}

/** As `storeFromEnv` tells it: a cluster of ioredis has a `call`, and takes commands as its clients do. */
export function isCluster(client: unknown): boolean {
  const { call, getSlotRandomNode } = Object(client) as Client;
  return typeof call !== "function" && typeof getSlotRandomNode === "function";
}

/** A function too; but what it is the prototype of stays as it is, and it cannot be called. */
function isClass(client: unknown): boolean {
  if (typeof client !== "function") return false;
  return Object.getOwnPropertyDescriptor(client, "prototype")?.writable === false;
}

function plainSend(client: Client): Send | undefined {
  const { exec, sendCommand, call, send } = client;
  if (typeof call === "function") return (command) => call.apply(client, command);
  if (typeof sendCommand === "function") return (command) => sendCommand.call(client, command);
  if (typeof send === "function") return ([name, ...args]) => send.call(client, name, args);
  return typeof exec === "function" ? fromUpstash(client as UpstashClient) : undefined;
}

/** Clients over TCP connect anew as long as it takes; why they have to is told by an event alone. */
function boundedBy(timeoutMs: number, client: Client) {
  let last: unknown;
  if (typeof client.on === "function") client.on("error", (error) => (last = error));
  return async (work: () => Promise<unknown>): Promise<unknown> => {
    try {
      return await within(timeoutMs, work);
    } catch (error) {
      if (error instanceof LateError) error.cause ??= last;
      throw error;
    }
  };
}

function bounded(send: Send, timeoutMs: number): Send {
  return keepTrait(send, (command) => within(timeoutMs, () => send(command)));
}

function keepTrait(
  { keyLocking = false }: Send,
  ask: (command: [string, ...string[]]) => Promise<unknown>,
): Send {
  return Object.assign(ask, { keyLocking });
}
