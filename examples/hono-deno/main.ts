// The entry: what `deno serve` and Deno Deploy call for each request.

import { app } from "./app.ts";

export default { fetch: app.fetch };
