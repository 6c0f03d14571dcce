// One connection to the service, whatever protocol it speaks: what its owner may expect of it.
import type { Envelope } from "./events.js";
import type { Reply } from "./wire.js";

/** What a link tells its owner. Nothing is told after `closed`, nor after `Link.close`. */
export interface LinkListener {
  /** Commands can be sent. */
  open(): void;
  /** Something came: the connection is alive. */
  heard(): void;
  event(event: Envelope): void;
  /** The connection is gone; `itself`: it comes back without being asked to. */
  closed(itself: boolean): void;
}

/** One connection. */
export interface Link {
  /** Send a command. The reply is `DISCONNECTED` or `NO_REPLY` where the service gives none. */
  request(action: string, body: object, patience?: number): Promise<Reply>;
  /** End it; `broken` tells that nothing comes through it any more. */
  close(broken?: boolean): void;
}

/** How links are made. */
export interface Transport {
  open(token: string | undefined, listener: LinkListener): Link;
  /** Return a token; null when there is none, and there should be no connection. */
  readonly token?: TokenSource | undefined;
  /** The connection is somebody else's: it is not replaced before its end, nor ended when hidden. */
  readonly borrowed: boolean;
}

/** `refused` tells that the last token opened no connection, so that a kept one is worth nothing. */
export type TokenSource = (refused: boolean) => string | null | Promise<string | null>;
