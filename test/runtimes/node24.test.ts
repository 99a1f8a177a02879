import { node24 } from "./node24.ts";
import { describeRuntime } from "./runtime.ts";

await describeRuntime(node24);
