// How long events took, and what is said of several.
import { describe, expect, it } from "vitest";
import { KEPT, kept, type Latency, latencyOf, medians, summary } from "../src/connections/latency.js";

const at = Date.parse("2026-11-25T12:00:01Z");
const took = (...values: number[]): Latency[] => values.map((each, index) => ({ at: index * 1000, took: each }));

describe("latencyOf", () => {
  it("is the time from the envelope to now", () => {
    expect(latencyOf({ timestamp: "2026-11-25T12:00:00.750Z" }, at)).toEqual({ at, took: 250 });
  });

  it("is never below zero, though clocks differ", () => {
    expect(latencyOf({ timestamp: "2026-11-25T12:00:09Z" }, at)?.took).toBe(0);
  });

  it("is unknown for what was replayed, and for what is no time", () => {
    expect(latencyOf({ timestamp: "2026-11-25T12:00:00Z", replayed: true }, at)).toBeNull();
    expect(latencyOf({ timestamp: "yesterday" }, at)).toBeNull();
  });
});

describe("summary", () => {
  it("has the median, what nineteen of twenty stay below, and the longest", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(summary(took(...values))).toEqual({ count: 100, median: 50, high: 95, longest: 100 });
    expect(summary(took(7))).toEqual({ count: 1, median: 7, high: 7, longest: 7 });
    expect(summary([])).toBeNull();
  });
});

describe("medians", () => {
  it("has a point for each stretch in which something came, at its end", () => {
    expect(medians(took(1, 2, 9, 4), 3000)).toEqual([
      { at: 3000, value: 2 },
      { at: 6000, value: 4 },
    ]);
  });
});

describe("kept", () => {
  it("forgets the oldest", () => {
    let all: readonly Latency[] = [];
    for (let n = 0; n <= KEPT; n++) all = kept(all, { at: n, took: n });
    expect([all.length, all[0]?.at]).toEqual([KEPT, 1]);
  });
});
