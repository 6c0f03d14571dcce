// The parser reads the whole specification first: seconds, on a machine that is busy.
import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["tests/**/*.test.ts"], testTimeout: 60_000 } });
