// The fields of an object, as names and values.
import type { ReactNode } from "react";
import { words } from "../../words.js";

export type Facts = Readonly<Record<string, unknown>>;

/** Show the fields of an object but those named in `without`; what is missing or empty is left out. */
export function FactList({ facts, without = [] }: { readonly facts: Facts; readonly without?: readonly string[] }): ReactNode {
  const shown = Object.entries(facts).filter(([name, value]) => !without.includes(name) && textOf(value) !== "");
  if (shown.length === 0) return null;
  return (
    <dl className="facts-list">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{words(name)}</dt>
          <dd>{textOf(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Return a value as text: yes and no, objects as `name value, name value`; empty for what says nothing. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(textOf).join(value.some((each) => typeof each === "object") ? "; " : ", ");
  if (typeof value !== "object") return String(value);
  const said = Object.entries(value).map(([name, each]) => [words(name), textOf(each)] as const);
  return said.filter(([, text]) => text !== "").map(([name, text]) => `${name} ${text}`).join(", ");
}
