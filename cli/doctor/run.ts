// The doctor's command line: options -> checks -> what is printed, and the exit code.

import { whenFailed } from "../failure.ts";
import { hideIn, hiderOf } from "../guard.ts";
import { textOf, textsOf } from "../texts.ts";
import { UsageError } from "../usage.ts";
import { type DoctorOptions, endedEarly, examine, siteOf } from "./doctor.ts";
import { readVariables } from "./files.ts";
import { exitCodeOf, type Finding, jsonOf, type Report } from "./finding.ts";
import { printFinding, printSummary } from "./print.ts";

type Given = Readonly<Record<string, unknown>>;

/** Answers the exit code. @throws UsageError for an option that is wrong */
export async function runDoctor(given: Given): Promise<number> {
  const options = optionsOf(given);
  const { env } = options.variables;
  // Modules of the application's own look there.
  for (const [name, value] of Object.entries(env)) process.env[name] ??= value;
  const hide = hiderOf(env);
  const say = takeOver(hide);
  const isJson = given["json"] === true;
  const findings: Finding[] = [];
  const report: Report = (made) => {
    const finding = hideIn(made, hide);
    findings.push(finding);
    if (!isJson) say(printFinding(finding));
  };
  const conclude = () => {
    whenFailed(undefined);
    say(isJson ? JSON.stringify(jsonOf(findings), null, 2) : printSummary(findings));
    return exitCodeOf(findings);
  };
  whenFailed(() => {
    report(endedEarly(options.prisma === undefined ? "redis.module" : "prisma.module"));
    return conclude();
  });
  await examine(options, report);
  return conclude();
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
  // Findings come without secrets: hidden here, a secret that is one of our own words would be told by the gap.
  return (line) => void out(`${line}\n`);
}

function optionsOf(given: Given): DoctorOptions {
  const files = given["files"] === false ? false : textsOf("env");
  const [prisma, model, redis, site, cookie] = ["prisma", "model", "redis", "site", "cookie"].map(
    (name) => textOf(name),
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
