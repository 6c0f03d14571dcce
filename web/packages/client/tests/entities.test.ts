// Merging what events tell of an entity: as the service does, in whatever order they come.
import { describe, expect, it } from "vitest";
import { entityOf, type Known, merge } from "../src/entities.js";
import type { Envelope } from "../src/index.js";

function told(type: string, number: number, data: object): Envelope {
  return { id: `${number}`, type, timestamp: "", source: "", room: "r", seq: number, publisher: "p", number, data: { ...data } };
}

function merged(events: Envelope[], entity: string) {
  return events.reduce<Known | undefined>((known, event) => merge(known, event, entity), undefined)?.merged.data;
}

/** Return all orders of some events. */
function orders<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) => orders(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

describe("what is known of an entity", () => {
  const pr = [
    told("pr.created", 1, { pr_id: "1", title: "a", author: "ada", description: "first" }),
    told("pr.updated", 2, { pr_id: "1", title: "b", author: null, description: "second" }),
    told("pr.updated", 3, { pr_id: "1", title: "c", author: null, description: null }),
  ];

  it.each(orders(pr).map((order) => [order.map(({ number }) => number).join(), order] as const))(
    "is in each field what the newest event said: %s",
    (_name, order) => {
      expect(merged(order, "pr:1")).toEqual({ pr_id: "1", title: "c", author: "ada", description: "second" });
    },
  );

  const run = [
    told("workflow.started", 1, { total_steps: 4 }),
    told("workflow.progress", 2, { progress: 50, current_step: "test", logs: ["a"] }),
    told("workflow.completed", 3, { progress: 100, errors: null }),
  ];

  it.each(orders(run).map((order) => [order.map(({ number }) => number).join(), order] as const))(
    "has steps, logs and errors of the newest event only: %s",
    (_name, order) => {
      expect(merged(order, "workflow:7")).toEqual({ total_steps: 4, progress: 100, errors: null });
    },
  );

  const issue = [
    told("issue.created", 1, { title: "a", priority: "high", assigned_to: "ada", description: "x" }),
    told("issue.updated", 2, { title: "a", priority: null, assigned_to: null, description: null }),
  ];

  it.each(orders(issue).map((order) => [order.map(({ number }) => number).join(), order] as const))(
    "of an issue has no priority and nobody assigned once the newest event says null: %s",
    (_name, order) => {
      expect(merged(order, "issue:1")).toEqual({ title: "a", priority: null, assigned_to: null, description: "x" });
    },
  );

  it("of own events has all fields", () => {
    const events = [told("deploy.begun", 1, { logs: ["a"] }), told("deploy.finished", 2, { seconds: 4 })];
    expect(merged(events, "deploy:api")).toEqual({ logs: ["a"], seconds: 4 });
  });
});

describe("whose state it is", () => {
  it.each([
    ["workflow.started", { workflow_id: "7" }, "workflow:7"],
    ["ai.suggestion", { suggestion_id: "s" }, "suggestion:s"],
    ["agent.connected", { agent_id: 5 }, "agent:5"],
    ["ai.analysis_complete", { analysis_id: "a" }, ""],
    ["workflow.started", { workflow_id: "" }, ""],
    ["constructor.x", {}, ""],
  ])("%s %j", (type, data, entity) => {
    expect(entityOf(told(type, 1, data), {})).toBe(entity);
  });

  it("is said by the service, or by stateKeys: of the type, then of what stands before its dot", () => {
    const event = told("deploy.finished", 1, { service: "api", team: "red%" });
    expect(entityOf({ ...event, entity: "deploy:x" }, { deploy: "service" })).toBe("deploy:x");
    expect(entityOf(event, { deploy: "service" })).toBe("deploy:api");
    expect(entityOf(event, { deploy: "service", "deploy.finished": ["team", "service"] })).toBe("deploy:red%25:api");
    expect(entityOf(event, { deploy: "nothing" })).toBe("");
  });
});
