// A module of the application's own, with its client of Prisma or Redis: `export const prisma = new PrismaClient(…)`.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LateError, within } from "./deadline.ts";
import type { Finding } from "./finding.ts";

export type Exports = Readonly<Record<string, unknown>>;

/** Answers what a module exports, or the finding that it cannot be loaded. Its error may quote anything: only code and name are told. */
export async function loadModule(
  check: string,
  path: string,
  timeoutMs: number,
): Promise<{ readonly exports: Exports } | { readonly finding: Finding }> {
  try {
    const { href } = pathToFileURL(resolve(path));
    return { exports: await within(timeoutMs, async () => (await import(href)) as Exports) };
  } catch (error) {
    if (error instanceof LateError) return { finding: lateFinding(check, path, timeoutMs) };
    return {
      finding: {
        check,
        status: "unknown",
        message: `${path} cannot be loaded (${describe(error)})`,
        why: "without it this part cannot be checked",
        mend: /\.[cm]?tsx?$/.test(path)
          ? "on Node 22.18 and later TypeScript runs as it is; else NODE_OPTIONS='--import tsx', or give the compiled file"
          : "run it by itself to see why: node and the path",
      },
    };
  }
}

/** An await at the top of a module holds up whoever loads it. */
function lateFinding(check: string, path: string, timeoutMs: number): Finding {
  return {
    check,
    status: "unknown",
    message: `${path} is not loaded within ${timeoutMs} ms`,
    why: "without it this part cannot be checked; an application that loads it would not start either",
    mend: "see that what the module awaits answers, or export the client before it is connected; --timeout gives it longer",
  };
}

/** The first of the names that the module exports, by itself or, as CommonJS does, in its default. */
export function pick(exports: Exports, names: readonly string[]): unknown {
  const inner = exports["default"];
  const all =
    typeof inner === "object" && inner !== null ? { ...(inner as Exports), ...exports } : exports;
  const name = names.find((each) => all[each] !== undefined);
  return name === undefined ? inner : all[name];
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return "it throws";
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^[A-Z_\d]+$/.test(code)
    ? code
    : error.name.replace(/\W/g, "");
}
