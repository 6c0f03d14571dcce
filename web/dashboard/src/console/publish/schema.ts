// The JSON Schema of the events, as `roomcast schema` writes it: which events can be published, and their data.

/** A JSON Schema, as far as forms read it. */
export interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly else?: Schema;
}

/** Types that the service keeps for itself: docs/PROTOCOL.md, chapter 2. */
const RESERVED = /^(connection|presence|access)\./;

/** Return the schema of the data of each event that can be published, by type, in the document's order. */
export function publishable(document: Schema): ReadonlyMap<string, Schema> {
  const found = new Map<string, Schema>();
  for (const each of document.oneOf ?? []) {
    const event = resolved(each, document);
    const type = event.allOf?.map((part) => part.properties?.["type"]?.const).find((it) => typeof it === "string");
    const data = event.allOf?.map((part) => part.else?.properties?.["data"]).find(Boolean);
    if (typeof type === "string" && data && !RESERVED.test(type)) found.set(type, resolved(data, document));
  }
  return found;
}

/** Follow `$ref` inside the document; what leads nowhere is a schema that takes everything. */
export function resolved(schema: Schema, document: Schema): Schema {
  let at = schema;
  for (let depth = 0; at.$ref && depth < 16; depth++) {
    const target = document.$defs?.[decodeURIComponent(at.$ref.replace(/^#\/\$defs\//, ""))] ?? {};
    const { $ref: _, ...beside } = at;
    at = { ...target, ...beside };
  }
  return at;
}
