// What the rooms of a client see of the connection, their own or the one of another tab.
import type { Envelope } from "./events.js";
import type { Refusal, Reply } from "./wire.js";

/**
 * - `idle`: nobody needs a connection, or the page is hidden
 * - `connecting`: the first attempt
 * - `open`: events come
 * - `reconnecting`: it was open and will be again
 * - `closed`: for good, until `connect` is called; the error says why
 */
export type ConnectionStatus = "idle" | "connecting" | "open" | "reconnecting" | "closed";

/** Names one connection to the service; there are two for a moment when one replaces the other. */
export type Epoch = string;

/** What a session tells. */
export interface SessionListener {
  status(status: ConnectionStatus, error: Refusal | null): void;
  /**
   * Rooms have to be joined on this connection; the one before it may still bring events. `lastId`
   * is the last event that another tab has heard by it.
   */
  opened(epoch: Epoch, lastId?: string): void;
  /** A fresh token opens these rooms. */
  authenticated(rooms: readonly string[]): void;
  event(event: Envelope, epoch: Epoch): void;
}

/** A connection that comes back. */
export interface Session {
  start(): void;
  stop(): void;
  /** Look whether the connection is alive, now: the machine or the page has slept. */
  check(): void;
  /** Send a command on one connection. */
  request(action: string, body: object, epoch: Epoch): Promise<Reply>;
}
