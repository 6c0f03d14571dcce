// What is shown of a room's state, and in which order.
import type { Envelope } from "@roomcast/client";
import { describe, expect, it } from "vitest";
import * as entities from "../src/live/entities.js";
import { noticeOf } from "../src/live/room-notice.js";
import { timeLeft, webAddress } from "../src/words.js";

const at = (second: number, data: object, type = "x"): Envelope => ({
  id: `${second}`,
  type,
  timestamp: `2026-01-01T00:00:0${second}.000Z`,
  source: "test",
  room: "project:p",
  data: data as Envelope["data"],
});
const keys = (found: readonly { readonly key: string }[]): string[] => found.map(({ key }) => key);

describe("the order of entities", () => {
  it("has the workflows that run first, each in its place, then the last four that ended", () => {
    const ended = [1, 2, 3, 4, 5].map((n) => [`workflow:e${n}`, at(n, { status: n % 2 ? "completed" : "failed" })]);
    const running = { "workflow:b": at(9, { status: "running" }), "workflow:a": at(8, { status: "pending" }) };
    const state = { ...Object.fromEntries(ended), ...running, "pr:1": at(1, {}) };
    expect(keys(entities.workflows(state))).toEqual(
      ["a", "b", "e5", "e4", "e3", "e2"].map((name) => `workflow:${name}`),
    );
  });

  it("has open pull requests and issues first, then the newest", () => {
    const prs = { "pr:1": at(1, { status: "open" }), "pr:2": at(2, { status: "merged" }), "pr:3": at(3, { status: "draft" }) };
    expect(keys(entities.pullRequests(prs))).toEqual(["pr:3", "pr:1", "pr:2"]);
    const issues = { "issue:1": at(1, { status: "blocked" }), "issue:2": at(2, { status: "closed" }) };
    expect(keys(entities.issues(issues))).toEqual(["issue:1", "issue:2"]);
  });

  it("has the most severe suggestions first, and agents by name", () => {
    const state = { "suggestion:1": at(2, { severity: "info" }), "suggestion:2": at(1, { severity: "critical" }) };
    expect(keys(entities.suggestions(state))).toEqual(["suggestion:2", "suggestion:1"]);
    const agents = { "agent:1": at(1, { agent_name: "Grace" }), "agent:2": at(2, { agent_name: "Ada" }) };
    expect(keys(entities.agents(agents))).toEqual(["agent:2", "agent:1"]);
  });

  it("tells a project that was deleted", () => {
    expect(entities.project({ "project:p": at(1, {}, "project.deleted") }, "p").isDeleted).toBe(true);
    expect(entities.project({}, "p").isDeleted).toBe(false);
  });
});

describe("noticeOf", () => {
  const whole = { state: {}, events: [], connection: "open", complete: true, joined: true, error: null, presence: null } as const;

  it("is empty only for a room that is joined and whole", () => {
    expect(noticeOf(whole)).toBe("");
    expect(noticeOf({ ...whole, complete: false })).toContain("missing");
    expect(noticeOf({ ...whole, joined: false })).toContain("Joining");
    expect(noticeOf({ ...whole, connection: "closed" })).toContain("may be old");
  });

  it("says why a room is refused", () => {
    const refused = (code: string): string => noticeOf({ ...whole, joined: false, error: { code, message: "m" } });
    expect(refused("ROOM_ACCESS_DENIED")).toContain("does not open");
    expect(refused("ACCESS_REVOKED")).toContain("taken back");
    expect(refused("ROOM_LIMIT")).toBe("The service refuses this room: m (ROOM_LIMIT)");
  });
});

describe("words", () => {
  it.each([
    [45.4, "45 s left"],
    [-3, "0 s left"],
    [90, "2 min left"],
    [7500, "2 h 5 min left"],
  ])("of %d seconds", (seconds, text) => expect(timeLeft(seconds)).toBe(text));

  it("links lead to the web only", () => {
    expect(webAddress("https://github.com/a")).toBe("https://github.com/a");
    expect(webAddress("javascript:alert(1)")).toBeUndefined();
    expect(webAddress(null)).toBeUndefined();
  });
});
