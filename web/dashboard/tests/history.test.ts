// Series of what was read: levels, rates, gaps.
import { describe, expect, it } from "vitest";
import { added, EVERY, GAP, kindsOf, levels, MOST, type Reading, rates } from "../src/connections/history.js";
import { statistics } from "./statistics.js";

const reading = (at: number, events: number, rooms = {}): Reading => ({
  at,
  statistics: statistics({ events_emitted: events, rooms }),
});
const emitted = (from: { events_emitted: number }): number => from.events_emitted;

describe("added", () => {
  it("keeps an hour", () => {
    let readings: Reading[] = [];
    for (let n = 0; n <= MOST; n++) readings = added(readings, reading(n * EVERY, n));
    expect(readings.length * EVERY).toBe(3_600_000);
    expect(readings[0]?.at).toBe(EVERY);
  });
});

describe("levels", () => {
  it("has a point for each reading", () => {
    const { points } = levels("events", [reading(0, 3), reading(5_000, 4)], emitted);
    expect(points).toEqual([
      { at: 0, value: 3 },
      { at: 5_000, value: 4 },
    ]);
  });

  it("draws nothing over the time when the page was hidden", () => {
    const { points } = levels("events", [reading(0, 3), reading(GAP + 1, 4)], emitted);
    expect(points.map(({ value }) => value)).toEqual([3, null, 4]);
  });
});

describe("rates", () => {
  it("divides what came by the seconds between two readings, whatever they are", () => {
    const { points } = rates("events", [reading(0, 3), reading(5_000, 13), reading(15_000, 23)], emitted);
    expect(points).toEqual([
      { at: 5_000, value: 2 },
      { at: 15_000, value: 1 },
    ]);
  });

  it("knows nothing of a number that fell, or of one reading", () => {
    expect(rates("events", [reading(0, 9), reading(5_000, 2)], emitted).points).toEqual([{ at: 5_000, value: null }]);
    expect(rates("events", [reading(0, 9)], emitted).points).toEqual([]);
  });
});

describe("kindsOf", () => {
  it("names every kind that was ever read, those of the newest reading first", () => {
    expect(kindsOf([reading(0, 0, { old: 1 }), reading(1, 0, { global: 1, "team:*": 0 })])).toEqual([
      "global",
      "team:*",
      "old",
    ]);
  });
});
