// A real PostgreSQL for tests.

import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { PrismaPg } from "@prisma/adapter-pg";
import { findProgram } from "../../scripts/system.js";
import {
  accountOf,
  type Daemon,
  makeFolder,
  removeFolder,
  startDaemon,
} from "../support/daemon.ts";
import { freePort } from "../support/redis.ts";
import { type Client, logged, migrationOf, openClient, type Server } from "./databases.ts";

const execute = promisify(execFile);
const PASSWORD = "password";

/** A client for a PostgreSQL that runs; the options are those of the driver's pool. */
export function connectPostgres(url: string, options: object = {}): Promise<Client> {
  const adapter = new PrismaPg({ connectionString: url, ...options });
  return openClient("postgresql", { adapter });
}

/** Starts PostgreSQL with the tables in it; `settings` are its own, as in `default_transaction_isolation`. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const binary = findProgram("postgres");
  if (binary === null) throw new Error("Cannot start PostgreSQL: it is not installed");
  const account = accountOf("postgres");
  const folder = makeFolder("postgres", account);
  const data = join(folder, "data");
  const secret = join(folder, "secret");
  await writeFile(secret, PASSWORD);
  await execute(
    join(dirname(binary), "initdb"),
    ["-D", data, "-U", "coatcheck", "--auth=scram-sha-256", `--pwfile=${secret}`].concat(
      "--encoding=UTF8 --locale=C --no-sync".split(" "),
    ),
    { cwd: folder, ...account },
  );
  const port = await freePort();
  const url = `postgresql://coatcheck:${PASSWORD}@127.0.0.1:${port}/postgres`;
  const all = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    // What is written has reached the kernel, which outlives the server; not the disk.
    fsync: "off",
    logging_collector: "on",
    log_directory: folder,
    log_filename: "postgres.log",
    log_statement: "all",
    log_parameter_max_length: "0",
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const connect = (options = {}) => connectPostgres(url, options);
  const once = async (use: (client: Client) => Promise<unknown>) => {
    const client = await connect({ max: 1 });
    await use(client).finally(() => client.$disconnect());
  };

  let server: Daemon;
  async function start(): Promise<void> {
    // After a SIGKILL its last processes hold the memory a moment longer, and it refuses to start until then.
    for (let tries = 50; ; tries--) {
      try {
        server = await startDaemon([binary ?? "", "-D", data, ...flags], { folder, account }, () =>
          once((client) => client.$queryRawUnsafe("SELECT 1")).then(() => true),
        );
        return;
      } catch (error) {
        if (tries === 0) throw error;
      }
    }
  }
  async function stop(): Promise<void> {
    await server?.kill();
    await removeFolder(folder);
  }

  try {
    await start();
    await once(async (client) => {
      for (const sql of await migrationOf("postgresql")) await client.$executeRawUnsafe(sql);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    port,
    connect,
    async statements(client, work) {
      const mark = (text: string) => client.$queryRawUnsafe(`SELECT '${text}'`);
      const lines = await logged(join(folder, "postgres.log"), mark, work);
      return lines.flatMap(
        (line) => /LOG: {2}(?:execute [^:]*|statement): (.*)/.exec(line)?.[1] ?? [],
      );
    },
    pause: () => server.pause(),
    resume: () => server.resume(),
    kill: () => server.kill(),
    restart: start,
    stop,
  };
}
