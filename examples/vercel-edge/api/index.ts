// The entry: what Vercel calls for each request. vercel.json sends every path here.

import { app } from "../app.ts";
import { sessions } from "../sessions.ts";

export const config = { runtime: "edge" };

export default sessions.handler(app);
