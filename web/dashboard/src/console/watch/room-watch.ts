// One room over a connection of its own, frame by frame.
//
// The client's connection would not do: of an event of two rooms a connection gets one copy, through the
// first room that it is in. This one leaves the automatic rooms, so that what it gets is the room's.
import { objectIn } from "./frames.js";

/**
 * - `connecting`: also again, after the connection was lost
 * - `watching`: frames come
 * - `ended`: the service refuses the room or the token; nothing is tried any more
 */
export type WatchStatus = "connecting" | "watching" | "ended";

export interface WatchListener {
  /** A frame came, `at` in milliseconds since 1970. */
  frame(text: string, at: number): void;
  /** `why` is empty, or says what the reader should know. */
  status(status: WatchStatus, why: string): void;
}

export interface WatchOptions {
  /** `wss://<domain>/ws` */
  readonly url: string;
  readonly room: string;
  /** As in `@roomcast/client`: null ends the attempts. */
  readonly token: (refused: boolean) => Promise<string | null>;
}

/** Ids of the commands that a watch sends. */
const SUBSCRIBE = 1;
const LEAVE = 2;
const PING = 3;
/** Milliseconds without any frame after which the connection is asked for one, and then given up. */
const SILENCE = 60_000;
const ANSWER_WITHIN = 10_000;
const LONGEST_WAIT = 30_000;
const TRY_AGAIN = ["RATE_LIMITED", "UNAVAILABLE"];
const GAP = "The connection was lost: frames may be missing.";

/** Watch a room until the function that is returned is called. It connects again by itself. */
export function watchRoom(options: WatchOptions, listener: WatchListener): () => void {
  const watch = new RoomWatch(options, listener);
  void watch.connect(false);
  return () => watch.stop();
}

class RoomWatch {
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;
  /** Attempts in a row after which nothing was watched. */
  #attempt = 0;
  #wasWatching = false;
  /** Where to go on in the room: it moves only once `subscribe` is answered, for before there can be gaps. */
  #since: number | undefined;
  /** The position of the last event that this connection brought. */
  #seen: number | undefined;
  #isAnswered = false;

  constructor(
    private readonly options: WatchOptions,
    private readonly listener: WatchListener,
  ) {}

  async connect(refused: boolean): Promise<void> {
    this.listener.status("connecting", this.#wasWatching ? "Connection lost, reconnecting …" : "");
    const token = await this.options.token(refused);
    if (this.#isOver) return;
    if (token === null) return this.#end("The service does not take your token.");
    const socket = new WebSocket(this.options.url, ["roomcast", token]);
    this.#socket = socket;
    let hasOpened = false;
    socket.onopen = () => {
      hasOpened = true;
      this.#subscribe();
    };
    socket.onmessage = ({ data }) => this.#came(String(data));
    socket.onclose = () => this.#lost(!hasOpened);
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#drop();
  }

  #came(text: string): void {
    const frame = objectIn(text);
    this.#listen();
    if (frame["status"] === "pong" && frame["id"] === PING) return;
    this.listener.frame(text, Date.now());
    if (typeof frame["status"] === "string") return this.#answered(frame);
    if (frame["room"] === this.options.room && typeof frame["seq"] === "number") this.#seen = frame["seq"];
    this.#move();
    const data = (frame["data"] ?? {}) as Readonly<Record<string, unknown>>;
    if (frame["type"] === "connection.established") this.#leave(String(data["user_id"]));
    if (frame["type"] === "connection.error") this.#failed(data);
  }

  #subscribe(): void {
    const { room } = this.options;
    this.#seen = undefined;
    this.#isAnswered = false;
    this.#send({ action: "subscribe", id: SUBSCRIBE, room, ...(this.#since !== undefined && { since: this.#since }) });
    this.#listen();
  }

  #move(): void {
    if (this.#isAnswered && this.#seen !== undefined) this.#since = this.#seen;
  }

  /** Leave the rooms that everybody is in, unless one of them is watched. */
  #leave(user: string): void {
    const rooms = ["global", `user:${user}`].filter((room) => room !== this.options.room);
    this.#send({ action: "unsubscribe", id: LEAVE, rooms });
  }

  #answered({ id, status, code, message, recovered }: Readonly<Record<string, unknown>>): void {
    if (id !== SUBSCRIBE) return;
    if (status === "success") {
      const hasGap = this.#wasWatching && recovered !== true;
      this.#attempt = 0;
      this.#wasWatching = this.#isAnswered = true;
      this.#move();
      this.listener.status("watching", hasGap ? GAP : "");
    } else if (TRY_AGAIN.includes(String(code))) this.#socket?.close();
    else this.#end(`The service refuses this room: ${String(message)} (${String(code)})`);
  }

  #failed({ error_code: code, error_message: message }: Readonly<Record<string, unknown>>): void {
    // With AUTH_FAILED the connection closes, and the next handshake tells.
    if (code === "ACCESS_REVOKED" || code === "CONNECTION_LIMIT") this.#end(`${String(message)} (${String(code)})`);
  }

  #listen(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#send({ action: "ping", id: PING });
      this.#timer = setTimeout(() => this.#lost(false), ANSWER_WITHIN);
    }, SILENCE);
  }

  #lost(refused: boolean): void {
    if (this.#isOver) return;
    this.#drop();
    clearTimeout(this.#timer);
    this.listener.status("connecting", this.#wasWatching ? "Connection lost, reconnecting …" : "");
    const wait = Math.random() * Math.min(LONGEST_WAIT, 1000 * 2 ** this.#attempt++);
    this.#timer = setTimeout(() => void this.connect(refused), wait);
  }

  #end(why: string): void {
    this.stop();
    this.listener.status("ended", why);
  }

  /** Nothing is heard of a connection any more that was given up. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #send(command: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
  }
}
