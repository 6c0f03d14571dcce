// The client: its rooms, its handlers, and whether there is a connection at all.
import type { Envelope, EventOf } from "./events.js";
import { added, callAll, GRACE, HeldRoom } from "./held-room.js";
import { fetchData } from "./large-data.js";
import type { Transport } from "./link.js";
import { type ClientOptions, transportOf } from "./options.js";
import { watchPage } from "./page.js";
import { canonical } from "./room-name.js";
import type { Room, RoomSnapshot, Wants } from "./room.js";
import type { ConnectionStatus, Epoch, Session, SessionListener } from "./session.js";
import { UserSession } from "./user-session.js";
import { DISCONNECTED, type Refusal } from "./wire.js";

/** The connection as it is now. */
export interface ConnectionSnapshot {
  readonly status: ConnectionStatus;
  /** Why it is closed; null when it is not. */
  readonly error: Refusal | null;
}

/** A room that somebody is in, until `leave`. */
export interface RoomHandle {
  snapshot(): RoomSnapshot;
  /** Call `listener` after each change; return what ends that. */
  onChange(listener: () => void): () => void;
  /** As `Client.settle`. */
  settle(): void;
  leave(): void;
}

const HIDDEN_AFTER = 300_000;
/** The ids of so many events are kept to know repeats. */
const KNOWN_IDS = 4_096;

/** Return a client. It connects when something is held of it: a room, a handler, or itself. */
export function createClient(options: ClientOptions): Client {
  return new Client(options);
}

