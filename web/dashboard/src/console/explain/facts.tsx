// The fields of an object, as names and values.
import type { ReactNode } from "react";

export type Facts = Readonly<Record<string, unknown>>;

/** Show the fields of an object but those named in `without`; what is missing or empty is left out. */
export function FactList({ facts, without = [] }: { readonly facts: Facts; readonly without?: readonly string[] }): ReactNode {
  const shown = Object.entries(facts).filter(([name, value]) => !without.includes(name) && textOf(value) !== "");
  if (shown.length === 0) return null;
  return (
    <dl className="facts-list">
      {shown.map(([name, value]) => (
        <div key={name}>
          <dt>{name.replaceAll("_", " ")}</dt>
          <dd>{textOf(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Return a value as text: yes and no, lists with commas, objects as JSON; empty for what says nothing. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
