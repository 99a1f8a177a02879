import { edge } from "./edge.ts";
import { describeRuntime } from "./runtime.ts";

await describeRuntime(edge);
