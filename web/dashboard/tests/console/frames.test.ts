// Frames: what is known of each, which are shown, which are kept.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FrameLog } from "../../src/console/watch/frame-log.js";
import { frameOf, indented, isChosen, latencyText, size } from "../../src/console/watch/frames.js";
import { roomOf, userId } from "../../src/console/watch/room-input.js";

const AT = Date.parse("2026-01-31T12:00:00.038Z");

describe("frameOf", () => {
  it("tells type, id, size in bytes and latency of an event", () => {
    const text = '{"id":"1","type":"pr.created","timestamp":"2026-01-31T12:00:00.000Z","data":{"title":"ü"}}';
    expect(frameOf(1, text, AT)).toMatchObject({ type: "pr.created", id: "1", bytes: text.length + 1, latency: 38, text });
  });

  it.each([
    ['{"status":"success","id":1}', "reply"],
    ['{"action":"heartbeat"}', "heartbeat"],
    ["[1]", "unknown"],
    ["nonsense", "unknown"],
  ])("%s is a %s without latency", (text, type) => {
    expect(frameOf(1, text, AT)).toMatchObject({ type, latency: null, id: "" });
  });
});

describe("isChosen", () => {
  it.each([
    ["pr.created", "", true],
    ["pr.created", "pr.created", true],
    ["pr.created", "workflow.*, pr.*", true],
    ["pr.created", "pr", false],
    ["pr.created", "*", true],
    ["prx.created", "pr.*", false],
  ])("%s by %j: %s", (type, patterns, is) => expect(isChosen(type, patterns)).toBe(is));
});

describe("FrameLog", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const shown = (log: FrameLog): number[] => log.snapshot().frames.map(({ number }) => number);

  it("keeps the last 500, the newest first", () => {
    const log = new FrameLog();
    for (let n = 0; n < 700; n++) log.add("{}", n);
    vi.advanceTimersByTime(100);
    expect(shown(log)).toHaveLength(500);
    expect(shown(log)[0]).toBe(700);
    expect(log.snapshot().total).toBe(700);
  });

  it("tells of many frames at once", () => {
    const log = new FrameLog();
    const heard = vi.fn();
    log.onChange(heard);
    for (let n = 0; n < 50; n++) log.add("{}", n);
    vi.advanceTimersByTime(100);
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it("shows nothing new while paused, and what came afterwards", () => {
    const log = new FrameLog();
    log.add("{}", 1);
    log.pause(true);
    for (let n = 0; n < 600; n++) log.add("{}", 2);
    vi.advanceTimersByTime(100);
    expect(shown(log)).toEqual([1]);
    expect(log.snapshot()).toMatchObject({ waiting: 600, isPaused: true });
    log.pause(false);
    expect(shown(log)).toHaveLength(500);
    expect(shown(log)[0]).toBe(601);
    expect(log.snapshot()).toMatchObject({ waiting: 0, isPaused: false });
  });

  it("forgets what is cleared, and counts on", () => {
    const log = new FrameLog();
    log.add("{}", 1);
    log.clear();
    log.add("{}", 2);
    vi.advanceTimersByTime(100);
    expect(shown(log)).toEqual([2]);
  });
});

describe("words", () => {
  it("of sizes and latencies", () => {
    expect([size(812), size(1434)]).toEqual(["812 B", "1.4 KB"]);
    expect([latencyText(38), latencyText(-12), latencyText(2500)]).toEqual(["38 ms", "-12 ms", "2.5 s"]);
  });

  it("of a frame, one field a line", () => {
    expect(indented('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(indented("nonsense")).toBe("nonsense");
  });
});

describe("roomOf", () => {
  it.each([
    ["room", " project:atlas ", "project:atlas"],
    ["room", "global", "global"],
    ["room", "atlas", ""],
    ["room", "", ""],
    ["user", "ada", "user:ada"],
    ["user", "user:ada", "user:ada"],
    ["user", "auth0|6553", "user:auth0|6553"],
    ["user", "f:1:ada", "user:f%3A1%3Aada"],
    ["user", "f%3A1%3Aada", "user:f%3A1%3Aada"],
  ] as const)("%s %j is %j", (kind, typed, room) => expect(roomOf(kind, typed)).toBe(room));

  it("writes a user's id in the bytes of UTF-8", () => expect(userId("zoë 😀%")).toBe("zo%C3%AB%20%F0%9F%98%80%25"));
});
