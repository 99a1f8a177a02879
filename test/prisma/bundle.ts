// The cases, the built library and one of Prisma's clients as one module.

import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";
import { clientPath } from "../../scripts/prisma.js";
import { built } from "../runtimes/bundle.ts";

/** Bundles a text whose `PrismaClient` is that of a database and whose relative imports are of this folder. */
export async function bundle(client: string, text: string, options: BuildOptions): Promise<string> {
  const { plugins = [], ...rest } = options;
  const { outputFiles } = await build({
    stdin: {
      contents: `import { PrismaClient } from ${JSON.stringify(clientPath(client))};\n${text}`,
      resolveDir: fileURLToPath(new URL(".", import.meta.url)),
    },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    logLevel: "silent",
    ...rest,
    plugins: [built, ...plugins],
  });
  return outputFiles?.[0]?.text ?? "";
}