export class Client {
  readonly #options: ClientOptions;
  readonly #rooms = new Map<string, HeldRoom>();
  readonly #handlers = new Map<string, Set<(event: Envelope) => void>>();
  readonly #listeners = new Set<() => void>();
  readonly #holds = new Set<object>();
  readonly #ids = new Set<string>();
  /** What a room looks like that nobody is in. */
  readonly #nowhere: HeldRoom;
  readonly #transport: Transport;
  #session: Session | null = null;
  #epoch: Epoch = "";
  #last: { readonly id: string; readonly epoch: Epoch } | undefined;
  #connection: ConnectionSnapshot = { status: "idle", error: null };
  #ending: ReturnType<typeof setTimeout> | undefined;
  #unwatch: (() => void) | undefined;
  #hidden = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#transport = transportOf(options);
    this.#nowhere = new HeldRoom("", this.#host(), () => undefined);
  }

  /** Be in a room until `leave`. All who hold it share it, with its position, state and events. */
  room(name: string, { state = true, presence = false }: Partial<Wants> = {}): RoomHandle {
    const held = this.#held(canonical(name));
    const letGo = held.hold({ state, presence }, this.#epoch);
    const release = this.hold();
    return {
      snapshot: () => held.snapshot(this.#connection.status),
      onChange: (listener) => held.onChange(listener),
      settle: () => held.room.settle(),
      leave() {
        letGo();
        release();
      },
    };
  }

  /** Return a room as it is now, whether somebody is in it or not. */
  snapshot(name: string): RoomSnapshot {
    return (this.#rooms.get(canonical(name)) ?? this.#nowhere).snapshot(this.#connection.status);
  }

  /** Tell that the application has fetched what a room has lost: `complete` is true again. */
  settle(name: string): void {
    this.#rooms.get(canonical(name))?.room.settle();
  }

  /** Call `handler` with each event of a type, `*` for all; return what ends that. */
  on<Type extends string>(type: Type, handler: (event: EventOf<Type>) => void): () => void {
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers);
    const off = added(handlers, (event: Envelope) => handler(event as EventOf<Type>));
    const release = this.hold();
    return () => {
      off();
      release();
    };
  }

  get connection(): ConnectionSnapshot {
    return this.#connection;
  }

  /** Call `listener` after each change of `connection`; return what ends that. */
  onConnection(listener: () => void): () => void {
    return added(this.#listeners, () => listener());
  }

  /** Keep the connection until the function that is returned is called. */
  hold(): () => void {
    const hold = {};
    this.#holds.add(hold);
    clearTimeout(this.#ending);
    if (this.#connection.status !== "closed") this.connect();
    return () => {
      if (this.#holds.delete(hold) && !this.#holds.size) this.#ending = setTimeout(() => this.close(), GRACE);
    };
  }

  /** Connect; also after the service, or a missing token, has closed the connection for good. */
  connect(): void {
    if (this.#connection.status === "closed") this.#stop();
    this.#unwatch ??= this.#watch();
    this.#start();
  }

  /** End the connection; the rooms that are held are joined again after `connect`. */
  close(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#hidden = false;
    this.#stop();
  }

  #start(): void {
    if (this.#session || this.#hidden) return;
    const { tabs = true, url = "" } = this.#options;
    const session = new UserSession(this.#transport, tabs, url, this.#sessionListener());
    this.#session = session;
    session.start();
  }

  #stop(): void {
    const session = this.#session;
    this.#session = null;
    session?.stop();
    this.#status("idle", null);
  }

  #sessionListener(): SessionListener {
    return {
      status: (status, error) => this.#session && this.#status(status, error),
      opened: (epoch, lastId) => {
        this.#epoch = epoch;
        if (lastId) this.#last = { id: lastId, epoch };
        for (const held of this.#rooms.values()) held.join(epoch);
      },
      authenticated: (rooms) => {
        for (const { room } of this.#rooms.values()) room.authenticated(rooms);
      },
      event: (event, epoch) => this.#event(event, epoch),
    };
  }

  #status(status: ConnectionStatus, error: Refusal | null): void {
    if (status !== "open") this.#epoch = "";
    if (status === this.#connection.status && error === this.#connection.error) return;
    this.#connection = { status, error };
    for (const held of [...this.#rooms.values(), this.#nowhere]) held.changed();
    callAll(this.#listeners);
  }

  #event(event: Envelope, epoch: Epoch): void {
    const isRepeat = this.#ids.has(event.id);
    // A state has the id of the newest event in it, and may tell more than that event did.
    if (isRepeat && event.replayed) this.#rooms.get(event.room)?.room.receive(event, epoch);
    if (isRepeat) return;
    this.#ids.add(event.id);
    const [oldest] = this.#ids;
    if (this.#ids.size > KNOWN_IDS && oldest) this.#ids.delete(oldest);
    if (event.data_ref) void fetchData(event).then((whole) => this.#take(whole, epoch));
    else this.#take(event, epoch);
  }

  #take(event: Envelope, epoch: Epoch): void {
    this.#last = { id: event.id, epoch };
    const { error_code: code, error_message: message, room: about } = event.data as Record<string, string | undefined>;
    if (event.type === "connection.error" && code === "ACCESS_REVOKED" && about) {
      this.#rooms.get(about)?.room.refuse({ code, message: message ?? "" });
    }
    for (const [name, { room }] of this.#rooms) if (name !== event.room) room.overhear(event, epoch);
    if (this.#rooms.get(event.room)?.room.receive(event, epoch) === false) return;
    callAll(this.#handlers.get(event.type), event);
    callAll(this.#handlers.get("*"), event);
  }

  #held(name: string): HeldRoom {
    const found = this.#rooms.get(name);
    if (found) return found;
    const held = new HeldRoom(name, this.#host(), () => this.#leave(held.room));
    this.#rooms.set(name, held);
    return held;
  }

  #host() {
    return {
      stateKeys: this.#options.stateKeys ?? {},
      keepEvents: this.#options.keepEvents ?? 100,
      lastId: (epoch: Epoch) => (this.#last?.epoch === epoch ? this.#last.id : undefined),
      request: (action: string, body: object, epoch: Epoch) =>
        this.#session?.request(action, body, epoch) ?? Promise.resolve(DISCONNECTED),
    };
  }

  #leave(room: Room): void {
    room.close();
    this.#rooms.delete(room.name);
    // Everybody is in these two: leaving them would silence them for handlers of their events.
    if (room.name === "global" || room.name.startsWith("user:")) return;
    void this.#session?.request("unsubscribe", { room: room.name }, this.#epoch);
  }

  #watch(): () => void {
    const { hiddenAfter = HIDDEN_AFTER } = this.#options;
    return watchPage(
      {
        woke: () => this.#session?.check(),
        hidden: () => {
          this.#hidden = true;
          if (this.#connection.status !== "closed") this.#stop();
        },
        shown: () => {
          this.#hidden = false;
          if (this.#session) this.#session.check();
          else this.#start();
        },
      },
      this.#transport.borrowed ? Infinity : hiddenAfter,
    );
  }
}
