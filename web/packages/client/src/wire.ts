// What travels between a client and the service: docs/PROTOCOL.md, chapters 1 and 6.
import type { Envelope } from "./events.js";

/** A refusal: a code of the protocol's chapter 7, or one of the two that this package adds. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Who is in a room: user ids, of which the service names some hundred, and how many there are. */
export interface Presence {
  readonly users: readonly string[];
  readonly count: number;
}

/** The answer to a command. */
export interface Reply {
  readonly status: "success" | "error" | "pong";
  readonly room?: string;
  readonly rooms?: readonly unknown[];
  readonly recovered?: boolean;
  readonly replayed?: number;
  readonly state?: readonly Envelope[];
  readonly next?: string;
  readonly presence?: Presence;
  readonly expires_at?: string;
  readonly code?: string;
  readonly message?: string;
  readonly retry_after_ms?: number;
}

/** The connection ended before the reply came: whether the command was executed is unknown. */
export const DISCONNECTED: Reply = { status: "error", code: "DISCONNECTED", message: "the connection ended" };

/** No reply came in time. */
export const NO_REPLY: Reply = { status: "error", code: "NO_REPLY", message: "no reply came in time" };

/** Return the refusal that a reply is. */
export function refusalOf(reply: Reply): Refusal {
  return { code: reply.code ?? "", message: reply.message ?? "" };
}
