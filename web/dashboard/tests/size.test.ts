// What the first view weighs: docs/decisions/0037-the-dashboard.md promises it.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const BUILT = new URL("../../../.build/dashboard/", import.meta.url);
const KB = 1024;

/** The page, what it names, and what that imports before it runs; not what is loaded when a view is opened. */
function firstView(): string[] {
  const files = new Set(["index.html"]);
  for (const file of files) {
    const text = readFileSync(new URL(file, BUILT), "utf8");
    const named = file.endsWith(".html") ? /(?:src|href)="\/(assets\/[^"]+)"/g : /(?:from|import)\s*"\.\/([^"]+)"/g;
    for (const [, name = ""] of text.matchAll(named)) files.add(file.endsWith(".html") ? name : `assets/${name}`);
  }
  return [...files];
}

it("weighs below 100 KB, compressed", () => {
  const files = firstView();
  const weight = files.map((name) => gzipSync(readFileSync(new URL(name, BUILT)), { level: 9 }).length);
  expect(files.length).toBeGreaterThan(2);
  expect(files.length).toBeLessThan(readdirSync(new URL("assets/", BUILT)).length);
  expect(weight.reduce((sum, each) => sum + each, 0)).toBeLessThan(100 * KB);
});
