// @vitest-environment happy-dom
// When the statistics are read: every five seconds, not while the page is hidden, and no more once refused.
import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Polled, useStatistics } from "../src/connections/polling.js";
import { statistics } from "./statistics.js";

let hidden = false;
let asked = 0;
let answer: () => Promise<Response>;
let polled: Polled;
let unmount: () => void;

function Shown(): null {
  polled = useStatistics("t");
  return null;
}

const pass = (milliseconds: number): Promise<void> =>
  act(async () => void (await vi.advanceTimersByTimeAsync(milliseconds)));
const turn = (isHidden: boolean): Promise<void> => {
  hidden = isHidden;
  return act(async () => void document.dispatchEvent(new Event("visibilitychange")));
};

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  hidden = false;
  asked = 0;
  answer = async () => Response.json(statistics());
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
  vi.stubGlobal("fetch", () => {
    asked++;
    return answer();
  });
  const root = createRoot(document.createElement("div"));
  unmount = () => act(() => root.unmount());
  await act(async () => root.render(<Shown />));
});

afterEach(() => {
  unmount();
  vi.useRealTimers();
});

it("reads at once, then every five seconds", async () => {
  await pass(0);
  expect(polled.readings.length).toBe(1);
  await pass(10_000);
  expect(polled.readings.length).toBe(3);
});

it("reads nothing while the page is hidden, and at once when it is seen again", async () => {
  await pass(0);
  await turn(true);
  await pass(60_000);
  expect(asked).toBe(1);
  await turn(false);
  await pass(0);
  expect(polled.readings.length).toBe(2);
});

it("asks again where nobody answers, and keeps what it has read", async () => {
  await pass(0);
  answer = () => Promise.reject(new TypeError("offline"));
  await pass(5_000);
  expect(polled).toMatchObject({ problem: "unreachable", failures: 1 });
  expect(polled.readings.length).toBe(1);
  answer = async () => Response.json(statistics());
  await pass(5_000);
  expect(polled).toMatchObject({ problem: null, failures: 1 });
});

it("asks no more once the token is refused", async () => {
  answer = async () => new Response("", { status: 403 });
  await pass(5_000);
  const before = asked;
  await pass(60_000);
  await turn(false);
  await pass(0);
  expect(asked).toBe(before);
  expect(polled.problem).toBe("not-admin");
});

it("ends with the view", async () => {
  await pass(0);
  unmount();
  await pass(60_000);
  expect(asked).toBe(1);
});
