// `npm start`: builds the library without a word, then runs the demonstration. Arguments go through to it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsup = fileURLToPath(new URL("../node_modules/tsup/dist/cli-default.js", import.meta.url));

if (!existsSync(tsup)) {
  const command = process.env.NODE_ENV === "production" ? "npm ci --include=dev" : "npm ci";
  console.error(`Cannot build: the development dependencies are missing, run \`${command}\` first`);
  process.exit(1);
}

// npm puts a shell in between, which hands no signal on: when npm is killed, this process would keep the port.
// `exec` in the script would do on Linux alone. Started without npm, it may outlive its parent.
if (process.env.npm_lifecycle_event) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, "SIGTERM");
  }, 500).unref();
}

const build = spawnSync(process.execPath, [tsup, "--silent"], { cwd: root, encoding: "utf8" });
if (build.status !== 0) {
  console.error(`Cannot build\n${build.stdout}${build.stderr}`);
  process.exit(1);
}

await import("../examples/demo/server.js");
