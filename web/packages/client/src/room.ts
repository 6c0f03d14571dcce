// One room: the position, what came, the state, who is there, and whether anything is missing.
import type { StateKeys } from "./entities.js";
import type { Envelope } from "./events.js";
import { fetchData } from "./large-data.js";
import { Position } from "./position.js";
import { afterwards } from "./presence.js";
import { RoomState } from "./room-state.js";
import type { ConnectionStatus, Epoch } from "./session.js";
import { backoff } from "./time.js";
import { type Presence, type Refusal, type Reply, refusalOf } from "./wire.js";

/** A room as it is now. It is another object after each change, and the same one until then. */
export interface RoomSnapshot {
  /** The newest state of each entity, by its name: `state["workflow:7"].data.progress`. */
  readonly state: Readonly<Record<string, Envelope>>;
  /** The last events in the order of the room, at most `keepEvents`; without presence. */
  readonly events: readonly Envelope[];
  readonly connection: ConnectionStatus;
  /** False when events were lost, and the state of the service did not make up for them. */
  readonly complete: boolean;
  /** True once the service has answered; it stays so while the connection comes back. */
  readonly joined: boolean;
  /** Why the service refuses the room; null when it does not. */
  readonly error: Refusal | null;
  /** Who is there; null when nobody asked, or the service does not tell. */
  readonly presence: Presence | null;
}

/** What the holders of a room want of it. */
export interface Wants {
  readonly state: boolean;
  readonly presence: boolean;
}

/** What a room needs of its client. */
export interface RoomHost {
  readonly stateKeys: StateKeys;
  readonly keepEvents: number;
  /** The id of the last event that came by a connection. */
  lastId(epoch: Epoch): string | undefined;
  request(action: string, body: object, epoch: Epoch): Promise<Reply>;
  wants(): Wants;
  changed(): void;
}

/** Refusals after which the same command may succeed. */
const TRY_AGAIN = ["RATE_LIMITED", "UNAVAILABLE", "NO_REPLY"];

export class Room {
  readonly #host: RoomHost;
  readonly #position = new Position();
  readonly #state: RoomState;
  #events: Envelope[] = [];
  #presence: Presence | null = null;
  #complete = true;
  #error: Refusal | null = null;
  #joined = false;

  #epoch: Epoch = "";
  /** Counts joins: one that is no longer the last one goes on no further. */
  #turn = 0;
  /** The state was never read, or events were lost since. */
  #stateDue = true;
  /** What the service has, until it says otherwise. */
  #hasState = true;
  #hasPresence = true;

  constructor(
    readonly name: string,
    host: RoomHost,
  ) {
    this.#host = host;
    this.#state = new RoomState(host.stateKeys);
  }

