// `npx coatcheck`: doctor, secret, init. Reads the command line, and decides nothing else.

import { createRequire } from "node:module";
import { cac } from "cac";
import { runDoctor } from "./doctor/run.ts";
import { sayLastWords, whenFailed } from "./failure.ts";
import { runInit } from "./init/run.ts";
import { newSecret } from "./secret.ts";
import { EXIT, UsageError } from "./usage.ts";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

const cli = cac("coatcheck");

cli
  .command(
    "doctor",
    "Check variables, Redis, Prisma and the site, and say how to mend what is wrong",
  )
  // Not --env-file: Node takes that for its own wherever it stands, and ends where there is no such file.
  .option(
    "--env <path>",
    "Read variables from this file, not .env.local, .env and .dev.vars; may be repeated",
  )
  .option("--no-files", "Read variables of this process alone, not .env.local, .env and .dev.vars")
  .option("--prisma <module>", "A module that exports the client as prisma")
  .option("--model <name>", "The model of sessions", { default: "session" })
  .option(
    "--redis <module>",
    "A module that exports a client as redis, for a Redis that is not Upstash's",
  )
  .option("--site <address>", "The address of a page that begins a session")
  .option("--cookie <name>", "The cookie's name, where it is not __Host-session")
  .option("--timeout <ms>", "How long each answer may take", { default: 5000 })
  .option("--json", "Print one JSON object")
  .action((options: Readonly<Record<string, unknown>>) => runDoctor(options));

cli.command("secret", "Print a new secret for SESSION_SECRET").action(() => {
  process.stdout.write(`${newSecret()}\n`);
  return EXIT.well;
});

cli
  .command("init [start]", "Write a starting point: hono, next, workers or deno")
  .option("--folder <path>", "Where to", { default: "." })
  .action((start: string | undefined) => runInit(start, version));

cli.help();
cli.version(version);

/** The exit code, once it is decided. */
let decided: number | undefined;

// A module of the application's own may fail after it was loaded, in its own time, and would quote what it likes.
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, () => {
    const code = sayLastWords() ?? EXIT.unchecked;
    leave(code, "Cannot go on: a module of the application failed beside the checks");
  });
}

// A module may end the process too, with a code of its own: half a report would look like a whole one.
process.on("exit", () => {
  const code = sayLastWords();
  if (code !== undefined) {
    process.stderr.write("Cannot go on: a module of the application ended the process\n");
  }
  process.exitCode = code ?? decided ?? EXIT.unchecked;
});

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", ({ code }: NodeJS.ErrnoException) => {
    whenFailed(undefined);
    // Who reads may have enough before all is written, as head does. With any other reason something was not said.
    if (code !== "EPIPE") {
      decided = EXIT.unchecked;
      process.stderr.write(`Cannot go on: what is printed cannot be written (${code})\n`);
    }
    process.exit();
  });
}

try {
  leave(await main(process.argv));
} catch (error) {
  // cac's errors name options and commands alone; of any other the text may quote anything.
  const isUsage = error instanceof UsageError || (error as Error).name === "CACError";
  const said = isUsage ? (error as Error).message : `it failed (${(error as Error).name})`;
  leave(EXIT.unchecked, `${said}\nTry: npx coatcheck --help`);
}

async function main(argv: string[]): Promise<number> {
  const { options } = cli.parse(argv, { run: false });
  if (options["help"] || options["version"]) return EXIT.well;
  if (cli.matchedCommand === undefined) {
    const [name] = cli.args;
    if (name !== undefined)
      throw new UsageError(`Cannot run ${JSON.stringify(name)}: there is no such command`);
    cli.outputHelp();
    return EXIT.unchecked;
  }
  return (await cli.runMatchedCommand()) as number;
}

/** Ends once all is written, whatever connections are open. */
function leave(code: number, message?: string): void {
  if (message !== undefined) process.stderr.write(`${message}\n`);
  decided = code;
  // A write that failed is told only after its callback.
  const end = () => setImmediate(() => process.exit());
  process.stdout.write("", () => process.stderr.write("", end));
}
