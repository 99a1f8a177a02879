// What a runtime is to the tests, and how its outcomes become tests of vitest.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, test } from "vitest";
import type { Outcome, World } from "../support/suite.ts";
import { lacksRedis } from "../support/needs.ts";
import { startWorld } from "../support/world.ts";
import { type Bundle, bundleCases } from "./bundle.ts";

export interface Installed {
  readonly version: string;
  readonly folder: string;
}

export interface Runtime {
  readonly name: string;
  /** Where npm put it; undefined where it is not installed, or not made for this platform. */
  readonly installed: Installed | undefined;
  /** Runs every case in the real runtime. Rejects when it cannot be started, dies or hangs. */
  readonly run: (bundle: Bundle, world: World) => Promise<readonly Outcome[]>;
}

const MODULES = fileURLToPath(new URL("./node_modules/", import.meta.url));

/** A package of test/runtimes by its name. */
export function installedPackage(name: string): Installed | undefined {
  const folder = join(MODULES, name);
  const manifest = join(folder, "package.json");
  if (!existsSync(manifest)) return undefined;
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return { version, folder };
}

/**
 * The package of a scope that carries `file`: of the packages that a runtime publishes, one for each platform, npm
 * installs the one that fits. Its binary is taken from there, so that no install script has to run.
 */
export function installedBinary(scope: string, file: string): Installed | undefined {
  const folder = join(MODULES, scope);
  if (!existsSync(folder)) return undefined;
  const name = readdirSync(folder).find((entry) => existsSync(join(folder, entry, file)));
  return name === undefined ? undefined : installedPackage(`${scope}/${name}`);
}

/** Runs the cases at collection time, then registers one test for each, so that they are counted by runtime. */
export async function describeRuntime({ name, installed, run }: Runtime): Promise<void> {
  if (installed === undefined) {
    describeMissing(name);
    return;
  }
  if (lacksRedis) {
    test.skip(`${name} needs redis-server, which is not installed`);
    return;
  }
  const title = `${name} ${installed.version}`;
  const outcomes = await runWithRedis(run).catch((error: unknown) => error);
  describe(title, () => {
    if (!Array.isArray(outcomes)) {
      test(`${name} runs the cases`, () => {
        throw outcomes;
      });
      return;
    }
    for (const outcome of outcomes as readonly Outcome[]) {
      test(outcome.name, () => {
        if (outcome.error !== undefined) throw new Error(`on ${title}: ${outcome.error}`);
      });
    }
  });
}

function describeMissing(name: string): void {
  if (process.env["CI"] !== "true") {
    test.skip(
      `${name} is not installed: run npm ci in test/runtimes, if it is made for this platform`,
    );
    return;
  }
  test(`${name} is installed`, () => {
    throw new Error(`${name} is missing: run npm ci in test/runtimes`);
  });
}

async function runWithRedis(run: Runtime["run"]): Promise<readonly Outcome[]> {
  const bundle = await bundleCases();
  try {
    const { world, stop } = await startWorld();
    try {
      const outcomes = await run(bundle, world);
      if (outcomes.length === 0) throw new Error("no case was run");
      return outcomes;
    } finally {
      await stop();
    }
  } finally {
    await bundle.remove();
  }
}
