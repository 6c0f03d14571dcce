// What the first view weighs: docs/decisions/0037-the-dashboard.md promises it. Views that are loaded when they are
// opened are not in it.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const BUILT = new URL("../../../.build/dashboard/", import.meta.url);
const KB = 1024;

const read = (name: string): Buffer => readFileSync(new URL(name, BUILT));
const weight = (names: Iterable<string>): number =>
  [...names].reduce((sum, name) => sum + gzipSync(read(name), { level: 9 }).length, 0);

/** Return the files that a browser loads at once: those of the page, what they import, and the worker of tabs. */
function firstView(): Set<string> {
  const names = new Set(["index.html", ...everything().filter((name) => name.startsWith("assets/tabs-"))]);
  for (const name of names) {
    for (const [, asset] of read(name).toString().matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) names.add(String(asset));
    if (!name.endsWith(".js")) continue;
    for (const [, asset] of read(name).toString().matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+)/g)) {
      names.add(`assets/${asset}`);
    }
  }
  return names;
}

function everything(): string[] {
  return ["index.html", ...readdirSync(new URL("assets/", BUILT)).map((name) => `assets/${name}`)];
}

it("weighs below 100 KB, compressed", () => {
  const names = firstView();
  expect(names.size).toBeGreaterThan(2);
  expect(weight(names)).toBeLessThan(100 * KB);
});

it("leaves the view Connections out, which weighs below 10 KB", () => {
  const names = firstView();
  const later = everything().filter((name) => !names.has(name));
  expect(later.some((name) => name.includes("connections-view"))).toBe(true);
  expect(weight(later.filter((name) => name.includes("connections-view")))).toBeLessThan(10 * KB);
});
