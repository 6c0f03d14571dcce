// Where the points of a chart lie, and what stands at its axis. No DOM.
import type { Point, Series } from "./history.js";

/** The drawing's size, in its own units; CSS scales it. */
export const WIDTH = 600;
export const HEIGHT = 160;

export interface Scale {
  readonly from: number;
  readonly to: number;
  /** The axis begins at 0 and ends here. */
  readonly top: number;
}

/** Return the scale that all points of some series fit in; null where no point has a value. */
export function scaleOf(all: readonly Series[]): Scale | null {
  const points = all.flatMap(({ points }) => points.filter(({ value }) => value !== null));
  if (!points.length) return null;
  const times = points.map(({ at }) => at);
  const values = points.map(({ value }) => value ?? 0);
  return { from: Math.min(...times), to: Math.max(...times), top: roundUp(Math.max(...values)) };
}

/** Return the smallest of 1, 2, 5, 10, 20, … that is not below a number: an axis that can be read. */
export function roundUp(most: number): number {
  if (!(most > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 5, 10].find((each) => each * power >= most * (1 - 1e-9)) ?? 10;
  return step * power;
}

/** Return the `d` of a path through the points; it begins anew after each gap, and a lone point is a dot. */
export function pathOf(points: readonly Point[], { from, to, top }: Scale): string {
  const across = (at: number): string => (to > from ? ((at - from) / (to - from)) * WIDTH : WIDTH).toFixed(1);
  let isDown = false;
  return points
    .map(({ at, value }, index) => {
      const begins = !isDown;
      isDown = value !== null;
      if (value === null) return "";
      const place = `${across(at)} ${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`;
      const isAlone = begins && (points[index + 1]?.value ?? null) === null;
      return `${begins ? "M" : "L"}${place}${isAlone ? "h0" : ""}`;
    })
    .join("");
}
