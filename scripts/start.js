// `npm start`: builds the library without a word, then runs the demonstration. Arguments go through to it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsup = fileURLToPath(new URL("../node_modules/tsup/dist/cli-default.js", import.meta.url));

if (!existsSync(tsup)) {
  console.error("Cannot build: the development dependencies are missing, run `npm install` first");
  process.exit(1);
}

const build = spawnSync(process.execPath, [tsup, "--silent"], { cwd: root, encoding: "utf8" });
if (build.status !== 0) {
  console.error(`Cannot build\n${build.stdout}${build.stderr}`);
  process.exit(1);
}

await import("../examples/demo/server.js");
