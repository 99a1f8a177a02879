// A real MariaDB for tests.

import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { PrismaMariaDb } from "@prisma/adapter-mariadb";
import { findProgram } from "../../scripts/system.js";
import { type Daemon, makeFolder, removeFolder, startDaemon } from "../support/daemon.ts";
import { freePort } from "../support/redis.ts";
import { type Client, logged, migrationOf, openClient, type Server } from "./databases.ts";

const execute = promisify(execFile);

/** Starts MariaDB with the tables in it. */
export async function startMariadb(): Promise<Server> {
  const [binary, install] = ["mariadbd", "mariadb-install-db"].map(findProgram);
  if (!binary || !install) throw new Error("Cannot start MariaDB: it is not installed");
  const folder = makeFolder("mariadb");
  const data = join(folder, "data");
  const user = process.getuid?.() === 0 ? ["--user=root"] : [];
  await execute(install, [
    "--no-defaults",
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
    ...user,
  ]);
  const port = await freePort();
  const log = join(folder, "mariadb.log");
  const flags = [
    ...user,
    `--datadir=${data}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--socket=${join(folder, "socket")}`,
    "--innodb-buffer-pool-size=32M",
    // What is written has reached the kernel, which outlives the server; not the disk.
    "--innodb-flush-log-at-trx-commit=2",
    "--general-log=1",
    `--general-log-file=${log}`,
  ];
  const connect = (options = {}) =>
    openClient("mysql", {
      adapter: new PrismaMariaDb({
        host: "127.0.0.1",
        port,
        user: "root",
        database: "coatcheck",
        ...options,
      }),
    });
  const once = async (database: string, use: (client: Client) => Promise<unknown>) => {
    const client = await connect({ database, connectionLimit: 1, acquireTimeout: 500 });
    await use(client).finally(() => client.$disconnect());
  };

  let server: Daemon;
  async function start(): Promise<void> {
    server = await startDaemon([binary ?? "", "--no-defaults", ...flags], { folder }, () =>
      once("mysql", (client) => client.$queryRawUnsafe("SELECT 1")).then(() => true),
    );
  }
  async function stop(): Promise<void> {
    await server?.kill();
    await removeFolder(folder);
  }

  try {
    await start();
    await once("mysql", (client) => client.$executeRawUnsafe("CREATE DATABASE coatcheck"));
    await once("coatcheck", async (client) => {
      for (const sql of await migrationOf("mariadb")) await client.$executeRawUnsafe(sql);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `mariadb://root@127.0.0.1:${port}/coatcheck`,
    port,
    connect,
    async statements(client, work) {
      const mark = (text: string) => client.$queryRawUnsafe(`SELECT '${text}'`);
      const lines = await logged(log, mark, work);
      return lines.flatMap((line) => /\t\s*\d+ (?:Query|Execute)\t(.*)/.exec(line)?.[1] ?? []);
    },
    pause: () => server.pause(),
    resume: () => server.resume(),
    kill: () => server.kill(),
    restart: start,
    stop,
  };
}