  snapshot(connection: ConnectionStatus): RoomSnapshot {
    return {
      state: this.#state.snapshot(),
      events: [...this.#events],
      connection,
      complete: this.#complete,
      joined: this.#joined,
      error: this.#error,
      presence: this.#presence,
    };
  }

  /** The application has fetched what was lost by itself. */
  settle(): void {
    this.#complete = true;
    this.#host.changed();
  }

  /** Nobody is in the room any more: what still comes is left. */
  close(): void {
    this.#turn++;
  }

  /** A fresh token opens these rooms: ask again where it matters. */
  authenticated(rooms: readonly string[]): void {
    if (this.#error || !rooms.includes(this.name)) void this.join(this.#epoch);
  }

  /** The service has put the client out of the room. */
  refuse(error: Refusal): void {
    this.#turn++;
    this.#error = error;
    this.#joined = false;
    this.#presence = null;
    this.#position.left();
    this.#host.changed();
  }

  /** Join on a connection, with what was missed since the last one, and read the state. */
  async join(epoch: Epoch): Promise<void> {
    if (!epoch) return;
    this.#epoch = epoch;
    const turn = ++this.#turn;
    const isBack = !this.#position.isAnswered(epoch);
    const since = isBack ? this.#position.since : undefined;
    const misses = isBack && (since !== undefined || this.#joined);
    if (since !== undefined || !this.#wantsState()) {
      const reply = await this.#subscribe(turn, epoch, since === undefined ? {} : { since });
      if (!reply) return;
      if (misses && !reply.recovered) this.#lose();
      this.#host.changed();
    } else if (misses) this.#lose();
    if (this.#wantsState()) await this.#readState(turn, epoch);
  }

  /** Take an event in; false for one that is late, which nobody needs any more. */
  receive(event: Envelope, epoch: Epoch): boolean {
    if (!event.replayed) this.#position.came(event, epoch);
    if (event.type.startsWith("presence.")) {
      if (this.#presence) this.#presence = afterwards(this.#presence, event);
    } else {
      if (!this.#state.take(event)) return false;
      if (!event.replayed) this.#insert(event);
    }
    this.#host.changed();
    return true;
  }

  /** An event of another room came: the state of an entity that is known here may be in it. */
  overhear(event: Envelope, epoch: Epoch): void {
    this.#position.overheard(event.id, epoch);
    if (this.#state.follow(event)) this.#host.changed();
  }

  #wantsState(): boolean {
    return this.#stateDue && this.#hasState && this.#host.wants().state;
  }

  #lose(): void {
    this.#complete = false;
    this.#stateDue = true;
  }

  /** Send a command, again while it may succeed; undefined when this join is over. */
  async #ask(turn: number, epoch: Epoch, action: string, body: object): Promise<Reply | undefined> {
    for (let attempt = 0; ; attempt++) {
      const reply = await this.#host.request(action, { room: this.name, ...body }, epoch);
      if (turn !== this.#turn || reply.code === "DISCONNECTED") return undefined;
      if (!TRY_AGAIN.includes(reply.code ?? "")) return reply;
      const wait = (reply.retry_after_ms ?? 0) + backoff(attempt);
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (turn !== this.#turn) return undefined;
    }
  }

  /** Send `subscribe`; undefined when it is refused, or this join is over. */
  async #subscribe(turn: number, epoch: Epoch, how: object): Promise<Reply | undefined> {
    const presence = this.#hasPresence && this.#host.wants().presence;
    const reply = await this.#ask(turn, epoch, "subscribe", { ...how, ...(presence && { presence }) });
    const code = reply?.code ?? "";
    if (reply?.status === "success") this.#accept(reply, epoch);
    else if (code === "INVALID_MESSAGE" && (presence || "state" in how)) {
      // A service without presence, or without it in such rooms; then one without state.
      if (presence) this.#hasPresence = false;
      return this.#subscribe(turn, epoch, presence ? how : {});
    } else {
      // Without a token in force the connection ends, and the room is joined on the next one.
      if (reply && !code.startsWith("AUTH_")) this.refuse(refusalOf(reply));
      return undefined;
    }
    return reply;
  }

  #accept(reply: Reply, epoch: Epoch): void {
    this.#joined = true;
    this.#error = null;
    this.#presence = reply.presence ?? null;
    if (!this.#position.isAnswered(epoch)) this.#position.answered(epoch, this.#host.lastId(epoch));
  }

  /** Read all pages of the state. Events that come meanwhile are newer, or repeats. */
  async #readState(turn: number, epoch: Epoch): Promise<void> {
    this.#state.begin();
    let reply = await this.#subscribe(turn, epoch, { state: true });
    if (!reply) return;
    this.#hasState = reply.state !== undefined;
    let isWhole = true;
    for (;;) {
      const page = await Promise.all((reply.state ?? []).map(fetchData));
      if (turn !== this.#turn) return;
      for (const event of page) {
        this.#position.told(event);
        if (event.data_ref) isWhole = false;
      }
      this.#state.read(page);
      if (reply.next === undefined) break;
      this.#host.changed();
      const next = await this.#ask(turn, epoch, "state", { after: reply.next });
      if (turn !== this.#turn) return;
      if (next?.status !== "success") {
        isWhole = false;
        break;
      }
      reply = next;
    }
    if (this.#hasState) {
      // What is not to be had now is read again on the next connection.
      if (isWhole) this.#state.end();
      this.#complete = isWhole;
    }
    this.#stateDue = !isWhole;
    this.#host.changed();
  }

  #insert(event: Envelope): void {
    const seq = event.seq ?? Infinity;
    const at = this.#events.findLastIndex((other) => (other.seq ?? 0) <= seq) + 1;
    this.#events.splice(at, 0, event);
    if (this.#events.length > this.#host.keepEvents) this.#events.shift();
  }
}
