// `coatcheck init deno`, with the library from JSR.

import { command, variablesOf } from "../examples/deno.ts";
import { finish } from "../examples/example.ts";
import { describeStart } from "./starts.ts";

describeStart({
  start: "deno",
  project: "examples/deno-plain",
  file: ".env",
  command: (folder, port) => ({
    command,
    args: ["task", "start"],
    env: { ...variablesOf(folder), DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}` },
  }),
  check: (folder) => finish(folder, command, ["task", "check"], variablesOf(folder)),
});
