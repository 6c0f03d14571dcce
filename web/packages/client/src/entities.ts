// Whose state an event tells, and which of two events about one entity is newer: chapter 11, Order.
import type { Envelope } from "./events.js";

type Data = Readonly<Record<string, unknown>>;

/** The field, or the fields, that identify an event's entity, by its type or by what stands before the dot. */
export type StateKeys = Readonly<Record<string, string | readonly string[]>>;

/** The built-in entities; the field `<kind>_id` identifies each. */
const BUILT_IN = ["workflow", "agent", "project", "pr", "issue", "suggestion"];
/** Events that tell a state and nothing else: a newer one replaces them. */
const STATE_EVENT = /^(workflow\.(started|progress)|agent\.status_changed|(project|pr|issue)\.updated)$/;
/** Fields that add to what was told before: no newer event repeats them. */
const ADDITIONS = ["changes", "logs", "errors"];
/** Fields that mean nothing any more once a newer event tells of the same entity. */
const PASSING = ["current_step", "estimated_time_remaining", ...ADDITIONS];
/** Fields of issues whose null says that there is none; of others it says nothing. */
const CLEARED = ["priority", "assigned_to"];

/** What is known of one entity: all that was told, and which event told each field last. */
export interface Known {
  readonly merged: Envelope;
  /** The newest event about it. */
  readonly last: Envelope;
  readonly from: Readonly<Record<string, Envelope>>;
}

/** Return whose state an event tells, `workflow:7`; empty when it tells none. */
export function entityOf(event: Envelope, own: StateKeys): string {
  if (event.entity) return event.entity;
  const kind = event.type === "ai.suggestion" ? "suggestion" : kindOf(event.type, ".");
  const escaped = (id: unknown): string => String(id).replace(/%/g, "%25").replace(/:/g, "%3A");
  const data = event.data as Data;
  const fields = own[event.type] ?? own[kind];
  if (!fields) {
    const id = BUILT_IN.includes(kind) ? (data[`${kind}_id`] ?? "") : "";
    return id === "" ? "" : `${kind}:${id}`;
  }
  const ids = [fields].flat().map((field) => data[field]);
  return ids.length && ids.every((id) => id != null) ? [kind, ...ids].map(escaped).join(":") : "";
}

/** Tell whether an event is newer than another one about the same entity, or as new. */
export function isNewer(event: Envelope, than: Envelope): boolean {
  return than.publisher && than.publisher === event.publisher
    ? (event.number ?? 0) >= (than.number ?? 0)
    : event.room !== than.room
      ? event.timestamp >= than.timestamp
      : (event.seq ?? Infinity) >= (than.seq ?? 0);
}

/** Tell whether an event comes late and says nothing that the newer one does not. */
export function isLate(event: Envelope, known: Known | undefined): boolean {
  if (!known || !STATE_EVENT.test(event.type)) return false;
  if (known.last.publisher !== event.publisher || isNewer(event, known.last)) return false;
  const data = event.data as Data;
  const newer = known.last.data as Data;
  return Object.keys(data).every(
    (name) => !isTold(data[name]) || (PASSING.includes(name) ? !ADDITIONS.includes(name) : isTold(newer[name])),
  );
}

/**
 * Return what is known of an entity after one more event, in whatever order they come, as the
 * service merges them: each field has the value of the newest event that gave it.
 */
export function merge(known: Known | undefined, event: Envelope, entity: string): Known {
  const isNewest = !known || isNewer(event, known.last);
  const kind = kindOf(entity, ":");
  const passing = BUILT_IN.includes(kind) ? PASSING : [];
  const data: Record<string, unknown> = { ...known?.merged.data };
  const from = { ...known?.from };
  if (isNewest) for (const name of passing) delete data[name];
  for (const [name, value] of Object.entries(event.data)) {
    const before = from[name];
    const isNull = (it: unknown): boolean => it === null && !(kind === "issue" && CLEARED.includes(name));
    const counts = !before || (!isNull(value) && (isNull(data[name]) || isNewer(event, before)));
    if (!(passing.includes(name) ? isNewest : counts)) continue;
    data[name] = value;
    from[name] = event;
  }
  const last = isNewest ? event : known.last;
  return { merged: { ...last, data }, last, from };
}

function kindOf(name: string, end: string): string {
  return name.split(end, 1)[0] ?? "";
}

function isTold(value: unknown): boolean {
  return value != null && value !== "" && !(typeof value === "object" && Object.keys(value).length === 0);
}
