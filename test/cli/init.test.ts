// `coatcheck init` and what was there before: nothing of it is touched.

import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { nodeStep } from "../../cli/init/run.ts";
import { CLI, coatcheck, type Outcome, runProgram, temporaryFolder } from "./command.ts";

vi.setConfig({ testTimeout: 60_000 });

const parent = temporaryFolder();
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(parent.path, "My App "));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes files, and answers what they and their folder hold later. */
async function fill(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

async function contents(): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const all = paths.map(async (path) => [
    path.slice(folder.length + 1),
    await readFile(path, "utf8"),
  ]);
  return Object.fromEntries((await Promise.all(all)) as [string, string][]) as Record<
    string,
    string
  >;
}

function init(...args: string[]): Promise<Outcome> {
  return coatcheck(["init", ...args], { folder });
}

/** The paths behind `wrote` or `left`. */
function told({ out }: Outcome, word: string): string[] {
  return Array.from(
    out.matchAll(new RegExp(`^${word} +([^,\\n]+)`, "gm")),
    ([, path = ""]) => path,
  );
}

describe("into an empty folder", () => {
  test.each(["hono", "next", "workers", "deno"])("%s is a whole project", async (start) => {
    const outcome = await init(start);
    expect(outcome).toMatchObject({ code: 0, err: "" });
    const files = await contents();
    expect(told(outcome, "wrote").toSorted()).toEqual(Object.keys(files).toSorted());
    expect(Object.keys(files).some((path) => /README|lock/.test(path))).toBe(false);
    expect(files["sessions.ts"]).toContain('from "coatcheck/env"');
    const manifest = files["package.json"] ?? files["deno.json"] ?? "";
    const { version } = JSON.parse(
      await readFile(new URL("../../package.json", import.meta.url), "utf8"),
    ) as {
      version: string;
    };
    expect(manifest).toContain(`^${version}"`);
    expect(JSON.stringify(files)).not.toMatch(/coatcheck-(hono|next|workers|deno)/);
    if (files["package.json"]) expect(manifest).toMatch(/"name": "my-app-\w+"/);
    expect(outcome.out).toContain("npx coatcheck doctor");
  });

  test("each has a secret of its own, which git passes over and nothing prints", async () => {
    const outcome = await init("hono");
    const [first] = [(await contents())[".env"]];
    await rm(join(folder, ".env"));
    await init("hono");
    const second = (await contents())[".env"];
    expect(first).toMatch(/^SESSION_SECRET=[\w-]{43}\n$/);
    expect(second).toMatch(/^SESSION_SECRET=[\w-]{43}\n$/);
    expect(second).not.toBe(first);
    expect((await contents())[".gitignore"]).toMatch(/^\.env$/m);
    expect(outcome.out).not.toContain(first?.slice(15, 58));
  });

  test("a folder that does not exist is made", async () => {
    expect((await init("deno", "--folder", "new/place")).code).toBe(0);
    expect(Object.keys(await contents())).toContain("new/place/main.ts");
  });
});

