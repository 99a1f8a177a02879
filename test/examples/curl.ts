// A visitor with curl, whose cookies are in a file.

import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../../scripts/system.js";
import type { Form } from "./forms.ts";

const execute = promisify(execFile);
const FLAGS = ["--silent", "--show-error", "--fail-with-body", "--noproxy", "*"];

export const lacksCurl: boolean = process.env["CI"] !== "true" && findProgram("curl") === null;

export interface Curl {
  get(address: string): Promise<string>;
  /** Sends a form as a browser would, and follows where that leads. */
  send(form: Form, values?: Readonly<Record<string, string>>): Promise<string>;
  /** The session's token in the file; undefined when there is none. */
  token(): Promise<string | undefined>;
  remove(): Promise<void>;
}

export async function curlVisitor(): Promise<Curl> {
  const folder = await mkdtemp(join(tmpdir(), "coatcheck-curl-"));
  const jar = join(folder, "cookies.txt");

  async function curl(...args: string[]): Promise<string> {
    const { stdout } = await execute("curl", [...FLAGS, "-b", jar, "-c", jar, ...args]);
    return stdout;
  }

  return {
    get: (address) => curl(address),
    async send(form, values = {}) {
      const kind = form.isMultipart ? "--form-string" : "--data-urlencode";
      const fields = Object.entries({ ...form.fields, ...values });
      // A form without a field is a POST all the same.
      const data = fields.flatMap(([name, value]) => [kind, `${name}=${value}`]);
      const empty = data.length === 0 ? ["--data", ""] : [];
      const origin = ["--header", `Origin: ${new URL(form.action).origin}`];
      const where = ["--output", "/dev/null", "--write-out", "%{redirect_url}"];
      // Not with --location: curl 7.88 then leaves a cookie in the file that the first answer deletes.
      return curl(await curl(...data, ...empty, ...origin, ...where, form.action));
    },
    async token() {
      const lines = (await readFile(jar, "utf8")).split("\n").map((line) => line.split("\t"));
      return lines.find((line) => line[5] === "__Host-session")?.[6];
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
