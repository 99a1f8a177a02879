// A client of Prisma's, and what it sends. Portable: no module of Node's.

import type { PrismaDelegate } from "coatcheck/prisma";

/** What is used of a client of Prisma's. */
export interface Client {
  readonly session: PrismaDelegate;
  readonly sessionEntry: PrismaDelegate;
  /** The table of PrismaSessionStore. */
  readonly prismaSession: PrismaDelegate;
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>;
  $queryRawUnsafe(sql: string, ...values: unknown[]): Promise<Record<string, unknown>[]>;
  $extends(extension: object): Client;
  $disconnect(): Promise<void>;
}

/** What every driver adapter of Prisma's has, as far as it is used here. */
interface Adapter {
  connect(): Promise<object>;
}

/** The adapter, and all SQL that goes through it: Prisma's own events leave out what fails. */
export function watched<Factory extends Adapter>(factory: Factory, sent: string[]): Factory {
  const methods = ["queryRaw", "executeRaw", "executeScript", "startTransaction"];
  const watch = (connected: object) =>
    new Proxy(connected, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: [{ sql?: string }]) => {
          if (methods.includes(String(name))) sent.push(args[0]?.sql ?? String(name));
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
  const connect = factory.connect.bind(factory);
  return Object.assign(factory, { connect: async () => watch(await connect()) });
}
