// How the dashboard is built, into the directory that the edge serves, and tested.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path("."),
  resolve: {
    alias: [
      { find: "@roomcast/client/react", replacement: path("../packages/client/src/react/index.tsx") },
      { find: "@roomcast/client", replacement: path("../packages/client/src/index.ts") },
    ],
  },
  build: {
    outDir: path("../../.build/dashboard"),
    emptyOutDir: true,
    target: "es2022",
    // Inlined files would be `data:` URLs, which the content security policy does not take for scripts.
    assetsInlineLimit: 0,
  },
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
