import { describeWorker } from "./wrangler.ts";

describeWorker("hono-workers", "Hono on Workers");
