// A client of the application's own for Redis -> `send`.

import { fromUpstash, type Send, type UpstashClient } from "coatcheck/redis";

type Call = (...args: unknown[]) => Promise<unknown>;

/** What is looked for in a client, and how it is called then. */
interface Client {
  readonly exec?: Call;
  readonly sendCommand?: Call;
  readonly call?: Call;
  readonly send?: Call;
  readonly connect?: Call;
  readonly isOpen?: boolean;
}

/**
 * Answers the `send` of a client of node-redis, ioredis, Bun or `@upstash/redis`, or of a function that is one;
 * undefined for anything else. Connects where that is due.
 */
export async function sendOf(client: unknown): Promise<Send | undefined> {
  if (typeof client === "function") return client as Send;
  if (typeof client !== "object" || client === null) return undefined;
  const { exec, sendCommand, call, send, connect, isOpen } = client as Client;
  if (typeof call === "function") return (command) => call.apply(client, command);
  if (typeof sendCommand === "function") {
    if (isOpen === false && typeof connect === "function") await connect.call(client);
    return (command) => sendCommand.call(client, command);
  }
  if (typeof send === "function") return ([name, ...args]) => send.call(client, name, args);
  return typeof exec === "function" ? fromUpstash(client as UpstashClient) : undefined;
}
