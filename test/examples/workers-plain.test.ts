import { describeWorker } from "./wrangler.ts";

describeWorker("workers-plain", "Workers without a framework");
