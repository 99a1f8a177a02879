// Processes that start from one copy of a process that has had sessions before: a startup snapshot of Node.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const PROGRAM = `
  import { startupSnapshot } from "node:v8";
  import { createSessions, memoryStore } from "../../src/index.ts";
  const texts = [];
  const store = memoryStore();
  const noting = { read: store.read, write: (...row) => (texts.push(row[1]), store.write(...row)) };
  const sessions = createSessions({ secrets: ["a secret of this test: 32 bytes or more"], store: noting });
  async function begin() {
    const session = await sessions.open(null);
    session.signIn("ada");
    const { value } = await sessions.save(session);
    return { id: value.split(".")[0], handle: session.handle, stamp: texts.at(-1)?.split(" ")[1] };
  }
  void begin();
  startupSnapshot.setDeserializeMainFunction(async () => console.log(JSON.stringify(await begin())));`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "coatcheck-snapshot-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("R1 R2 R36 two processes from one snapshot have nothing of their ids, handles and stamps in common", async () => {
  const outfile = join(folder, "program.cjs");
  await build({
    stdin: { contents: PROGRAM, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    outfile,
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    logLevel: "error",
  });
  const blob = join(folder, "snapshot.blob");
  await run(process.execPath, ["--snapshot-blob", blob, "--build-snapshot", outfile]);
  const begun = [];
  for (let at = 0; at < 3; at++) {
    const { stdout } = await run(process.execPath, ["--snapshot-blob", blob]);
    begun.push(JSON.parse(stdout) as Record<"id" | "handle" | "stamp", string>);
  }
  for (const name of ["id", "handle", "stamp"] as const) {
    const values = begun.map((each) => each[name]);
    expect(values.every((value) => /^[\w-]{16,43}$/.test(value))).toBe(true);
    expect(new Set(values).size, name).toBe(3);
  }
}, 60_000);
