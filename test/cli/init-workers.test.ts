// `coatcheck init workers`, in workerd.

import { finish } from "../examples/example.ts";
import { ENV } from "../examples/wrangler.ts";
import { describeStart } from "./starts.ts";

describeStart({
  start: "workers",
  project: "examples/workers-plain",
  file: ".dev.vars",
  command: (_, port) => ({
    command: "npm",
    args: ["run", "dev", "--", "--port", String(port), "--inspector-port", "0"],
    env: ENV,
  }),
  check: (folder) => finish(folder, "npm", ["run", "check"], { ...ENV, HOME: folder }),
});