describe("beside what is there", () => {
  test("a second time nothing is written, and all is said to be there", async () => {
    const first = await init("next");
    const before = await contents();
    const second = await init("next");
    expect(second.code).toBe(0);
    expect(await contents()).toEqual(before);
    expect(told(second, "wrote")).toEqual([]);
    expect(told(first, "wrote")).toEqual(expect.arrayContaining(told(second, "left")));
  });

  test("a project gets where its sessions are kept, and no application", async () => {
    const own = {
      "package.json": '{"name":"mine","dependencies":{}}',
      "server.ts": "export {};",
      ".gitignore": "node_modules\n.env*\n",
    };
    await fill(own);
    const outcome = await init("hono");
    expect(told(outcome, "wrote").toSorted()).toEqual([".env", ".env.example", "sessions.ts"]);
    expect(await contents()).toMatchObject(own);
    expect(outcome.out).toContain("npm install coatcheck hono");
    expect(outcome.out).toContain("app.use(session(sessions))");
  });

  test("Next's own folder is kept to, and its middleware is not doubled", async () => {
    await fill({
      "package.json": "{}",
      "src/app/page.jsx": "export default () => null;",
      "src/middleware.js": "export function middleware() {}",
    });
    const outcome = await init("next");
    expect(told(outcome, "wrote")).toContain("src/sessions.ts");
    expect(told(outcome, "left")).toEqual(["src/middleware.js"]);
    const paths = Object.keys(await contents());
    expect(paths.filter((path) => path.startsWith("app/") || path.includes("proxy"))).toEqual([]);
  });

  test("a project of Next's gets the proxy that docs/nextjs.md has, beside its sessions", async () => {
    const page = await readFile(new URL("../../docs/nextjs.md", import.meta.url), "utf8");
    const [, shown = ""] = /```tsx\n\/\/ proxy\.ts\n(.*?)```/s.exec(page) ?? [];
    await fill({ "package.json": "{}", "src/app/page.jsx": "export default () => null;" });
    const outcome = await init("next");
    const { "src/proxy.ts": proxy = "", "src/sessions.ts": sessions = "" } = await contents();
    expect(proxy.replace(/^\/\/.*\n\n/, "")).toBe(shown);
    expect(shown).toContain('export { proxy } from "./sessions"');
    expect(sessions).toMatch(/export const \{.*\bproxy \}/);
    expect(outcome.out).not.toContain("put the session's proxy");
  });

  test.each(["proxy.js", "middleware.ts"])(
    "%s is told to need the session's proxy",
    async (file) => {
      await fill({ "package.json": "{}", [file]: "mine" });
      const outcome = await init("next");
      expect(told(outcome, "left")).toEqual([file]);
      expect(outcome.out).toMatch(new RegExp(`^  # put the session's proxy into ${file}`, "m"));
    },
  );

  test("all of a new start's app goes into src/app where that is", async () => {
    await mkdir(join(folder, "src/app"), { recursive: true });
    await init("next");
    const paths = Object.keys(await contents());
    expect(paths).toContain("src/app/style.css");
    expect(paths).toContain("package.json");
    expect(paths.filter((path) => path.startsWith("app/"))).toEqual([]);
  });

  test("sessions in JavaScript are sessions too", async () => {
    await fill({ "package.json": "{}", "sessions.js": "mine" });
    const outcome = await init("hono");
    expect(told(outcome, "left")).toEqual(["sessions.js"]);
    expect(Object.keys(await contents())).not.toContain("sessions.ts");
  });

  test.each([
    ["no .gitignore", {}],
    ["one that does not name it", { ".gitignore": "dist\n" }],
    ["one that takes it out again", { ".gitignore": ".env*\n!.env\n" }],
    ["one that takes it out in every folder", { ".gitignore": ".env*\n!**/.env\n" }],
    ["a folder of its name", { ".gitignore/other": "" }],
  ])("R48 with %s the secret is not written, which git would take", async (_, files) => {
    await fill({ "package.json": "{}", ...files });
    const outcome = await init("hono");
    expect(Object.keys(await contents())).not.toContain(".env");
    expect(outcome.out).toContain("add .env to .gitignore");
  });

  test.each([".env", "/.env", "**/.env", "**/.env*"])(
    "a .gitignore that says %s names it",
    async (line) => {
      await fill({ "package.json": "{}", ".gitignore": `${line}\n` });
      expect(told(await init("hono"), "wrote")).toContain(".env");
    },
  );

  test("a link that leads nowhere is there, and stays", async () => {
    await symlink("nowhere", join(folder, ".env"));
    const outcome = await init("hono");
    expect(outcome.code).toBe(0);
    expect(told(outcome, "left")).toEqual([".env"]);
    expect(await readdir(folder)).not.toContain("nowhere");
  });

  test("a file in a folder's place is told before anything is written", async () => {
    await fill({ app: "mine" });
    const outcome = await init("next");
    expect(outcome.code).toBe(2);
    expect(outcome.err).toContain("app/actions.ts needs a folder app");
    expect(outcome.out).toBe("");
    expect(await contents()).toEqual({ app: "mine" });
  });

  test("a .env that is there stays as it is, and it is said what to put in", async () => {
    await fill({ ".env": "OWN=1\n" });
    const outcome = await init("hono");
    expect((await contents())[".env"]).toBe("OWN=1\n");
    expect(told(outcome, "left")).toContain(".env");
    expect(outcome.out).toContain("put SESSION_SECRET into .env");
  });
});

