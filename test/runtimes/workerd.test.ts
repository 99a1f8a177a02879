import { workerd } from "./workerd.ts";
import { describeRuntime } from "./runtime.ts";

await describeRuntime(workerd);
