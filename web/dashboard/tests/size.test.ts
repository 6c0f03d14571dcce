// What the first view weighs: docs/decisions/0037-the-dashboard.md promises it.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const BUILT = new URL("../../../.build/dashboard/", import.meta.url);
const KB = 1024;

it("weighs below 100 KB, compressed", () => {
  const files = ["index.html", ...readdirSync(new URL("assets/", BUILT)).map((name) => `assets/${name}`)];
  const weight = files.map((name) => gzipSync(readFileSync(new URL(name, BUILT)), { level: 9 }).length);
  expect(files.length).toBeGreaterThan(2);
  expect(weight.reduce((sum, each) => sum + each, 0)).toBeLessThan(100 * KB);
});
