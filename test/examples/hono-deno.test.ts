// Hono on Deno, with the library from npm.

import { describeDeno } from "./deno.ts";

describeDeno("Hono on Deno", "hono-deno");
