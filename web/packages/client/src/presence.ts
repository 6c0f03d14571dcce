// Who is in a room, after one more has come or gone.
import type { Envelope } from "./events.js";
import type { Presence } from "./wire.js";

interface Named {
  readonly user_id?: string;
  readonly user_ids?: readonly string[];
  readonly count?: number;
}

/** Return who is there after `presence.joined` or `presence.left`. */
export function afterwards({ users, count }: Presence, event: Envelope): Presence {
  const data = event.data as Named;
  const named = data.user_ids ?? (data.user_id === undefined ? [] : [data.user_id]);
  const others = users.filter((user) => !named.includes(user));
  // The list may be cut, and the count is exact: who is not in the list counts all the same.
  return event.type === "presence.left"
    ? { users: others, count: data.count ?? Math.max(others.length, count - named.length) }
    : { users: [...others, ...named], count: data.count ?? count + others.length + named.length - users.length };
}
