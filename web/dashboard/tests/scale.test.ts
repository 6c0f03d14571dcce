// Where points lie in a chart.
import { describe, expect, it } from "vitest";
import { HEIGHT, pathOf, roundUp, scaleOf, WIDTH } from "../src/connections/scale.js";

describe("roundUp", () => {
  it.each([
    [0, 1],
    [1, 1],
    [3, 5],
    [7, 10],
    [11, 20],
    [200, 200],
    [0.3, 0.5],
    [0.03, 0.05],
  ])("of %f is %f", (most, top) => expect(roundUp(most)).toBeCloseTo(top, 12));
});

describe("scaleOf", () => {
  it("holds all points that have a value", () => {
    const series = [
      { name: "one", points: [{ at: 10, value: 3 }] },
      { name: "other", points: [{ at: 5, value: null }, { at: 20, value: 7 }] },
    ];
    expect(scaleOf(series)).toEqual({ from: 10, to: 20, top: 10 });
  });

  it("is null where nothing is known", () => {
    expect(scaleOf([{ name: "none", points: [{ at: 5, value: null }] }])).toBeNull();
  });
});

describe("pathOf", () => {
  const scale = { from: 0, to: 10, top: 10 };

  it("goes from the first to the last, with 0 at the bottom", () => {
    const path = pathOf([{ at: 0, value: 0 }, { at: 10, value: 10 }], scale);
    expect(path).toBe(`M0.0 ${HEIGHT}.0L${WIDTH}.0 0.0`);
  });

  it("begins anew after a gap, where a lone point is a dot", () => {
    const points = [0, 1, null, 2].map((value, at) => ({ at, value }));
    expect(pathOf(points, scale).replace(/[\d. ]+/g, "-")).toBe("M-L-M-h-");
  });

  it("draws one reading at the right end", () => {
    expect(pathOf([{ at: 5, value: 0 }], { from: 5, to: 5, top: 1 })).toBe(`M${WIDTH}.0 ${HEIGHT}.0h0`);
  });
});
