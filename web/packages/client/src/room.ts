// One room: the position, what came, the state, who is there, and whether anything is missing.
import { entityOf, isLate, type Known, merge, type StateKeys } from "./entities.js";
import type { Envelope } from "./events.js";
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
/** A position older than that, in milliseconds, gives way to a newer event of another room. */
const OLD = 3_600_000;
/** The service keeps the state of some thousand entities of a room; events may tell of more. */
const MOST_ENTITIES = 10_000;

interface Position {
  readonly since: string | number;
  readonly at: number;
}

export class Room {
  readonly #known = new Map<string, Known>();
  #events: Envelope[] = [];
  #presence: Presence | null = null;
  #complete = true;
  #error: Refusal | null = null;
  #joined = false;

  /** Where to go on: the last event of the room, and the last one of any other. */
  #own: Position | undefined;
  #other: Position | undefined;
  /** The last event that came by a connection before its `subscribe` was answered. */
  readonly #seen = new Map<Epoch, Position>();
  readonly #answered = new Set<Epoch>();

  #epoch: Epoch = "";
  #turn = 0;
  #stateDue = true;
  #hasState = true;
  #hasPresence = true;
  /** Entities that were told of since a reading of the state began. */
  #touched: Set<string> | null = null;

  constructor(
    readonly name: string,
    private readonly host: RoomHost,
  ) {}