// A shell that can say how large a file may become, which is a disk that fills up.
if (process.platform === "linux") {
  test("a start that cannot be written to its end says what was, and goes on the next time", async () => {
    const command = `ulimit -f 1; exec '${process.execPath}' '${CLI}' init next`;
    const first = await runProgram("sh", ["-c", command], { folder });
    expect(first.code).toBe(2);
    expect(first.err).toContain("cannot be written into (EFBIG); what was written stays");
    const before = Object.keys(await contents());
    expect(told(first, "wrote").toSorted()).toEqual(before.toSorted());
    expect(before).not.toEqual([]);
    const second = await init("next");
    expect(told(second, "left").toSorted()).toEqual(before.toSorted());
    expect(told(second, "wrote").at(-1)).toBe("package.json");
    expect((await contents())["app/page.tsx"]).toMatch(/\n$/);
  });
}

describe("what is said", () => {
  test("a folder that is a file is told, and stays", async () => {
    await fill({ taken: "mine" });
    for (const path of ["taken", "taken/below"]) {
      const outcome = await init("hono", "--folder", path);
      expect(outcome.code).toBe(2);
      expect(outcome.err).toMatch(/names a file|cannot be written into \(ENOTDIR\)/);
    }
    expect(await contents()).toEqual({ taken: "mine" });
  });

  test("a folder's name is taken as it is typed", async () => {
    expect((await init("deno", "--folder", "007")).code).toBe(0);
    expect(Object.keys(await contents())).toContain("007/main.ts");
  });

  test.each([["--folder="], ["--folder", "one", "--folder", "two"]])(
    "%s %s is refused",
    async (...args) => {
      expect((await init("deno", ...args.filter((each) => each !== undefined))).code).toBe(2);
      expect(await contents()).toEqual({});
    },
  );

  test("a Node that is too old for a start is told", () => {
    expect(nodeStep("hono", "20.19.0")).toEqual([
      "# this start needs Node 22.18 or later; this is v20.19.0",
    ]);
    for (const version of ["22.18.0", "24.1.0"]) expect(nodeStep("hono", version)).toEqual([]);
    expect(nodeStep("next", "20.19.0")).toEqual([]);
  });

  test("a project on Workers is told how Env is made", async () => {
    await fill({ "package.json": "{}" });
    expect((await init("workers")).out).toContain("npx wrangler types");
  });
});

describe("without a name", () => {
  test("nobody is asked where nobody can answer: exit code 2, and nothing written", async () => {
    const outcome = await coatcheck(["init"], { folder, input: "hono\n" });
    expect(outcome.code).toBe(2);
    expect(outcome.err).toContain("name one of hono, next, workers, deno");
    expect(await contents()).toEqual({});
  });

  test("a name that is none of the four is refused", async () => {
    const outcome = await init("express");
    expect(outcome.code).toBe(2);
    expect(outcome.err).toContain("choose one of hono, next, workers, deno");
    expect(await contents()).toEqual({});
  });

  // The program of this name takes other arguments elsewhere.
  if (process.platform === "linux") {
    test("a terminal is asked", async () => {
      const command = `'${process.execPath}' '${CLI}' init`;
      const args = ["-qec", command, "/dev/null"];
      const outcome = await runProgram("script", args, { folder, input: "deno\n" });
      expect(outcome.out).toContain("Which one (hono, next, workers, deno)?");
      expect(Object.keys(await contents())).toContain("main.ts");
    });

    test("a terminal that is left with Ctrl-D is told that nothing was chosen", async () => {
      const args = ["-qec", `'${process.execPath}' '${CLI}' init`, "/dev/null"];
      const outcome = await runProgram("script", args, { folder, input: "\u0004" });
      expect(outcome.code).toBe(2);
      expect(outcome.out).toContain("none was chosen");
      expect(await contents()).toEqual({});
    });
  }
});
