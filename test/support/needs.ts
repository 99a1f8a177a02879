// `describe` and `test` for what needs a Redis: without one they skip, by name; with CI=true they run, and fail.

import { describe, test } from "vitest";
import { findRedis } from "./redis.ts";

export const lacksRedis: boolean = process.env["CI"] !== "true" && findRedis() === null;

export const describeWithRedis: typeof describe.skip = describe.skipIf(lacksRedis);
export const testWithRedis: typeof test.skip = test.skipIf(lacksRedis);
