// Names of rooms: docs/PROTOCOL.md, chapter 3.

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Return the name of a room as the service writes it: UUIDs in lower case. */
export function canonical(name: string): string {
  const at = name.indexOf(":") + 1;
  const id = name.slice(at);
  return UUID.test(id) ? name.slice(0, at) + id.toLowerCase() : name;
}
