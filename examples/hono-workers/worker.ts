// The entry: what Cloudflare calls for each request.

export { app as default } from "./app.ts";
