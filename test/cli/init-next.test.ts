// `coatcheck init next`, as it is built and served.

import { finish } from "../examples/example.ts";
import { describeStart } from "./starts.ts";

const ENV = { NEXT_TELEMETRY_DISABLED: "1", CI: "1" };

describeStart({
  start: "next",
  project: "examples/next-app",
  file: ".env",
  prepare: (folder) => finish(folder, "npm", ["run", "build"], { ...ENV, HOME: folder }),
  command: (_, port) => ({
    command: "npm",
    args: ["start", "--", "--port", String(port)],
    env: ENV,
  }),
  check: (folder) => finish(folder, "npm", ["run", "check"], { ...ENV, HOME: folder }),
});
