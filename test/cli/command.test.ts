// The command line itself: commands, options, exit codes, colours, and where variables come from.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { exitCodeOf, type Finding, jsonOf, type Status } from "../../cli/doctor/finding.ts";
import { clockFinding, skewOf } from "../../cli/doctor/clock.ts";
import { hideIn, hiderOf } from "../../cli/guard.ts";
import {
  CLI,
  coatcheck,
  examine,
  expectFinding,
  found,
  runProgram,
  temporaryFolder,
} from "./command.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const ESCAPE = "\u001b[";

describe("secret", () => {
  test("prints 32 random bytes in base64url and nothing else, another each time", async () => {
    const outcomes = await Promise.all([coatcheck(["secret"]), coatcheck(["secret"])]);
    for (const { code, out, err } of outcomes) {
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toMatch(/^[\w-]{43}\n$/);
    }
    expect(outcomes[0]?.out).not.toBe(outcomes[1]?.out);
  });

  test("is a secret that the doctor takes", async () => {
    const { out } = await coatcheck(["secret"]);
    const report = await examine([], { env: { SESSION_SECRET: out.trim() } });
    expect(expectFinding(report, "env.secret", "ok").details).toEqual({ bytes: 43 });
    expect(report.outcome.out).not.toContain(out.trim());
  });
});

describe("usage", () => {
  test("help and version are exit code 0", async () => {
    const help = await coatcheck(["--help"]);
    expect(help.code).toBe(0);
    for (const word of ["doctor", "secret", "init"]) expect(help.out).toContain(word);
    const own = await coatcheck(["doctor", "--help"]);
    expect(own.code).toBe(0);
    expect(own.out).toContain("--prisma <module>");
    expect((await coatcheck(["--version"])).code).toBe(0);
  });

  test.each([
    [[]],
    [["repair"]],
    [["doctor", "--nope"]],
    [["doctor", "--prisma"]],
    [["doctor", "--timeout", "0"]],
    [["doctor", "--timeout", "soon"]],
    [["doctor", "--site", "not a site"]],
    [["doctor", "--site", "ftp://example.com"]],
    [["doctor", "--cookie", "one", "--cookie", "two"]],
    [["doctor", "--model="]],
    [["doctor", "--env", "./no-such-file"]],
    [["secret", "--nope"]],
  ])("%j is exit code 2, said on stderr without a stack", async (args) => {
    const { code, out, err } = await coatcheck(args, { folder: folder.path });
    expect(code).toBe(2);
    expect(out + err).toMatch(/coatcheck/);
    expect(err).not.toMatch(/\n\s+at /);
  });
});

describe("exit codes", () => {
  const codeOf = (...all: Status[]) =>
    exitCodeOf(all.map((status): Finding => ({ check: "a.b", status, message: "" })));

  test.each([
    [0, ["ok", "warning", "skipped"]],
    [1, ["ok", "wrong"]],
    [1, ["unknown", "wrong"]],
    [2, ["ok", "unknown", "warning"]],
    [0, []],
  ] as [number, Status[]][])("are %i for %j", (code, statuses) => {
    expect(codeOf(...statuses)).toBe(code);
  });

  test("stand in the JSON with a count of each status", () => {
    const finding: Finding = { check: "a.b", status: "warning", message: "words" };
    expect(jsonOf([finding])).toEqual({
      version: 1,
      exitCode: 0,
      summary: { ok: 0, warning: 1, wrong: 0, unknown: 0, skipped: 0 },
      findings: [finding],
    });
  });
});

describe("colours", () => {
  test("are left out where no terminal is, and with NO_COLOR", async () => {
    expect((await coatcheck(["doctor"])).out).not.toContain(ESCAPE);
    const { out } = await coatcheck(["doctor"], { env: { NO_COLOR: "1" } });
    expect(out).not.toContain(ESCAPE);
  });

  test("are there with FORCE_COLOR, but not in JSON", async () => {
    const env = { FORCE_COLOR: "1" };
    expect((await coatcheck(["doctor"], { env })).out).toContain(ESCAPE);
    expect((await coatcheck(["doctor", "--json"], { env })).out).not.toContain(ESCAPE);
  });

  // The program of this name takes other arguments elsewhere.
  if (process.platform === "linux") {
    test("are there on a terminal, unless NO_COLOR", async () => {
      const args = ["-qec", `'${process.execPath}' '${CLI}' doctor`, "/dev/null"];
      const env = { TERM: "xterm-256color" };
      expect((await runProgram("script", args, { env })).out).toContain(ESCAPE);
      const without = await runProgram("script", args, { env: { ...env, NO_COLOR: "1" } });
      expect(without.out).not.toContain(ESCAPE);
    });
  }
});

describe("variables", () => {
  const short = (from: string) => `SESSION_SECRET=${from}`;
  beforeAll(async () => {
    await writeFile(join(folder.path, ".env"), `${short("four")}\nKV_URL=" "\n`);
    await writeFile(join(folder.path, ".env.local"), `\uFEFF${short("sixsix")}\n`);
    await writeFile(join(folder.path, ".dev.vars"), short("eighteig"));
    await writeFile(join(folder.path, "other"), short("tententent"));
  });

  test.each([
    ["come from .env.local before .env", [], {}, 6, ".env.local, .env, .dev.vars"],
    [
      "come from this process before all",
      [],
      { SESSION_SECRET: "twelve-bytes" },
      12,
      ".env.local, .env, .dev.vars",
    ],
    ["come from a file that is named alone", ["--env", "other"], {}, 10, "other"],
    [
      "come from several, the first before all",
      ["--env", ".env", "--env", "other"],
      {},
      4,
      ".env, other",
    ],
  ])("%s", async (_, args, env, bytes, files) => {
    const report = await examine(args, { env, folder: folder.path });
    expect(expectFinding(report, "env.secret", "wrong").details).toEqual({ bytes });
    expect(expectFinding(report, "env.files", "ok").message).toContain(`read from ${files};`);
  });

  test("come from this process alone with --no-files", async () => {
    const report = await examine(["--no-files"], { folder: folder.path });
    expect(expectFinding(report, "env.files", "ok").message).toContain("no file was read");
    expectFinding(report, "env.secret", "skipped");
  });

  test("of several databases none is said to go before another", async () => {
    const pair = (prefix: string) => ({
      [`${prefix}_KV_REST_API_URL`]: `https://${prefix}.upstash.io`,
      [`${prefix}_KV_REST_API_TOKEN`]: "AYWeAAIncDEyM2Y0NTY3ODkw",
    });
    const { findings } = await examine([], { env: { ...pair("one"), ...pair("two") } });
    const told = findings.filter(({ message }) => message.includes("several are set"));
    expect(told.map(({ check, status }) => [check, status])).toEqual([
      ["env.redis", "warning"],
      ["env.redis", "warning"],
    ]);
  });

  test.each([
    ["under names of Vercel's", "KV_REST_API_URL", "https://"],
    ["under names of the application's own", "REDIS_URL", "rediss://:AYWeAAIncDEyM2Y0NTY3ODkw@"],
  ])("several databases %s are wrong, whatever else is set", async (_, name, before) => {
    const env = {
      [`one_${name}`]: `${before}one.upstash.io`,
      [`two_${name}`]: `${before}two.upstash.io`,
      one_KV_REST_API_TOKEN: "AYWeAAIncDEyM2Y0NTY3ODkw",
      two_KV_REST_API_TOKEN: "AYWeAAIncDEyM2Y0NTY3ODkw",
      APP_REDIS_URL: "redis://localhost:6379",
    };
    const report = await examine([], { env });
    expect(report.exitCode).toBe(1);
    const wrong = found(report, "env.redis").filter(({ status }) => status === "wrong");
    expect(wrong).toMatchObject([
      {
        message: `one_${name} and two_${name} name several databases`,
        why: expect.stringContaining("kept in none of them") as string,
        mend: expect.stringContaining("UPSTASH_REDIS_REST_URL") as string,
      },
    ]);
  });

  test("a folder that is called .env is no file of variables", async () => {
    const other = join(folder.path, "other-folder");
    await mkdir(join(other, ".env"), { recursive: true });
    const report = await examine([], { folder: other });
    expect(expectFinding(report, "env.files", "ok").message).toContain("no file was read");
  });

  test.each([
    "replace me: at least thirty-two bytes",
    "only for development, thirty-two bytes",
    "abababababababababababababababababab",
    "changeme-changeme-changeme-changeme-12",
  ])("a secret that others know is wrong: %s", async (secret) => {
    const report = await examine([], { env: { SESSION_SECRET: secret } });
    expect(expectFinding(report, "env.secret", "wrong").mend).toContain("npx coatcheck secret");
    expect(report.outcome.out).not.toContain(secret);
  });
});

describe("R48 what is printed", () => {
  const hide = hiderOf({
    API_TOKEN: "tok-0123456789",
    SHORT_TOKEN: "tok",
    DATABASE_URL: "postgres://me:p%40ssword@db.example.com/app?schema=public&sslkey=keykeykey",
    BROKEN_URL: "redis://default:pass/word#1@host:6379",
    REDIS_URL: "AYWeAAIncDEyM2Y0NTY3ODkw",
    HOME: "/home/someone",
  });

  test("has no value of a variable for secrets in it, and no password of an address", () => {
    const said = hide(
      "tok-0123456789 p%40ssword p@ssword keykeykey AYWeAAIncDEyM2Y0NTY3ODkw pass/word#1",
    );
    expect(said).toBe("[hidden] [hidden] [hidden] [hidden] [hidden] [hidden]");
  });

  test("keeps hosts, names and short words, which say what is wrong", () => {
    const said = "db.example.com public tok /home/someone postgres";
    expect(hide(said)).toBe(said);
  });

  test.each([
    ["S3cret-one", "sqlserver://h:1433;database=x;user=sa;password=S3cret-one;encrypt=true"],
    ["S3;cret one", "sqlserver://h:1433;user=sa;password={S3;cret one};encrypt=true"],
    ["S3cret&one#1", "sqlserver://h:1433;user=sa;pwd=S3cret&one#1"],
    ["S3cret;one", "mysql://h/app?password=S3cret;one&sslaccept=strict"],
  ])("has not %s of %s", (password, address) => {
    const said = hiderOf({ DATABASE_URL: address })(`${password} ${address}`);
    expect(said).not.toContain(password);
    expect(said).toMatch(/^\[hidden\] \w+:\/\/h/);
  });

  test("has no secret in the form in which addresses have it", () => {
    const said = hiderOf({ DB_PASSWORD: "p@ss/word", DATABASE_URL: "mysql://me:q@ss:word@host" });
    expect(said("p%40ss%2Fword q%40ss%3Aword")).toBe("[hidden] [hidden]");
  });

  test("keeps paths: the shell's own, and those of files with secrets", () => {
    const names = ["PWD", "OLDPWD", "REDIS_TOKEN_FILE", "SSH_KEY_PATH"];
    const hidePaths = hiderOf(Object.fromEntries(names.map((name) => [name, "/home/someone/app"])));
    expect(hidePaths("/home/someone/app/db.js")).toBe("/home/someone/app/db.js");
    expect(hiderOf({ DB_PWD: "/home/someone/app" })("/home/someone/app")).toBe("[hidden]");
  });
});

describe("a secret that is a word of the doctor's", () => {
  test("does not make riddles of findings", async () => {
    const env = { A_PASSWORD: "postgres", B_PASSWORD: "secret", C_PASSWORD: "env.secret" };
    const report = await examine([], { env });
    expectFinding(report, "env.secret", "skipped");
    expect(report.outcome.out).not.toContain("[hidden]ql");
  });

  test("R48 others are hidden in texts, and names of checks stay", () => {
    const hide = hiderOf({ A_PASSWORD: "redis.reach", B_TOKEN: "tok-0123456789" });
    const finding: Finding = {
      check: "redis.reach",
      status: "wrong",
      message: "tok-0123456789",
      why: "tok-0123456789",
      mend: "tok-0123456789",
      details: { host: "tok-0123456789", ms: 5 },
    };
    expect(hideIn(finding, hide)).toEqual({
      check: "redis.reach",
      status: "wrong",
      message: "[hidden]",
      why: "[hidden]",
      mend: "[hidden]",
      details: { host: "[hidden]", ms: 5 },
    });
  });
});

// A shell that tells how its pipes ended.
if (process.platform === "linux") {
  test("who reads one line alone ends the doctor without a word", async () => {
    const command = `'${process.execPath}' '${CLI}' doctor | head -1`;
    const { out, err } = await runProgram("sh", ["-c", command]);
    expect(out.split("\n")).toHaveLength(2);
    expect(err).toBe("");
  });

  test.each(["secret", "doctor", "--help"])(
    "%s that cannot be written is exit code 2, and says so",
    async (argument) => {
      const command = `'${process.execPath}' '${CLI}' ${argument} >/dev/full`;
      const { code, err } = await runProgram("sh", ["-c", command]);
      expect(code).toBe(2);
      expect(err).toBe("Cannot go on: what is printed cannot be written (ENOSPC)\n");
    },
  );
}

describe("clocks", () => {
  const now = 1_000_000;
  test.each([
    ["between question and answer", now + 5, 1, 0],
    ["ahead", now + 60_000, 1, 59_990],
    ["behind", now - 60_000, 1, -59_999],
    ["coarse, and the same", now - 900, 1000, 0],
  ])("%s", (_, at, grainMs, skew) => {
    expect(skewOf({ at, askedAt: now, answeredAt: now + 10, grainMs })).toBe(skew);
  });

  test("that differ by little are well", () => {
    const moment = { at: now + 3000, askedAt: now, answeredAt: now };
    expect(clockFinding("a.clock", "its", moment).status).toBe("ok");
  });
});
