// What is known of one frame of the service, and which frames are shown.

/** How many frames are kept; older ones are dropped. */
export const KEPT = 500;

export interface Frame {
  /** Counts the frames of a watch, from 1. */
  readonly number: number;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
  /** As it came. */
  readonly text: string;
  /** The type of an event; `reply` or `heartbeat` for the others, `unknown` for what is no JSON object. */
  readonly type: string;
  /** In UTF-8. */
  readonly bytes: number;
  /** Milliseconds from the publisher's clock to this machine's; null where the frame is not an event. */
  readonly latency: number | null;
  /** The id of the event; empty where there is none. */
  readonly id: string;
}

/** Return what a frame says. */
export function frameOf(number: number, text: string, at: number): Frame {
  const bytes = new TextEncoder().encode(text).length;
  const { type, status, action, id, timestamp } = objectIn(text);
  const isEvent = typeof type === "string";
  const sent = isEvent && typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN;
  return {
    number,
    at,
    text,
    bytes,
    type: isEvent ? type : status !== undefined ? "reply" : action !== undefined ? "heartbeat" : "unknown",
    latency: Number.isNaN(sent) ? null : at - sent,
    id: isEvent && typeof id === "string" ? id : "",
  };
}

/** Return the object that a text is, or an empty one. */
export function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/**
 * Return whether a type is chosen by patterns with spaces or commas between them, as `subscribe` has
 * them: `workflow.*`, `pr.created`, `*`. None: all are.
 */
export function isChosen(type: string, patterns: string): boolean {
  const given = patterns.split(/[\s,]+/).filter(Boolean);
  if (given.length === 0) return true;
  return given.some((each) => (each.endsWith("*") ? type.startsWith(each.slice(0, -1)) : type === each));
}

/** Return a frame's text with one field a line; as it came when it is no JSON. */
export function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Return a size: `812 B`, `1.4 KB`. */
export function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KB`;
}

/** Return a latency: `38 ms`, `2.5 s`; below 0 when the clocks differ. */
export function latencyText(milliseconds: number): string {
  return Math.abs(milliseconds) < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
