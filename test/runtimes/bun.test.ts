import { bun } from "./bun.ts";
import { describeRuntime } from "./runtime.ts";

await describeRuntime(bun);
