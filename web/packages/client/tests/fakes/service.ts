// The service in this process: rooms with logs, replay, state, presence, tokens, and faults.
import { vi } from "vitest";
import type { Envelope } from "../../src/index.js";

type Body = Record<string, unknown> & { action: string; id: number; room?: string };

/** Milliseconds that a frame or a handshake takes. */
const LATENCY = 5;

/** What `WebSocket` is to the client, connected to the service that was made last. */
export class FakeSocket {
  static service: FakeService;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  isOpen = false;
  /** The network has lost it, and neither side knows. */
  isDead = false;
  readonly token: string | undefined;
  readonly rooms = new Set<string>();
  readonly presence = new Set<string>();

  constructor(
    readonly url: string,
    protocols: string[],
  ) {
    this.token = protocols[1];
    const { service } = FakeSocket;
    service.sockets.push(this);
    setTimeout(() => service.handshake(this), LATENCY);
  }

  send(text: string): void {
    const body = JSON.parse(text) as Body;
    setTimeout(() => FakeSocket.service.receive(this, body), LATENCY);
  }

  /** The client ends it. */
  close(): void {
    this.isOpen = false;
  }

  /** The service, or the network, ends it. */
  end(): void {
    this.isOpen = false;
    this.onclose?.();
  }

  deliver(frame: object): void {
    if (this.isOpen && !this.isDead) this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

export class FakeService {
  readonly sockets: FakeSocket[] = [];
  readonly commands: Body[] = [];
  readonly log: Envelope[] = [];
  /** Whether handshakes succeed. */
  accepts = true;
  /** Whether connections are greeted; with Socket.IO an application may hear that alone. */
  greets = true;
  /** Whether anything comes back: false is a network that is gone without a sign. */
  answers = true;
  /** Whether the log still has what a client missed. */
  remembers = true;
  /** The state of each room, or null for a service that has none; `page` entities in one reply. */
  state: Record<string, Envelope[]> | null = null;
  page = 100;
  /** Who is in each room, or null for a service that does not tell. */
  present: Record<string, string[]> | null = null;
  /** Replies given once in place of the usual ones, by action. */
  readonly instead: { action: string; reply: object }[] = [];
  /** The rooms that tokens open; null: all. */
  rooms: string[] | null = null;
  /** Milliseconds between joining and the replay; live events come before it. */
  slow = 0;
  #number = 0;

  constructor() {
    FakeSocket.service = this;
    vi.stubGlobal("WebSocket", FakeSocket);
  }

  get open(): FakeSocket[] {
    return this.sockets.filter((socket) => socket.isOpen);
  }

  asked(action: string): Body[] {
    return this.commands.filter((command) => command.action === action);
  }

  handshake(socket: FakeSocket): void {
    if (!this.answers) return;
    if (!this.accepts) return socket.end();
    socket.isOpen = true;
    socket.onopen?.();
    if (this.greets) socket.deliver(this.envelope(`connection:${this.sockets.length}`, "connection.established", {}));
  }

  /** Make an event, log it, and deliver it to the members of its room. */
  publish(room: string, type: string, data: object, given: Partial<Envelope> = {}): Envelope {
    const event = this.envelope(room, type, data, given);
    this.log.push(event);
    this.deliver(event);
    return event;
  }

  envelope(room: string, type: string, data: object, given: Partial<Envelope> = {}): Envelope {
    const number = ++this.#number;
    return {
      id: `id-${number}`,
      type,
      timestamp: new Date(Date.now()).toISOString(),
      source: "test",
      room,
      data: { ...data },
      seq: 1000 + number,
      publisher: "p1",
      number,
      ...given,
    };
  }

  deliver(event: Envelope): void {
    if (!this.answers) return;
    for (const socket of this.open) {
      if (socket.rooms.has(event.room) || event.room.startsWith("connection:")) socket.deliver(event);
    }
  }

  /** Every connection is lost without a sign. */
  lose(): void {
    for (const socket of this.open) socket.isDead = true;
  }

  /** Every connection breaks. */
  drop(): void {
    for (const socket of this.open) socket.end();
  }

  receive(socket: FakeSocket, body: Body): void {
    this.commands.push(body);
    if (!this.answers || !socket.isOpen || socket.isDead) return;
    const at = this.instead.findIndex(({ action }) => action === body.action);
    const [special] = at < 0 ? [] : this.instead.splice(at, 1);
    const reply = special?.reply ?? this.#reply(socket, body);
    const later = body["since"] === undefined ? 0 : this.slow;
    setTimeout(() => this.answers && socket.deliver({ ...reply, id: body.id }), LATENCY + later);
  }

  #reply(socket: FakeSocket, body: Body): object {
    const room = body.room ?? "";
    switch (body.action) {
      case "ping":
        return { status: "pong" };
      case "authenticate":
        return { status: "success", user_id: "ada", rooms: this.rooms ?? [...socket.rooms] };
      case "unsubscribe":
        socket.rooms.delete(room);
        return { status: "success", room };
      case "state":
        return { status: "success", room, ...this.#page(room, Number(body["after"])) };
      default:
        return this.#subscribe(socket, room, body);
    }
  }

  #subscribe(socket: FakeSocket, room: string, body: Body): object {
    if (this.rooms && !this.rooms.includes(room)) {
      return { status: "error", code: "ROOM_ACCESS_DENIED", message: "not yours", room };
    }
    socket.rooms.add(room);
    const { since } = body;
    const told: Record<string, unknown> = { status: "success", room };
    if (since !== undefined) {
      const from = typeof since === "number" ? since : this.#began(String(since));
      const missed = this.log.filter((event) => event.room === room && (event.seq ?? 0) > from);
      const replay = (): void => missed.forEach((event) => socket.deliver(event));
      if (this.remembers && this.slow) setTimeout(replay, this.slow);
      else if (this.remembers) replay();
      Object.assign(told, { recovered: this.remembers, replayed: missed.length });
    }
    if (body["state"] && this.state) Object.assign(told, this.#page(room, 0));
    if (body["presence"] && this.present) {
      const users = this.present[room] ?? [];
      told["presence"] = { users, count: users.length };
    }
    return told;
  }

  #page(room: string, from: number): object {
    const all = this.state?.[room] ?? [];
    const next = from + this.page;
    return { state: all.slice(from, next), ...(next < all.length && { next: String(next) }) };
  }

  #began(id: string): number {
    return 1000 + Number(id.replace("id-", ""));
  }
}
