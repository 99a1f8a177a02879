// The entry: what Cloudflare calls for each request.

import { app } from "./app.ts";
import { sessionsOf } from "./sessions.ts";

export default {
  fetch: (request, env) => sessionsOf(env).handler(app)(request),
} satisfies ExportedHandler<Env>;
