// One field of a form, with its label, what may stand in it and what is wrong.
import { type ChangeEvent, type ReactNode, useId } from "react";
import type { Field } from "./fields.js";

interface FieldInputProps {
  readonly field: Field;
  readonly value: string;
  readonly problem: string | undefined;
  readonly onChange: (value: string) => void;
}

const ROWS = { lines: 3, json: 4 } as const;
const FLAGS = ["true", "false"];

/** Ask for the value of a field. */
export function FieldInput({ field, value, problem, onChange }: FieldInputProps): ReactNode {
  const id = useId();
  const note = noteOf(field);
  const shared = {
    id,
    name: field.name,
    value,
    "aria-required": isNeeded(field),
    "aria-invalid": problem !== undefined,
    "aria-describedby": `${id}-note ${id}-problem`,
    spellCheck: false,
    autoComplete: "off",
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>) => onChange(event.target.value),
  };
  return (
    <div className="field" data-field={field.name}>
      <label htmlFor={id}>
        {field.name}
        {isNeeded(field) && <span aria-hidden="true"> *</span>}
      </label>
      {inputOf(field, shared)}
      <p id={`${id}-note`} className="soft wrap">
        {note}
      </p>
      <p id={`${id}-problem`} className="problem wrap">
        {problem}
      </p>
    </div>
  );
}

type Shared = React.ComponentProps<"input"> & React.ComponentProps<"textarea"> & React.ComponentProps<"select">;

function inputOf(field: Field, shared: Pick<Shared, "id" | "name" | "value" | "onChange">): ReactNode {
  if (field.kind === "choice" || field.kind === "flag") {
    return (
      <select {...shared}>
        <option value="">{field.isRequired ? "choose …" : "left out"}</option>
        {(field.kind === "flag" ? FLAGS : field.choices).map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    );
  }
  if (field.kind === "lines" || field.kind === "json") return <textarea {...shared} rows={ROWS[field.kind]} />;
  const isNumber = field.kind === "number" || field.kind === "integer";
  // Not `type="number"`: it hides what was typed when it is no number, and a wheel changes it.
  return <input {...shared} type="text" inputMode={isNumber ? "decimal" : "text"} />;
}

function isNeeded(field: Field): boolean {
  return field.isRequired && field.kind !== "moment" && field.blank === undefined;
}

/** Return what may stand in a field, in a few words. */
export function noteOf(field: Field): string {
  const { kind, isRequired, blank, minimum, maximum, description } = field;
  const range =
    minimum !== undefined && maximum !== undefined
      ? `${minimum} to ${maximum}`
      : minimum !== undefined
        ? `at least ${minimum}`
        : maximum !== undefined
          ? `at most ${maximum}`
          : "";
  const kinds: Readonly<Record<string, string>> = {
    number: "number",
    integer: "whole number",
    moment: isRequired ? "time with its zone; empty: now" : "time with its zone",
    lines: "one text a line",
    json: "JSON",
  };
  const empty = blank === undefined ? "" : `empty: ${blank}`;
  return [description, [kinds[kind], range, empty].filter(Boolean).join(", ")].filter(Boolean).join(" · ");
}
