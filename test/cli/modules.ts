// Modules as an application has them, written into a folder for the doctor to load.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { clientPath } from "../../scripts/prisma.js";
import { ROOT } from "../../scripts/system.js";

export interface PrismaModule {
  /** Of the client that was made for it: `sqlite`, `postgresql`, `mysql`. */
  readonly client: string;
  /** Package and class of the driver adapter, and its options as JavaScript. */
  readonly adapter: readonly [name: string, exported: string];
  readonly options: string;
  /** More of the module's text. */
  readonly more?: string;
}

/** Writes a module that exports `prisma`, and answers its path. */
export async function writePrisma(
  folder: string,
  name: string,
  { client, adapter: [from, exported], options, more = "" }: PrismaModule,
): Promise<string> {
  const path = join(folder, name);
  await writeFile(
    path,
    `import { createRequire } from "node:module";
import { PrismaClient } from ${JSON.stringify(pathToFileURL(clientPath(client)).href)};

const { ${exported} } = createRequire(${JSON.stringify(join(ROOT, "test/prisma/package.json"))})(${JSON.stringify(from)});

export const prisma = new PrismaClient({ adapter: new ${exported}(${options}) });
${more}`,
  );
  return path;
}
