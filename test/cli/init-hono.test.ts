// `coatcheck init hono`, run by Node 24.

import { finish } from "../examples/example.ts";
import { describeStart } from "./starts.ts";

describeStart({
  start: "hono",
  project: "examples/hono-node",
  file: ".env",
  command: (_, port) => ({ command: "npm", args: ["start"], env: { PORT: String(port) } }),
  check: (folder) => finish(folder, "npm", ["run", "check"]),
});
