// From a JSON Schema to a form, and from what is typed to an event's data.
import { describe, expect, it } from "vitest";
import events from "../../../../docs/schema/events.json";
import { type Field, fieldsOf } from "../../src/console/publish/fields.js";
import { noteOf } from "../../src/console/publish/field-input.js";
import { refusalOf } from "../../src/console/publish/refusal.js";
import { publishable, type Schema } from "../../src/console/publish/schema.js";
import { valuesOf } from "../../src/console/publish/values.js";

const NOW = new Date("2026-01-31T12:00:00Z");
const DOCUMENT = events as Schema;

/** The only field of a schema of one property. */
function field(schema: Schema, required = true, name = "it", $defs: Record<string, Schema> = {}): Field {
  const [found] = fieldsOf({ properties: { [name]: schema }, required: required ? [name] : [] }, { $defs });
  if (!found) throw new Error("no field");
  return found;
}
const read = (of: Field, text: string) => {
  const { data, problems } = valuesOf([of], { [of.name]: text }, NOW);
  return problems[of.name] ?? data[of.name];
};
const NULL: Schema = { type: "null" };

describe("the events that are offered", () => {
  it("are those of the documents, without the service's own", () => {
    const types = [...publishable(DOCUMENT).keys()];
    expect(types).toContain("workflow.progress");
    expect(types).toHaveLength((DOCUMENT.oneOf?.length ?? 0) - 4);
    expect(types.filter((type) => /^(connection|presence|access)\./.test(type))).toEqual([]);
  });

  it("have a form without a field of JSON, but for objects of free content", () => {
    for (const schema of publishable(DOCUMENT).values()) {
      for (const each of fieldsOf(schema, DOCUMENT)) {
        if (each.kind === "json") expect(["changes", "metadata"]).toContain(each.name);
      }
    }
  });

  it("have the fields, the required ones first", () => {
    const fields = fieldsOf(publishable(DOCUMENT).get("issue.created") ?? {}, DOCUMENT);
    expect(fields.map(({ name, kind, isRequired }) => `${name} ${kind}${isRequired ? "" : "?"}`)).toEqual([
      "issue_id text",
      "project_id text",
      "title text",
      "status choice",
      "updated_at moment",
      "description text?",
      "priority choice?",
      "assigned_to text?",
    ]);
  });

  it("follow references, and survive one that leads nowhere or in a circle", () => {
    const defs = { Named: { type: "string", enum: ["a"] }, Loop: { $ref: "#/$defs/Loop" } };
    expect(field({ $ref: "#/$defs/Named" }, true, "it", defs)).toMatchObject({ kind: "choice", choices: ["a"] });
    expect(field({ $ref: "#/$defs/None" }, true, "it", defs).kind).toBe("json");
    expect(field({ $ref: "#/$defs/Loop" }, true, "it", defs).kind).toBe("json");
  });
});

describe("the kinds of fields", () => {
  it.each<[Schema, string]>([
    [{ type: "string" }, "text"],
    [{ type: "integer" }, "integer"],
    [{ type: "number" }, "number"],
    [{ type: "boolean" }, "flag"],
    [{ enum: ["a", "b"], type: "string" }, "choice"],
    [{ const: "a" }, "choice"],
    [{ enum: [1, 2] }, "json"],
    [{ type: "string", format: "date-time" }, "moment"],
    [{ type: "array", items: { type: "string" } }, "lines"],
    [{ type: "array", items: { type: "integer" } }, "json"],
    [{ type: "object" }, "json"],
    [{}, "json"],
    [{ anyOf: [{ type: "integer" }, { type: "string" }] }, "text"],
    [{ anyOf: [{ type: "boolean" }, { type: "string" }] }, "json"],
    [{ type: ["string", "null"] }, "text"],
  ])("%j is %s", (schema, kind) => expect(field(schema).kind).toBe(kind));

  it("may be null beside any of them", () => {
    const nullable = field({ anyOf: [{ enum: ["low", "high"], type: "string" }, NULL], default: null }, false);
    expect(nullable).toMatchObject({ kind: "choice", isNullable: true, isRequired: false, choices: ["low", "high"] });
    expect(field({ anyOf: [{ type: "array", items: { type: "string" } }, NULL] }, false).kind).toBe("lines");
  });

  it("of times are known by their names in the library's events", () => {
    expect(field({ type: "string" }, true, "created_at").kind).toBe("moment");
  });

  it("say what may stand in them", () => {
    expect(noteOf(field({ type: "integer", minimum: 0, maximum: 9 }))).toBe("whole number, 0 to 9");
    expect(noteOf(field({ type: "number", minimum: 1, description: "How far" }))).toBe("How far · number, at least 1");
    expect(noteOf(field({ type: "object" }))).toBe("JSON, empty: {}");
  });
});

