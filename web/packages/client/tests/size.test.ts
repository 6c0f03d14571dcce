// What the core weighs in a page: docs/client.md promises it.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const KB = 1024;

/** Return the bytes of a module with all it imports, minified and compressed, without some of them. */
async function weight(entry: string, external: string[] = []): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${entry}`, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    external,
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

describe("weight", () => {
  it("of the core is below 6 KB, without the module that pages load to share a connection", async () => {
    expect(await weight("index.ts", ["./tabs.js"])).toBeLessThan(6 * KB);
  });

  it("of sharing a connection is below 2 KB, of the way over Socket.IO below 1 KB", async () => {
    expect(await weight("tabs.ts")).toBeLessThan(2 * KB);
    expect(await weight("socketio.ts")).toBeLessThan(1 * KB);
  });

  it("of the hooks is below 1 KB", async () => {
    expect(await weight("react/index.tsx", ["react", "react/jsx-runtime"])).toBeLessThan(1 * KB);
  });
});
