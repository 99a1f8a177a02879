// The entry: what Bun serves.

export { app as default } from "./app.ts";