describe("what is typed", () => {
  const number = field({ type: "number", minimum: 0, maximum: 100 });
  const integer = field({ type: "integer" });
  const choice = field({ enum: ["open", "closed"] });
  const moment = field({ type: "string", format: "date-time" });
  const lines = field({ type: "array", items: { type: "string" } });

  it.each<[Field, string, unknown]>([
    [field({ type: "string" }), " a b ", " a b "],
    [number, "40", 40],
    [number, " 0.5 ", 0.5],
    [number, "101", "Expected a number from 0 to 100."],
    [number, "many", "Expected a number from 0 to 100."],
    [integer, "7", 7],
    [integer, "7.5", "Expected a whole number."],
    [integer, "9007199254740993", "Expected a whole number."],
    [choice, "open", "open"],
    [choice, "gone", "Expected one of open, closed."],
    [field({ type: "boolean" }), "false", false],
    [moment, "2026-01-31T12:00:00+01:00", "2026-01-31T12:00:00+01:00"],
    [moment, "2026-01-31T12:00:00", "Expected a time with its zone, such as 2026-01-31T12:00:00Z."],
    [moment, "2026-02-99T12:00:00Z", "Expected a time with its zone, such as 2026-01-31T12:00:00Z."],
    [lines, "one\n\ntwo\n", ["one", "two"]],
    [field({ type: "object" }), '{"a": [1]}', { a: [1] }],
    [field({ type: "object" }), "{a}", 'Expected JSON, such as {"key": "value"}.'],
    [field({ type: "string", maxLength: 3 }), "four", "Expected at most 3 characters."],
  ])("%#: %j", (of, text, value) => expect(read(of, text)).toEqual(value));

  it("may be empty where a field is optional: then it is left out", () => {
    expect(valuesOf([field({ type: "string" }, false)], { it: "  " }, NOW)).toEqual({ data: {}, problems: {} });
  });

  it("has to be there where it is required, unless emptiness has a meaning", () => {
    expect(read(field({ type: "string" }), "")).toBe("Required.");
    expect(read(moment, "")).toBe("2026-01-31T12:00:00.000Z");
    expect(read(lines, "")).toEqual([]);
    expect(read(field({ type: "object" }), "")).toEqual({});
    expect(read(field({ anyOf: [{ type: "boolean" }, { type: "string" }, NULL] }), "")).toBeNull();
    expect(read(field({}), "")).toBe("Required.");
  });
});

describe("refusalOf", () => {
  const names = ["status", "logs", "title"];

  it("brings the publisher's words to the fields", () => {
    const message = "pr.created was not sent: status: expected 'open', 'closed'; or so; logs.3: expected text";
    expect(refusalOf(message, names)).toEqual({
      fields: { status: "expected 'open', 'closed'; or so", logs: "3: expected text" },
      rest: "",
    });
  });

  it("keeps what belongs to no field", () => {
    const message = "pr.created was not sent: title: required; colour: not a field of this event";
    expect(refusalOf(message, names)).toEqual({
      fields: { title: "required" },
      rest: "pr.created was not sent: colour: not a field of this event",
    });
    expect(refusalOf("no such type", names)).toEqual({ fields: {}, rest: "no such type" });
  });
});
