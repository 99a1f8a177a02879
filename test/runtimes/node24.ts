// The newest Node with long-term support, beside the one that runs vitest.

import { join } from "node:path";
import { runChild } from "./child.ts";
import { installedPackage, type Runtime } from "./runtime.ts";

const installed = installedPackage("node24");

export const node24: Runtime = {
  name: "Node",
  installed,
  run: ({ folder, module }, world) =>
    runChild(
      { command: join(installed?.folder ?? "", "bin/node"), args: [], env: {}, module, folder },
      world,
    ),
};
