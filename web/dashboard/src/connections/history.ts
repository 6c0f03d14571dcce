// What the page has read of the statistics since the view was opened, as series over time.
import type { Statistics } from "./statistics.js";

/** Statistics and when they were read, in milliseconds since 1970. */
export interface Reading {
  readonly at: number;
  readonly statistics: Statistics;
}

/** A point of a series; `value` null: nothing is known there, and no line is drawn. */
export interface Point {
  readonly at: number;
  readonly value: number | null;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

/** Milliseconds between two readings. */
export const EVERY = 5_000;

/** Further apart than this two readings are no neighbours: the page was hidden, or got no answer. */
export const GAP = 3 * EVERY;

/** So many readings are kept: an hour. */
export const MOST = 720;

/** Add a reading; the oldest one is forgotten. */
export function added(readings: readonly Reading[], reading: Reading): Reading[] {
  return [...readings, reading].slice(-MOST);
}

/** Return a number of each reading as a series. */
export function levels(name: string, readings: readonly Reading[], of: (from: Statistics) => number): Series {
  return { name, points: withGaps(readings.map(({ at, statistics }) => ({ at, value: of(statistics) }))) };
}

/**
 * Return by how much a number that only grows grew each second, between each two readings. What was
 * counted meanwhile is spread over that time. Where it fell, the counters were set back: nothing is known.
 */
export function rates(name: string, readings: readonly Reading[], of: (from: Statistics) => number): Series {
  const points = readings.slice(1).map((reading, index) => {
    const before = readings[index] as Reading;
    const seconds = (reading.at - before.at) / 1000;
    const grown = of(reading.statistics) - of(before.statistics);
    return { at: reading.at, value: grown < 0 || seconds <= 0 ? null : grown / seconds };
  });
  return { name, points: withGaps(points) };
}

/** Return the points with an unknown one in each gap, so that no line is drawn over it. */
function withGaps(points: readonly Point[]): Point[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1];
    return before && point.at - before.at > GAP ? [{ at: before.at + 1, value: null }, point] : [point];
  });
}

/** Return the kinds of rooms that any reading names, in the order of the newest one. */
export function kindsOf(readings: readonly Reading[]): string[] {
  return [...new Set(readings.toReversed().flatMap(({ statistics }) => Object.keys(statistics.rooms)))];
}
