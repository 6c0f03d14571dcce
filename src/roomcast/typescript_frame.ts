
/** One event as clients receive it: docs/PROTOCOL.md, chapter 1. */
export interface Envelope<Type extends string = string, Data = Readonly<Record<string, unknown>>> {
  /** The same on every copy and every repeat of the event; it says nothing of order. */
  readonly id: string;
  readonly type: Type;
  /** RFC 3339 in UTC: when the publisher emitted it. */
  readonly timestamp: string;
  readonly source: string;
  /** The room through which this copy came. */
  readonly room: string;
  readonly data: Data;
  /** The position in the room; not in the two events for one connection. */
  readonly seq?: number;
  /** The process that published the event, and how many it had published by then. */
  readonly publisher?: string;
  readonly number?: number;
  /** Whose state this is, `workflow:7`: in the state of a room, where `data` is all that is known of it. */
  readonly entity?: string;
  /** Fields of it that are too large to be kept. */
  readonly left_out?: readonly string[];
  /** It comes as an event, and tells a state all the same. */
  readonly replayed?: boolean;
  /** Where the data is, when it is too large for one message: `data` is `{}` then. */
  readonly data_ref?: { readonly url: string; readonly size: number; readonly sha256: string; readonly expires_at: string };
}

/** The envelope of an event type; of an unknown one with `data` of unknown fields. */
export type EventOf<Type extends string> = Type extends keyof EventTypes ? Envelope<Type, EventTypes[Type]> : Envelope;

/** The names under which Socket.IO brings the two connection events. */
type SocketName<Type> = Type extends `connection.${infer Name}` ? `connection_${Name}` : Type;

/** Of socket.io-client: `Socket<ServerToClientEvents, ClientToServerEvents>`. */
export type ServerToClientEvents = {
  [Type in keyof EventTypes & string as SocketName<Type>]: (event: Envelope<Type, EventTypes[Type]>, offset?: string) => void;
};

/** The refusal of a command: docs/PROTOCOL.md, chapter 7. */
export interface RefusedReply {
  readonly status: "error";
  readonly code: string;
  readonly message: string;
  readonly room?: string;
  readonly retry_after_ms?: number;
}

interface RoomReply {
  readonly status: "success";
  readonly room: string;
  /** With `since`: whether nothing is missing, and how many events were sent again. */
  readonly recovered?: boolean;
  readonly replayed?: number;
  /** With `state: true`: the state of each entity, and where the next page begins. */
  readonly state?: readonly Envelope[];
  readonly next?: string;
  /** With `state: "replay"`: how many entities came as events. */
  readonly entities?: number;
  /** With `presence: true`: who is there. The list may be cut, the count is exact. */
  readonly presence?: { readonly users: readonly string[]; readonly count: number };
}

interface SubscribeBody {
  readonly room: string;
  readonly since?: string | number;
  readonly types?: readonly string[] | null;
  readonly state?: boolean | "replay";
  readonly presence?: boolean;
}

type Ack<Reply> = (reply: Reply | RefusedReply) => void;

/** The commands: docs/PROTOCOL.md, chapter 6. */
export interface ClientToServerEvents {
  subscribe(body: SubscribeBody, ack?: Ack<RoomReply>): void;
  state(body: { room: string; after?: string }, ack?: Ack<RoomReply>): void;
  unsubscribe(body: { room: string }, ack?: Ack<RoomReply>): void;
  authenticate(
    body: { token: string },
    ack?: Ack<{ readonly status: "success"; readonly user_id: string; readonly expires_at: string; readonly rooms: readonly string[] }>,
  ): void;
  ping(body: Readonly<Record<string, never>>, ack?: Ack<{ readonly status: "pong" }>): void;
  "debug:rooms"(
    body: Readonly<Record<string, never>>,
    ack?: Ack<{ readonly status: "success"; readonly rooms: readonly string[] }>,
  ): void;
}
