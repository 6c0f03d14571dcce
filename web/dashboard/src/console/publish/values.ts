// From what was typed into a form to the data of an event, or what is wrong with it.
import type { Field } from "./fields.js";

/** What stands in the form, by the field's name. */
export type Typed = Readonly<Record<string, string>>;

export interface Read {
  /** What the fields say; what was left empty is not in it. */
  readonly data: Readonly<Record<string, unknown>>;
  /** What is wrong, by the field's name; empty when nothing is. */
  readonly problems: Readonly<Record<string, string>>;
}

/**
 * Return the data that was typed. An empty field is left out: of a partial update that is what it does not
 * change. A moment that is required and empty is `now`.
 */
export function valuesOf(fields: readonly Field[], typed: Typed, now: Date): Read {
  const data: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const text = typed[field.name] ?? "";
    if (text.trim() === "") {
      if (field.isRequired && field.kind === "moment") data[field.name] = now.toISOString();
      else if (field.blank !== undefined) data[field.name] = JSON.parse(field.blank);
      else if (field.isRequired) problems[field.name] = "Required.";
      continue;
    }
    const { value, problem } = valueOf(field, text);
    if (problem) problems[field.name] = problem;
    else data[field.name] = value;
  }
  return { data, problems };
}

interface Value {
  readonly value?: unknown;
  readonly problem?: string;
}

function valueOf(field: Field, text: string): Value {
  const trimmed = text.trim();
  switch (field.kind) {
    case "number":
    case "integer":
      return numberOf(field, trimmed);
    case "moment":
      return momentOf(trimmed);
    case "choice":
      return field.choices.includes(trimmed) ? { value: trimmed } : { problem: `Expected one of ${field.choices.join(", ")}.` };
    case "flag":
      return { value: trimmed === "true" };
    case "lines":
      return { value: text.split("\n").filter((line) => line.trim() !== "") };
    case "json":
      return jsonOf(trimmed);
    case "text":
      return field.maxLength !== undefined && text.length > field.maxLength
        ? { problem: `Expected at most ${field.maxLength} characters.` }
        : { value: text };
  }
}

function numberOf({ kind, minimum = -Infinity, maximum = Infinity }: Field, text: string): Value {
  const value = Number(text.replace(",", "."));
  const isKind = kind === "integer" ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (isKind && value >= minimum && value <= maximum) return { value };
  const from = minimum === -Infinity ? "" : ` from ${minimum}`;
  const to = maximum === Infinity ? "" : ` to ${maximum}`;
  return { problem: `Expected ${kind === "integer" ? "a whole number" : "a number"}${from}${to}.` };
}

function momentOf(text: string): Value {
  const isWhole = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/i.test(text);
  return isWhole && !Number.isNaN(Date.parse(text))
    ? { value: text }
    : { problem: "Expected a time with its zone, such as 2026-01-31T12:00:00Z." };
}

function jsonOf(text: string): Value {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { problem: 'Expected JSON, such as {"key": "value"}.' };
  }
}
