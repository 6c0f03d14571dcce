// What the publisher says of an event, brought to the fields that it speaks of.

export interface Refusal {
  /** What was expected, by the field's name. */
  readonly fields: Readonly<Record<string, string>>;
  /** What belongs to no field of the form. */
  readonly rest: string;
}

/**
 * Return a publisher's words by field. They are those of the library's `InvalidEvent`:
 * `pr.created was not sent: status: expected …; logs.3: expected text`.
 */
export function refusalOf(message: string, names: readonly string[]): Refusal {
  const [, head = "", details = ""] = /^(.*? was not sent: )?(.*)$/s.exec(message) ?? [];
  const fields: Record<string, string> = {};
  const rest: string[] = [];
  let last = "";
  for (const part of details.split("; ")) {
    const [, path = "", text = ""] = /^([\w-]+(?:\.[\w-]+)*): (.*)$/s.exec(part) ?? [];
    const [name = ""] = path.split(".");
    if (names.includes(name)) {
      const told = path === name ? text : `${path.slice(name.length + 1)}: ${text}`;
      fields[name] = fields[name] ? `${fields[name]}; ${told}` : told;
      last = name;
    } else if (last && !path) fields[last] += `; ${part}`;
    else rest.push(part);
  }
  return { fields, rest: rest.length ? head + rest.join("; ") : "" };
}
