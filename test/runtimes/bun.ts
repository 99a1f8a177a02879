// Bun, on the bundle.

import { join } from "node:path";
import { runChild } from "./child.ts";
import { installedBinary, type Runtime } from "./runtime.ts";

const BINARY = "bin/bun";
const installed = installedBinary("@oven", BINARY);

export const bun: Runtime = {
  name: "Bun",
  installed,
  run: ({ folder, module }, world) =>
    runChild(
      {
        command: join(installed?.folder ?? "", BINARY),
        args: ["run", "--no-install"],
        env: { HOME: folder, TMPDIR: folder },
        module,
        folder,
      },
      world,
    ),
};
