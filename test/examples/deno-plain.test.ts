// Deno without a framework, with the library from JSR.

import { describeDeno } from "./deno.ts";

describeDeno("Deno without a framework", "deno-plain");
