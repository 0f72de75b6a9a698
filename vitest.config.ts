import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (file: string) => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^add-openid-connect$/, replacement: source("index.ts") },
      { find: /^add-openid-connect\/redis$/, replacement: source("redis.ts") },
      { find: /^add-openid-connect\/testing$/, replacement: source("testing.ts") },
    ],
  },
  test: {
    // The table first: what failed then stands at the end.
    reporters: ["./test/conformance/table-reporter.ts", "default"],
    include: ["test/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
