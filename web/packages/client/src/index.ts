// Rooms of Roomcast in browsers, without a framework. For React: `@roomcast/client/react`.
export { Client, type ConnectionSnapshot, createClient, type RoomHandle } from "./client.js";
export type { StateKeys } from "./entities.js";
export type * from "./events.js";
export type { Link, LinkListener, TokenSource, Transport } from "./link.js";
export type { ClientOptions } from "./options.js";
export type { RoomSnapshot, Wants } from "./room.js";
export type { ConnectionStatus } from "./session.js";
export type { Presence, Refusal, Reply } from "./wire.js";
