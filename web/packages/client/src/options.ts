// What a client is made with.
import type { StateKeys } from "./entities.js";
import { jsonTransport } from "./json-link.js";
import type { TokenSource, Transport } from "./link.js";

export interface ClientOptions {
  /** `wss://<your domain>/ws`; or `transport`. */
  readonly url?: string;
  /** Another way to the service: `overSocketio(socket)` of `@roomcast/client/socketio`. */
  readonly transport?: Transport;
  /**
   * The token, or what fetches one: before each connection, and before the last one ends. `refused`
   * tells that the last one opened no connection. null: there is none, and no connection then.
   */
  readonly token?: string | TokenSource;
  /** Share one connection with the other tabs of the same user; a text names the group instead. */
  readonly tabs?: boolean | string;
  /** Milliseconds after which a hidden page lets its connection go, 5 minutes; Infinity: never. */
  readonly hiddenAfter?: number;
  /** How many events a room keeps, 100. */
  readonly keepEvents?: number;
  /** The entities of your own events, as their `state_key` says: `{deploy: "service"}`. */
  readonly stateKeys?: StateKeys;
}

/** Return how a client connects. */
export function transportOf({ url, transport, token }: ClientOptions): Transport {
  if (transport) return transport;
  if (!url) throw new TypeError("expected the option url or transport");
  return jsonTransport(url, typeof token === "string" ? () => token : token);
}
