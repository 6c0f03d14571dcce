// What the service answers, and what is kept of it.
import { describe, expect, it, vi } from "vitest";
import { after, type Polled } from "../src/connections/polling.js";
import { askStatistics } from "../src/connections/statistics.js";
import { statistics } from "./statistics.js";

const nothing: Polled = { readings: [], problem: null, failures: 0 };
const signal = new AbortController().signal;

describe("askStatistics", () => {
  it("brings the token and returns the statistics", async () => {
    const fetched = vi.fn(async (_url: string, _init?: RequestInit) => Response.json(statistics({ connections: 7 })));
    vi.stubGlobal("fetch", fetched);
    expect(await askStatistics("t", signal)).toEqual({ statistics: statistics({ connections: 7 }) });
    expect(fetched.mock.calls[0]?.[1]?.headers).toEqual({ authorization: "Bearer t" });
  });

  it.each([
    [401, "bad-token"],
    [403, "not-admin"],
    [503, "unreachable"],
  ])("says what %d means", async (status, problem) => {
    vi.stubGlobal("fetch", async () => new Response("", { status }));
    expect(await askStatistics("t", signal)).toEqual({ problem });
  });

  it("does not reject where nobody answers, or nothing that can be read", async () => {
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("offline")));
    expect(await askStatistics("t", signal)).toEqual({ problem: "unreachable" });
    vi.stubGlobal("fetch", async () => new Response("<html>"));
    expect(await askStatistics("t", signal)).toEqual({ problem: "unreachable" });
  });
});

describe("after", () => {
  it("keeps what was read, counts failures, and forgets a problem once there is an answer", () => {
    const failed = after(after(nothing, { statistics: statistics() }, 1), { problem: "unreachable" }, 2);
    expect(failed).toMatchObject({ problem: "unreachable", failures: 1 });
    expect(failed.readings.length).toBe(1);
    const well = after(failed, { statistics: statistics() }, 3);
    expect(well).toMatchObject({ problem: null, failures: 1 });
    expect(well.readings.map(({ at }) => at)).toEqual([1, 3]);
  });
});
