// The starting points: the examples of the repository, with sessions that are configured by the environment alone.

import { readFileSync } from "node:fs";

/** A file's path in the project, and its text. */
export type Files = Readonly<Record<string, string>>;

/** What a start consists of. */
export interface Start {
  readonly files: Files;
  /** Files for a project that is there already: where sessions are kept, and no application. */
  readonly core: Files;
  /** Where its platform reads variables from while it is developed. */
  readonly secrets: string;
}

/** As `dist/starts.json` has it: made by scripts/cli.js. */
interface Made {
  readonly files: Files;
  /** Of `core`, where it is another text than a new project's. */
  readonly core: Files;
}

interface Told extends Pick<Start, "secrets"> {
  readonly core: readonly string[];
  /** The least Node that runs a new project, where it is later than the command line's own. */
  readonly node?: readonly [major: number, minor: number];
  /** For a new project. */
  readonly run: string;
  /** For one that is there already: what to install, and how to use it. */
  readonly install: string;
  readonly use: readonly string[];
}

export type StartName = "hono" | "next" | "workers" | "deno";

export const STARTS: Readonly<Record<StartName, Told>> = {
  hono: {
    secrets: ".env",
    core: ["sessions.ts", ".env.example"],
    node: [22, 18],
    run: "npm install && npm start",
    install: "npm install coatcheck hono",
    use: ['# in your application: app.use(session(sessions)), with session from "coatcheck/hono"'],
  },
  next: {
    secrets: ".env",
    core: ["sessions.ts", "proxy.ts", ".env.example"],
    run: "npm install && npm run dev",
    install: "npm install coatcheck",
    use: ["# in a component: const { data } = await getSession(), from sessions.ts"],
  },
  workers: {
    secrets: ".dev.vars",
    core: ["sessions.ts", ".dev.vars.example"],
    run: "npm install && npm run dev",
    install: "npm install coatcheck",
    use: [
      "npx wrangler types  # makes the interface Env that sessions.ts names, from your configuration and .dev.vars",
      "# in your worker: fetch: (request, env) => sessionsOf(env).handler(app)(request)",
    ],
  },
  deno: {
    secrets: ".env",
    core: ["sessions.ts", ".env.example"],
    run: "deno task start",
    install: "deno add npm:coatcheck",
    use: ["# in your server: Deno.serve(sessions.handler(app))"],
  },
};

export function isStart(name: string): name is StartName {
  return Object.hasOwn(STARTS, name);
}

/** Reads a start, under the project's name and with this version of the library. */
export function readStart(
  start: StartName,
  { name, version }: { name: string; version: string },
): Start {
  const text = readFileSync(new URL("./starts.json", import.meta.url), "utf8");
  const made = (JSON.parse(text) as Readonly<Record<StartName, Made>>)[start];
  const { core: paths, secrets } = STARTS[start];
  const named = Object.entries(made.files).map(([path, content]): [string, string] => [
    path,
    content
      .replaceAll(/coatcheck-(hono-node|next-app|workers-plain|deno-plain)/g, name)
      .replaceAll(/("coatcheck": "(?:jsr:@coatcheck\/coatcheck@)?)\^[\d.]+/g, `$1^${version}`),
  ]);
  const core = named.filter(([path]) => paths.includes(path));
  return {
    files: Object.fromEntries(named),
    core: { ...Object.fromEntries(core), ...made.core },
    secrets,
  };
}
