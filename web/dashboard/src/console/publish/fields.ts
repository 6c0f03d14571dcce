// From the schema of an event's data to the fields of a form.
import { resolved, type Schema } from "./schema.js";

/**
 * How a value is typed in:
 * - `text`, `number`, `integer`: one line; a text that may also be an integer is `text`
 * - `moment`: a time, as RFC 3339
 * - `choice`: one of `choices`; `flag`: yes or no
 * - `lines`: a list of texts, one a line
 * - `json`: anything else
 */
export type Kind = "text" | "number" | "integer" | "moment" | "choice" | "flag" | "lines" | "json";

/** One field of a form. */
export interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly isRequired: boolean;
  readonly isNullable: boolean;
  readonly choices: readonly string[];
  /** What a required field that is left empty stands for, as JSON; undefined: it has to be filled in. */
  readonly blank?: string | undefined;
  readonly description: string;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly maxLength?: number | undefined;
}

/** Return the fields of an event's data, the required ones first. */
export function fieldsOf(data: Schema, document: Schema): readonly Field[] {
  const fields = Object.entries(data.properties ?? {}).map(([name, schema]) =>
    fieldOf(name, schema, document, data.required?.includes(name) ?? false),
  );
  return [...fields.filter((each) => each.isRequired), ...fields.filter((each) => !each.isRequired)];
}

function fieldOf(name: string, given: Schema, document: Schema, isRequired: boolean): Field {
  const schema = resolved(given, document);
  const options = alternatives(schema).map((each) => resolved(each, document));
  const meant = options.filter((each) => each.type !== "null");
  const [first = {}] = meant;
  const kind = meant.length === 1 ? kindOf(name, first, document) : kindOfSeveral(meant);
  return {
    name,
    kind,
    isRequired,
    isNullable: meant.length < options.length,
    blank: isRequired ? blankOf(kind, first, meant.length < options.length) : undefined,
    choices: kind === "choice" ? (first.enum ?? [first.const]).map(String) : [],
    description: schema.description ?? first.description ?? "",
    minimum: first.minimum,
    maximum: first.maximum,
    maxLength: first.maxLength,
  };
}

/** Return what a value may be, `null` as an alternative of its own. */
function alternatives(schema: Schema): readonly Schema[] {
  if (schema.anyOf ?? schema.oneOf) return schema.anyOf ?? schema.oneOf ?? [];
  if (typeof schema.type === "string" || schema.type === undefined) return [schema];
  return schema.type.map((type) => ({ ...schema, type }));
}

function kindOf(name: string, schema: Schema, document: Schema): Kind {
  const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (values) return values.every((value) => typeof value === "string") ? "choice" : "json";
  if (schema.type === "integer" || schema.type === "number") return schema.type;
  if (schema.type === "boolean") return "flag";
  if (schema.type === "array") return isText(resolved(schema.items ?? {}, document)) ? "lines" : "json";
  if (schema.type !== "string") return "json";
  // The library's events do not say `date-time`, for publishers take more: their names tell.
  return schema.format === "date-time" || name.endsWith("_at") ? "moment" : "text";
}

function blankOf(kind: Kind, schema: Schema, isNullable: boolean): string | undefined {
  if (kind === "lines" || (kind === "json" && schema.type === "array")) return "[]";
  if (kind !== "json") return undefined;
  return schema.type === "object" ? "{}" : isNullable ? "null" : undefined;
}

/** A text or an integer is typed as text, which publishers take as well; other mixtures as JSON. */
function kindOfSeveral(schemas: readonly Schema[]): Kind {
  const areSimple = schemas.length > 0 && schemas.every((each) => isText(each) || each.type === "integer");
  return areSimple && schemas.some(isText) ? "text" : "json";
}

function isText(schema: Schema): boolean {
  return schema.type === "string" && !schema.enum && schema.const === undefined;
}
