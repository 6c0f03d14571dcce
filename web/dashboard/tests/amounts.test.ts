// How numbers of the statistics are written.
import { describe, expect, it } from "vitest";
import { amount, dollars, duration, rate, savings, since } from "../src/connections/amounts.js";

describe("numbers", () => {
  it("are written with the digits that matter", () => {
    expect([amount(12345), rate(0), rate(0.123), rate(5.25), rate(1234)]).toEqual(["12,345", "0/s", "0.12/s", "5.3/s", "1,230/s"]);
    expect([duration(0), duration(85.4), duration(1234)]).toEqual(["0 ms", "85 ms", "1.2 s"]);
    expect([dollars(0), dollars(0.00021), dollars(0.256), dollars(1234.5)]).toEqual(["$0.00", "$0.00021", "$0.26", "$1,234.50"]);
    expect([since(45), since(130), since(3 * 3600 + 60), since(3 * 86400)]).toEqual(["45 s", "2 min", "3 h 1 min", "3 days"]);
  });
});

describe("savings", () => {
  it("names both ends, unless they are the same", () => {
    expect(savings([1, 2])).toBe("$1.00 to $2.00 of the cost so far");
    expect(savings([2, 2])).toBe("$2.00 of the cost so far");
  });
});
