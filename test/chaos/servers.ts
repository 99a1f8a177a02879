// The real servers of a run, the network between them and each instance, and the instances.

import { startDurableRedis, type DurableRedis } from "../support/durable.ts";
import { type Proxy, startProxy } from "../support/proxy.ts";
import { startUpstash, type UpstashBridge } from "../support/upstash.ts";
import type { Server } from "../prisma/databases.ts";
import { startPostgres } from "../prisma/postgres.ts";
import { type Child, startInstance } from "./child.ts";
import type { Mode } from "./settings.ts";

/** A place where an instance runs: when it is killed, another one takes its place. */
export interface Site {
  /** The instance's name in the history: another one after each crash. */
  readonly name: string;
  readonly url: string;
  readonly network: { readonly redis: Proxy; readonly sql: Proxy };
  crash(): Promise<void>;
  restart(): Promise<void>;
}

export interface Servers {
  readonly redis: DurableRedis;
  /** What stands before Redis, for all instances. */
  readonly gateway: UpstashBridge;
  readonly sql: Server;
  readonly sites: readonly Site[];
  stop(): Promise<void>;
}

/** With which the instances sign. */
export const SECRET = "the first secret, of more than thirty-two bytes";

/** @param entry the module that is an instance */
export async function startServers(
  entry: string,
  { mode, users, instances }: { mode: Mode; users: boolean; instances: number },
): Promise<Servers> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).toReversed()) await each();
  };
  try {
    const [redis, sql] = await Promise.all([
      startDurableRedis().then((server) => (stops.push(() => server.stop()), server)),
      startPostgres({ log_statement: "none" }).then(
        (server) => (stops.push(() => server.stop()), server),
      ),
    ]);
    const gateway = await startUpstash({ redisPort: redis.port });
    stops.push(() => gateway.stop());
    const sites: Site[] = [];
    for (let at = 0; at < instances; at++) {
      const network = { redis: await startProxy(gateway.port), sql: await startProxy(sql.port) };
      stops.push(
        () => network.redis.stop(),
        () => network.sql.stop(),
      );
      const databaseUrl = new URL(sql.url);
      databaseUrl.port = String(network.sql.port);
      const url = `http://127.0.0.1:${network.redis.port}`;
      const start = () =>
        startInstance(entry, {
          mode,
          users,
          secret: SECRET,
          redis: { url, token: gateway.token },
          databaseUrl: databaseUrl.href,
        });
      const site = await openSite(at, network, start);
      stops.push(() => site.crash());
      sites.push(site);
    }
    return { redis, gateway, sql, sites, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openSite(
  at: number,
  network: Site["network"],
  start: () => Promise<Child>,
): Promise<Site> {
  let child = await start();
  let generation = 0;
  return {
    get name() {
      return `${at}.${generation}`;
    },
    get url() {
      return child.url;
    },
    network,
    crash: () => child.kill(),
    async restart() {
      child = await start();
      generation++;
    },
  };
}
