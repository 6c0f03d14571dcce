// Which room is meant by what was typed: docs/PROTOCOL.md, chapter 3.

export type Kind = "room" | "user";

/** Return the name of a room; empty for what cannot be one. A user's room is `user:<id>`. */
export function roomOf(kind: Kind, typed: string): string {
  const text = typed.trim();
  if (!text) return "";
  if (kind === "user") return `user:${userId(text.replace(/^user:/, ""))}`;
  return text === "global" || /^[^:\s]+:[^\s]+$/.test(text) ? text : "";
}

/** Return a user's id as the service writes it: `%XX` for the bytes of what an id cannot hold. */
export function userId(typed: string): string {
  return typed.replace(/%[0-9A-F]{2}|[^A-Za-z0-9._\-|@+/=~]/gu, (part) => {
    if (part.length === 3 && part.startsWith("%")) return part;
    return [...new TextEncoder().encode(part)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
  });
}
