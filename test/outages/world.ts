// What the outage tests share: a real Redis behind Upstash's protocol, a real PostgreSQL, and two instances of an
// application, each with a network of its own to both.

import { type SessionEvent, type Store } from "coatcheck";
import { prismaStore, prismaUsers } from "coatcheck/prisma";
import { redisStore, redisUsers, upstash } from "coatcheck/redis";
import type { Client, Server } from "../prisma/databases.ts";
import { startPostgres } from "../prisma/postgres.ts";
import { openShop, type Shop } from "../behaviour/setup.ts";
import { type DurableRedis, startDurableRedis } from "../support/durable.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { type Counting, countingStore } from "../support/stores.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";

/** A place of an instance: its network and its client. */
export interface Site {
  readonly network: { readonly redis: Proxy; readonly sql: Proxy };
  readonly client: Client;
}

/** An instance of the application: what a test made of stores, and who visits it. */
export interface Instance extends Shop {
  readonly network: Site["network"];
  /** What was asked of each store. */
  readonly asked: { readonly redis: Counting; readonly sql: Counting };
  /** What the composed store reports. */
  readonly steps: readonly SessionEvent[];
}

/** A row of SQL, as far as it is looked at. */
interface Row {
  readonly key: string;
  readonly expiresAt: Date;
}

/** Makes one store of two. `onEvent` is its option. */
export type Compose = (
  stores: { readonly redis: Store; readonly sql: Store },
  onEvent: (event: SessionEvent) => void,
) => Store;

export interface World {
  readonly redis: DurableRedis;
  readonly gateway: UpstashBridge;
  readonly sql: Server;
  /** Two instances that know nothing of one another, and have asked nothing yet; with an index of users in one place. */
  open(compose: Compose, index?: "redis" | "sql"): [Instance, Instance];
  /** What stands in SQL. */
  rows(): Promise<readonly Row[]>;
  /** All sessions of SQL, set aside; and put back as they were. */
  keepRows(): Promise<() => Promise<void>>;
  emptyRows(): Promise<void>;
  /** Ends every fault, also after a test that failed. Both servers have what they had. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

const SITES = 2;
/** So long that the composition's own deadline is the first. */
const TIMEOUT = { timeoutMs: 5_000 };

export async function startWorld(): Promise<World> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each();
  };
  try {
    const redis = await startDurableRedis();
    stops.push(() => redis.stop());
    const started = await startPostgres();
    stops.push(() => started.stop());
    let isDown = false;
    const sql: Server = {
      ...started,
      async kill() {
        isDown = true;
        await started.kill();
      },
      async restart() {
        await started.restart();
        isDown = false;
      },
    };
    const gateway = await startUpstash({ redisPort: redis.port });
    stops.push(() => gateway.stop());
    const sites: Site[] = [];
    for (let at = 0; at < SITES; at++) {
      const network = { redis: await startProxy(gateway.port), sql: await startProxy(sql.port) };
      const url = new URL(sql.url);
      url.port = String(network.sql.port);
      const client = await sql.connect({ connectionString: url.href });
      stops.push(
        () => network.redis.stop(),
        () => network.sql.stop(),
        () => client.$disconnect(),
      );
      sites.push({ network, client });
    }
    const root = await sql.connect();
    stops.push(() => root.$disconnect());

    const openInstance = (
      { network, client }: Site,
      compose: Compose,
      index?: "redis" | "sql",
    ): Instance => {
      const url = `http://127.0.0.1:${network.redis.port}`;
      const asked = {
        redis: countingStore(
          redisStore(upstash({ url, token: gateway.token, ...TIMEOUT }), TIMEOUT),
        ),
        sql: countingStore(prismaStore(client.session, TIMEOUT)),
      };
      const steps: SessionEvent[] = [];
      const store = compose({ redis: asked.redis.store, sql: asked.sql.store }, (event) => {
        steps.push(event);
      });
      const indexes = {
        redis: () => redisUsers(upstash({ url, token: gateway.token, ...TIMEOUT }), TIMEOUT),
        sql: () => prismaUsers(client.sessionEntry, TIMEOUT),
      };
      const shop = openShop(store, index ? { users: indexes[index]() } : {});
      return { ...shop, network, asked, steps };
    };

    return {
      redis,
      gateway,
      sql,
      open(compose, index) {
        const [one, two] = sites;
        if (one === undefined || two === undefined) throw new Error("There are no sites");
        return [openInstance(one, compose, index), openInstance(two, compose, index)];
      },
      rows: () => root.session.findMany({} as never) as Promise<readonly Row[]>,
      async keepRows() {
        const rows = await root.session.findMany({} as never);
        return async () => {
          await root.$executeRawUnsafe('DELETE FROM "Session"');
          await root.session.createMany({ data: rows } as never);
        };
      },
      async emptyRows() {
        await root.$executeRawUnsafe('DELETE FROM "Session"');
      },
      async heal() {
        redis.resume();
        sql.resume();
        if (isDown) await sql.restart();
        await redis.command(["PING"]).catch(() => redis.restart());
        gateway.clearFaults();
        for (const { network } of sites) {
          await network.redis.mend();
          await network.sql.mend();
        }
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
