// The doctor's command line: options -> checks -> what is printed, and the exit code.

import { hiderOf } from "../guard.ts";
import { UsageError } from "../usage.ts";
import { examine, type DoctorOptions, siteOf } from "./doctor.ts";
import { readVariables } from "./files.ts";
import { exitCodeOf, jsonOf } from "./finding.ts";
import { printFinding, printSummary } from "./print.ts";

type Given = Readonly<Record<string, unknown>>;

/** Answers the exit code. @throws UsageError for an option that is wrong */
export async function runDoctor(given: Given): Promise<number> {
  const options = optionsOf(given);
  const { env } = options.variables;
  // Modules of the application's own look there.
  for (const [name, value] of Object.entries(env)) process.env[name] ??= value;
  const say = takeOver(hiderOf(env));
  const isJson = given["json"] === true;
  const findings = await examine(options, (finding) => {
    if (!isJson) say(printFinding(finding));
  });
  say(isJson ? JSON.stringify(jsonOf(findings), null, 2) : printSummary(findings));
  return exitCodeOf(findings);
}

/**
 * From here on only the doctor prints to stdout, and nothing secret goes anywhere: what modules of the application's
 * own print, as dotenv and Prisma do, goes to stderr.
 */
function takeOver(hide: (text: string) => string): (line: string) => void {
  const out = process.stdout.write.bind(process.stdout);
  const err = process.stderr.write.bind(process.stderr);
  const quiet: typeof process.stdout.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    const done = rest.find((each) => typeof each === "function") as (() => void) | undefined;
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
    return err(hide(text), done);
  };
  process.stdout.write = quiet;
  process.stderr.write = quiet;
  return (line) => void out(`${hide(line)}\n`);
}

function optionsOf(given: Given): DoctorOptions {
  const files = given["files"] === false ? false : textsOf("env", given["env"]);
  const [prisma, model, redis, site, cookie] = ["prisma", "model", "redis", "site", "cookie"].map(
    (name) => textsOf(name, given[name]).at(-1),
  );
  const timeoutMs = Number(given["timeout"]);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 60_000) {
    throw new UsageError(
      "Cannot run doctor: --timeout must be a whole number of milliseconds from 1 to 60000",
    );
  }
  return {
    variables: readVariables(files),
    model: model ?? "session",
    timeoutMs,
    ...(prisma === undefined ? {} : { prisma }),
    ...(redis === undefined ? {} : { redis }),
    ...(site === undefined ? {} : { site: siteOf(site) }),
    ...(cookie === undefined ? {} : { cookie }),
  };
}

/** An option may be given several times; what looks like a number arrives as one. */
function textsOf(name: string, value: unknown): string[] {
  const values = (Array.isArray(value) ? value : [value]) as unknown[];
  const given = values.filter((each) => each !== undefined);
  if (given.some((each) => each === "" || typeof each === "boolean")) {
    throw new UsageError(`Cannot run doctor: --${name} needs a value`);
  }
  return given.map(String);
}
