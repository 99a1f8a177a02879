import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^coatcheck$/, replacement: path("./src/index.ts") },
      { find: /^coatcheck\/redis$/, replacement: path("./src/redis.ts") },
      { find: /^coatcheck\/prisma$/, replacement: path("./src/prisma.ts") },
      { find: /^coatcheck\/env$/, replacement: path("./src/env.ts") },
      { find: /^coatcheck\/hono$/, replacement: path("./adapters/hono.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "test/prisma/generated/**"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts", "adapters/**/*.ts"],
      // Runs where Next has built it, in other processes: test/adapters/next.test.ts.
      exclude: ["adapters/next.ts", "adapters/next/**"],
      reporter: ["text-summary", "text", "json-summary"],
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
