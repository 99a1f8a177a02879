// `describe` and `test` for what needs a program: without it they skip, by name; with CI=true they run, and fail.

import { describe, test } from "vitest";
import { findProgram } from "../../scripts/system.js";
import { findRedis } from "./redis.ts";

export const lacksRedis: boolean = process.env["CI"] !== "true" && findRedis() === null;

export const describeWithRedis: typeof describe.skip = describe.skipIf(lacksRedis);
export const testWithRedis: typeof test.skip = test.skipIf(lacksRedis);

/** The same for a database: `postgres` or `mariadbd`. */
export function describeWith(program: string): typeof describe.skip {
  return describe.skipIf(process.env["CI"] !== "true" && findProgram(program) === null);
}
