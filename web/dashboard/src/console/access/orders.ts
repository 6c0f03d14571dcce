// The orders that end a user's access: docs/PROTOCOL.md, "Access that ends now".
import { refusalOf } from "../publish/refusal.js";
import { roomOf, userId } from "../watch/room-input.js";

export type OrderName = "disconnect" | "remove" | "revoke";

/** What was typed in. */
export interface TypedOrder {
  readonly order: OrderName;
  readonly user: string;
  readonly room: string;
  readonly reason: string;
  /** As `<input type="datetime-local">` has it, in this machine's zone; empty: now. */
  readonly before: string;
}

/** What the service gets. */
export interface Order {
  readonly order: OrderName;
  readonly user: string;
  readonly room?: string;
  readonly reason?: string;
  readonly issued_before?: string;
}

export const LONGEST_REASON = 256;

export const MEANINGS: Readonly<Record<OrderName, string>> = {
  disconnect: "Closes each connection of the user. The tokens stay good: whoever has one may connect again.",
  remove: "Takes the user out of one room. The connections stay open, and a token that opens the room still does.",
  revoke: "Refuses the user's tokens that were issued before a moment, everywhere, and closes what is connected with them.",
};

/** Return the order; or what is wrong with it, by field. */
export function orderOf(typed: TypedOrder, now: Date): { order: Order } | { problems: Partial<Record<keyof TypedOrder, string>> } {
  const problems: Partial<Record<keyof TypedOrder, string>> = {};
  const user = typed.user.trim();
  const reason = typed.reason.trim();
  const room = typed.order === "remove" ? roomOf("room", typed.room) : "";
  const before = typed.order === "revoke" && typed.before ? new Date(typed.before) : null;
  if (!user) problems.user = "Required.";
  if ([...reason].length > LONGEST_REASON) problems.reason = `Expected at most ${LONGEST_REASON} characters.`;
  if (typed.order === "remove" && (!room || room === "global" || room.startsWith("user:"))) {
    problems.room = "Expected a room such as project:atlas; nobody is removed from global or the room of a user.";
  }
  if (before && !(before <= now)) problems.before = "Expected a time that is not in the future.";
  if (Object.keys(problems).length > 0) return { problems };
  return {
    order: {
      order: typed.order,
      user: userId(user),
      ...(room && { room }),
      ...(reason && { reason }),
      ...(before && { issued_before: before.toISOString() }),
    },
  };
}

/** The names that the service gives to the fields. */
const FIELDS: Readonly<Record<string, keyof TypedOrder>> = {
  user_id: "user",
  user: "user",
  room: "room",
  reason: "reason",
  issued_before: "before",
};

/** Return what the service says of an order's fields. */
export function refusedFields(message: string): Partial<Record<keyof TypedOrder, string>> {
  const { fields } = refusalOf(message, Object.keys(FIELDS));
  const problems: Partial<Record<keyof TypedOrder, string>> = {};
  for (const [name, text] of Object.entries(fields)) problems[FIELDS[name] ?? "user"] = text;
  return problems;
}

/** Return an order as words on a button: `Remove ada from project:atlas`. */
export function named({ order, user, room }: Order): string {
  if (order === "remove") return `Remove ${user} from ${room}`;
  return order === "revoke" ? `Revoke tokens of ${user}` : `Disconnect ${user}`;
}
