import { deno } from "./deno.ts";
import { describeRuntime } from "./runtime.ts";

await describeRuntime(deno);