  snapshot(connection: ConnectionStatus): RoomSnapshot {
    const state: Record<string, Envelope> = {};
    for (const [entity, { merged }] of this.#known) state[entity] = merged;
    return {
      state,
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
    this.host.changed();
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
    this.#answered.clear();
    this.host.changed();
  }

  /** Join on a connection, with what was missed since the last one, and read the state. */
  async join(epoch: Epoch): Promise<void> {
    if (!epoch) return;
    this.#epoch = epoch;
    const turn = ++this.#turn;
    const position = this.#answered.has(epoch) ? undefined : this.#position();
    const returns = this.#joined && !this.#answered.has(epoch);
    if (position || !this.#wantsState()) {
      const reply = await this.#subscribe(turn, epoch, position ? { since: position.since } : {});
      if (!reply) return;
      if (position ? !reply.recovered : returns) {
        this.#stateDue = true;
        this.#complete = false;
      }
      this.host.changed();
    } else if (returns) {
      this.#complete = false;
    }
    if (this.#wantsState()) await this.#readState(turn, epoch);
  }

  /** Take an event in; false for one that is late, which nobody needs any more. */
  receive(event: Envelope, epoch: Epoch): boolean {
    if (event.seq !== undefined) this.#move({ since: event.seq, at: Date.now() }, epoch);
    if (event.type.startsWith("presence.")) {
      this.#someone(event);
      return true;
    }
    const entity = entityOf(event, this.host.stateKeys);
    if (entity && isLate(event, this.#known.get(entity))) return false;
    if (entity) this.#learn(entity, event);
    this.#insert(event);
    this.host.changed();
    return true;
  }

  /** An event of another room came: the state of an entity that is known here may be in it. */
  overhear(event: Envelope, epoch: Epoch): void {
    if (this.#answered.has(epoch)) this.#other = { since: event.id, at: Date.now() };
    const entity = entityOf(event, this.host.stateKeys);
    if (!entity || !this.#known.has(entity)) return;
    this.#learn(entity, event);
    this.host.changed();
  }

  #wantsState(): boolean {
    return this.#stateDue && this.#hasState && this.host.wants().state;
  }

  #position(): Position | undefined {
    const own = this.#own;
    return own && (!this.#other || Date.now() - own.at < OLD) ? own : (this.#other ?? own);
  }

  /** Events may have gaps before `subscribe` is answered: only then they are a position. */
  #move(position: Position, epoch: Epoch): void {
    if (this.#answered.has(epoch)) this.#own = position;
    else this.#seen.set(epoch, position);
  }

  /** Send `subscribe` until it is answered; undefined when this join is over. */
  async #subscribe(turn: number, epoch: Epoch, how: { since?: string | number; state?: true }): Promise<Reply | undefined> {
    for (let attempt = 0; ; ) {
      const presence = this.#hasPresence && this.host.wants().presence;
      const body = { room: this.name, ...how, ...(presence && { presence }) };
      const reply = await this.host.request("subscribe", body, epoch);
      if (turn !== this.#turn) return undefined;
      if (reply.status === "success") {
        this.#accept(reply, epoch);
        return reply;
      }
      const code = reply.code ?? "";
      if (code === "INVALID_MESSAGE" && (presence || how.state)) {
        // A service without presence, or without it in such rooms; then one without state.
        if (presence) this.#hasPresence = false;
        else how = {};
      } else if (TRY_AGAIN.includes(code)) {
        await waiting(reply, attempt++);
        if (turn !== this.#turn) return undefined;
      } else {
        // Without a connection, or a token in force, the room is joined on the next connection.
        if (code !== "DISCONNECTED" && !code.startsWith("AUTH_")) this.refuse(refusalOf(reply));
        return undefined;
      }
    }
  }

  #accept(reply: Reply, epoch: Epoch): void {
    this.#joined = true;
    this.#error = null;
    if (reply.presence) this.#presence = reply.presence;
    if (this.#answered.has(epoch)) return;
    const seen = this.#seen.get(epoch);
    this.#seen.clear();
    // Two connections at most bring events: this one, and the one that it replaces.
    const before = [...this.#answered].pop();
    this.#answered.clear();
    if (before) this.#answered.add(before);
    this.#answered.add(epoch);
    if (seen) this.#own = seen;
    const id = this.host.lastId(epoch);
    if (id !== undefined) this.#other = { since: id, at: Date.now() };
  }

  /** Read all pages of the state. Events that come meanwhile are newer, or repeats. */
  async #readState(turn: number, epoch: Epoch): Promise<void> {
    const touched = new Set<string>();
    this.#touched = touched;
    let reply = await this.#subscribe(turn, epoch, { state: true });
    if (!reply) return;
    this.#hasState = reply.state !== undefined;
    for (let attempt = 0; ; ) {
      for (const event of reply.state ?? []) this.#take(event);
      if (reply.next === undefined) break;
      this.host.changed();
      const page: Reply = await this.host.request("state", { room: this.name, after: reply.next }, epoch);
      if (turn !== this.#turn) return;
      if (page.status === "success") {
        reply = page;
        attempt = 0;
      } else if (TRY_AGAIN.includes(page.code ?? "")) {
        await waiting(page, attempt++);
        if (turn !== this.#turn) return;
      } else {
        // The rest is not to be had now: the state is read again on the next connection.
        this.#complete = false;
        this.host.changed();
        return;
      }
    }
    this.#touched = null;
    this.#stateDue = false;
    if (this.#hasState) {
      for (const entity of this.#known.keys()) if (!touched.has(entity)) this.#known.delete(entity);
      this.#complete = true;
    }
    this.host.changed();
  }

  #take(event: Envelope): void {
    const entity = entityOf(event, this.host.stateKeys);
    if (entity) this.#learn(entity, event);
    const own = this.#own;
    // A room that was quiet since it was joined has a position, too.
    if (event.seq !== undefined && (!own || (typeof own.since === "number" && own.since < event.seq))) {
      this.#own = { since: event.seq, at: Date.now() };
    }
  }

  #learn(entity: string, event: Envelope): void {
    this.#touched?.add(entity);
    this.#known.set(entity, merge(this.#known.get(entity), event));
    if (this.#known.size <= MOST_ENTITIES) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  #insert(event: Envelope): void {
    const seq = event.seq ?? Infinity;
    const at = this.#events.findLastIndex((other) => (other.seq ?? 0) <= seq) + 1;
    this.#events.splice(at, 0, event);
    if (this.#events.length > this.host.keepEvents) this.#events.shift();
  }

  #someone(event: Envelope): void {
    if (!this.#presence) return;
    const data = event.data as { user_id?: string; users?: string[]; user_ids?: string[]; count?: number };
    const named = data.users ?? data.user_ids ?? (data.user_id === undefined ? [] : [data.user_id]);
    const { users, count } = this.#presence;
    const others = users.filter((user) => !named.includes(user));
    this.#presence =
      event.type === "presence.left"
        ? { users: others, count: data.count ?? Math.max(0, count - named.length) }
        : { users: [...others, ...named], count: data.count ?? count + others.length + named.length - users.length };
    this.host.changed();
  }
}

/** Wait as long as a refusal says, and some jitter. */
function waiting(refusal: Reply, attempt: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, (refusal.retry_after_ms ?? 0) + backoff(attempt)));
}
