// The service over a socket of socket.io-client that the application has: docs/PROTOCOL.md, chapter 12.
import type { Envelope } from "./events.js";
import type { Link, LinkListener, TokenSource, Transport } from "./link.js";
import { Pending } from "./pending.js";
import type { Reply } from "./wire.js";

/** What is used of a `Socket` of socket.io-client 4, which need not be installed. */
export interface SocketLike {
  readonly connected: boolean;
  readonly active: boolean;
  auth?: unknown;
  // Typed sockets take the names of their own events only, so these are left open.
  on(name: any, listener: (...args: any[]) => void): unknown;
  off(name: any, listener: (...args: any[]) => void): unknown;
  onAny(listener: (...args: any[]) => void): unknown;
  offAny(listener: (...args: any[]) => void): unknown;
  emit(name: any, ...args: any[]): unknown;
  connect(): unknown;
  disconnect(): unknown;
}

/**
 * Return the transport over a socket, which stays the application's. Fresh tokens come from the
 * socket's option `auth`, an object or a function, unless `token` fetches them.
 */
export function overSocketio(socket: SocketLike, token?: TokenSource): Transport {
  // What the application has ended is not connected again but by the application.
  const ended = { byApplication: false };
  return {
    borrowed: true,
    token: token ?? (() => authToken(socket)),
    open: (_token, listener) => attach(socket, listener, ended),
  };
}

/** Return the token of the socket's option `auth`, an object or a function with a callback. */
async function authToken(socket: SocketLike): Promise<string> {
  const { auth } = socket;
  const given = typeof auth === "function" ? await new Promise((resolve) => auth(resolve)) : auth;
  return (given as { token?: string } | undefined)?.token ?? "";
}

function attach(socket: SocketLike, listener: LinkListener, ended: { byApplication: boolean }): Link {
  const pending = new Pending();
  const heard = (_name: string, event: Envelope): void => {
    listener.heard();
    if (event?.type && event.id) listener.event(event);
  };
  const connected = (): void => {
    ended.byApplication = false;
    listener.open();
  };
  const lost = (reason?: string): void => {
    detach();
    ended.byApplication = reason === "io client disconnect";
    listener.closed(socket.active || ended.byApplication);
  };
  // While the socket is active it tries again by itself; else the service has refused it.
  const refused = (): void => {
    if (!socket.active) lost("refused");
  };
  const detach = (): void => {
    socket.off("connect", connected);
    socket.off("disconnect", lost);
    socket.off("connect_error", refused);
    socket.offAny(heard);
    pending.close();
    attached = false;
  };
  let attached = true;
  socket.on("connect", connected);
  socket.on("disconnect", lost);
  socket.on("connect_error", refused);
  socket.onAny(heard);
  if (socket.connected) queueMicrotask(() => attached && socket.connected && listener.open());
  else if (!socket.active && !ended.byApplication) socket.connect();
  return {
    request: (action, body, patience) =>
      pending.ask((id) => {
        if (!attached) pending.close();
        else
          socket.emit(action, body, (reply: Reply) => {
            if (attached) listener.heard();
            pending.answer(id, reply);
          });
      }, patience),
    close(broken) {
      detach();
      if (broken) socket.disconnect();
    },
  };
}
