import { defineConfig } from "vitest/config";

// Unit tests run on sources; tests of what is composed, resolved and shipped run on `dist`.
const sourceConditions = ["@pagetier/source", "module", "node", "development|production"];

export default defineConfig({
  test: {
    projects: [
      {
        oxc: { decorator: { legacy: true } },
        resolve: { conditions: sourceConditions },
        ssr: { resolve: { conditions: sourceConditions } },
        test: {
          name: "source",
          environment: "node",
          include: ["packages/*/*/test/**/*.test.ts"],
          exclude: ["packages/stack/**"],
          testTimeout: 60_000,
        },
      },
      {
        oxc: { decorator: { legacy: true } },
        test: {
          name: "dist",
          environment: "node",
          include: ["packages/stack/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts", "tooling/*/test/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/test/tmp-*/**"],
          server: { deps: { external: [/\/dist\//] } },
          testTimeout: 120_000,
        },
      },
    ],
  },
});
