// The entry: a server of Deno's own, and what Deno Deploy starts.

import { app } from "./app.ts";
import { sessions } from "./sessions.ts";

Deno.serve(sessions.handler(app));
