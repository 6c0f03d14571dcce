// The session of one user: shared with the user's other tabs where that can be.
import { Connection } from "./connection.js";
import type { Transport } from "./link.js";
import type { Epoch, Session, SessionListener } from "./session.js";
import { claimsOf } from "./token.js";
import { DISCONNECTED, type Reply } from "./wire.js";

export class UserSession implements Session {
  readonly #transport: Transport;
  readonly #tabs: boolean | string;
  readonly #address: string;
  readonly #listener: SessionListener;
  #session: Session | null = null;
  #stopped = false;

  /** `tabs` is the name of the group that shares a connection; true: the token tells whose it is. */
  constructor(transport: Transport, tabs: boolean | string, address: string, listener: SessionListener) {
    this.#transport = transport;
    this.#tabs = tabs;
    this.#address = address;
    this.#listener = listener;
  }

  start(): void {
    if (this.#transport.borrowed || !this.#tabs || !canShare()) this.#begin(new Connection(this.#transport, this.#listener));
    else void this.#share(this.#tabs);
  }

  stop(): void {
    this.#stopped = true;
    this.#session?.stop();
  }

  check(): void {
    this.#session?.check();
  }

  request(action: string, body: object, epoch: Epoch): Promise<Reply> {
    return this.#session?.request(action, body, epoch) ?? Promise.resolve(DISCONNECTED);
  }

  async #share(tabs: true | string): Promise<void> {
    this.#listener.status("connecting", null);
    // A module of its own: pages that cannot share a connection do not load it.
    const loading = import("./tabs.js").catch(() => null);
    const [transport, group] = tabs === true ? await asUser(this.#transport) : [this.#transport, tabs];
    const module = await loading;
    if (this.#stopped) return;
    const connection = (listener: SessionListener): Session => new Connection(transport, listener);
    const name = `roomcast ${this.#address} ${group}`;
    this.#begin(module && group ? new module.SharedSession(name, connection, this.#listener) : connection(this.#listener));
  }

  #begin(session: Session): void {
    this.#session = session;
    session.start();
  }
}

/** Tell whether this browser can share a connection; pages that are not secure have no locks. */
function canShare(): boolean {
  return typeof document !== "undefined" && !!navigator.locks && typeof BroadcastChannel !== "undefined";
}

/** Return whose tab this is, and a transport whose first connection uses the token that told it. */
async function asUser(transport: Transport): Promise<[Transport, string]> {
  const { token } = transport;
  if (!token) return [transport, ""];
  let kept: string | null | undefined;
  try {
    kept = await token(false);
  } catch {
    // The connection asks again, and waits between its tries.
  }
  const first = (refused: boolean): ReturnType<typeof token> => {
    const given = kept;
    kept = undefined;
    return given === undefined ? token(refused) : given;
  };
  const { sub, tenant } = claimsOf(kept ?? undefined);
  // `ada` of one tenant and `ada` of another are two users: docs/PROTOCOL.md, Tenants.
  return [{ ...transport, token: first }, !sub ? "" : tenant ? `${sub} ${tenant}` : sub];
}
