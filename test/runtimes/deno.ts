// Deno, straight from the TypeScript sources, as they are published to JSR.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runChild } from "./child.ts";
import { installedBinary, type Runtime } from "./runtime.ts";

const BINARY = "deno";
const CONFIG = fileURLToPath(new URL("./deno.json", import.meta.url));
const ENTRY = fileURLToPath(new URL("./entry.ts", import.meta.url));
const installed = installedBinary("@deno", BINARY);

export const deno: Runtime = {
  name: "Deno",
  installed,
  // The one permission is loopback: the library reads no file and no environment.
  run: ({ folder }, world) =>
    runChild(
      {
        command: join(installed?.folder ?? "", BINARY),
        args: [
          "run",
          "--no-prompt",
          "--no-lock",
          "--no-remote",
          "--node-modules-dir=manual",
          `--config=${CONFIG}`,
          `--allow-net=${new URL(world.url).hostname}`,
        ],
        env: { DENO_DIR: join(folder, "deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
        module: ENTRY,
        folder,
      },
      world,
    ),
};
