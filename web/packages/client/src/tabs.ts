// One connection for all tabs: one of them leads and has it, the others ask it.
//
//   tab A   holds the lock, has the connection      tab B   waits for the lock
//           <- hello ------------------------------
//           -- here: status, epoch ----------------->
//           <- ask: subscribe project:atlas --------        B's own position, B's own reply
//           -- event ------------------------------->       every event goes to every tab
//   closes, crashes or is frozen                            gets the lock, or takes it: leads
import type { Envelope } from "./events.js";
import { Pending } from "./pending.js";
import type { ConnectionStatus, Epoch, Session, SessionListener } from "./session.js";
import { SharedRooms } from "./shared-rooms.js";
import { newId, ticking } from "./time.js";
import { DISCONNECTED, type Refusal, type Reply } from "./wire.js";

/** Milliseconds in which a leader that is alive answers a greeting. */
const HERE_WITHIN = 3_000;

type Message =
  | { kind: "hello" | "bye" | "check"; from: string }
  | { kind: "here"; status: ConnectionStatus; error: Refusal | null; epoch: Epoch; lastId?: string | undefined }
  | { kind: "authenticated"; rooms: readonly string[] }
  | { kind: "event"; event: Envelope; epoch: Epoch }
  | { kind: "ask"; from: string; id: number; action: string; body: object; epoch: Epoch }
  | { kind: "reply"; to: string; id: number; reply: Reply };

export class SharedSession implements Session {
  readonly #me = newId();
  readonly #pending = new Pending();
  #channel: BroadcastChannel | null = null;
  #rooms = new SharedRooms();
  /** The connection, in the tab that leads. */
  #led: Session | null = null;
  #endTicking: (() => void) | undefined;
  #abort: AbortController | null = null;
  #release: (() => void) | null = null;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #status: ConnectionStatus = "connecting";
  #error: Refusal | null = null;
  #epoch: Epoch = "";
  #lastId: string | undefined;

  constructor(
    private readonly name: string,
    private readonly connection: (listener: SessionListener) => Session,
    private readonly listener: SessionListener,
  ) {}

  start(): void {
    if (this.#channel) return;
    this.#channel = new BroadcastChannel(this.name);
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#heard(data);
    this.#endTicking = ticking(() => this.#led || this.#greet());
    this.#tell("connecting", null, "");
    this.#queue(false);
    this.#greet();
  }

  stop(): void {
    this.#leave();
    this.#tell("idle", null, "");
  }

  check(): void {
    if (this.#led) this.#led.check();
    else {
      this.#greet();
      this.#post({ kind: "check", from: this.#me });
    }
  }

  request(action: string, body: object, epoch: Epoch): Promise<Reply> {
    if (this.#led) return this.#serve(this.#me, action, body, epoch);
    if (!this.#channel || epoch !== this.#epoch) return Promise.resolve(DISCONNECTED);
    return this.#pending.ask((id) => this.#post({ kind: "ask", from: this.#me, id, action, body, epoch }));
  }

  /** Have no part in the connection any more. */
  #leave(): void {
    this.#post({ kind: "bye", from: this.#me });
    this.#resign();
    this.#abort?.abort();
    clearTimeout(this.#patience);
    this.#endTicking?.();
    this.#channel?.close();
    this.#channel = null;
  }

  /** Wait for the lock, or take it from a tab that does not answer. */
  #queue(steal: boolean): void {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const held = (): Promise<void> => {
      if (abort.signal.aborted) return Promise.resolve();
      return new Promise((resolve) => this.#lead(resolve));
    };
    navigator.locks
      .request(this.name, steal ? { steal } : { signal: abort.signal }, held)
      .catch(() => {
        // The lock was taken from this tab: it was frozen, and another one leads.
        if (this.#channel && this.#abort === abort && !abort.signal.aborted) {
          this.#resign();
          this.#queue(false);
          this.#greet();
        }
      });
  }

  #lead(release: () => void): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#release = release;
    this.#pending.close();
    this.#rooms = new SharedRooms();
    const mine = (): boolean => this.#led === led;
    const led = this.connection({
      status: (status, error) => mine() && this.#announce(status, error, status === "open" ? this.#epoch : ""),
      opened: (epoch) => {
        if (!mine()) return;
        this.#rooms = new SharedRooms();
        this.#announce("open", null, epoch);
      },
      authenticated: (rooms) => {
        if (!mine()) return;
        this.#post({ kind: "authenticated", rooms });
        this.listener.authenticated(rooms);
      },
      event: (event, epoch) => {
        if (!mine()) return;
        this.#lastId = event.id;
        this.#post({ kind: "event", event, epoch });
        this.listener.event(event, epoch);
      },
    });
    this.#led = led;
    led.start();
  }

  #resign(): void {
    const led = this.#led;
    this.#led = null;
    led?.stop();
    if (led) this.#post({ kind: "here", status: "reconnecting", error: null, epoch: "" });
    this.#release?.();
    this.#release = null;
    this.#pending.close();
  }

  #announce(status: ConnectionStatus, error: Refusal | null, epoch: Epoch): void {
    this.#post({ kind: "here", status, error, epoch });
    this.#tell(status, error, epoch);
  }

  #tell(status: ConnectionStatus, error: Refusal | null, epoch: Epoch, lastId?: string): void {
    const isNew = epoch !== this.#epoch;
    if (isNew && !this.#led) this.#pending.close();
    this.#epoch = epoch;
    if (status !== this.#status || error !== this.#error) {
      this.#status = status;
      this.#error = error;
      this.listener.status(status, error);
    }
    if (isNew && epoch) this.listener.opened(epoch, lastId);
    if (status !== "closed") return;
    // For good: no tab may take its place by itself, and any may that is told to connect. So the
    // lock is kept until the others have left its queue.
    if (this.#led) setTimeout(() => this.#leave(), HERE_WITHIN);
    else this.#leave();
  }

  #greet(): void {
    this.#post({ kind: "hello", from: this.#me });
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      if (this.#led || !this.#channel) return;
      this.#tell("reconnecting", null, "");
      this.#queue(true);
    }, HERE_WITHIN);
  }

  async #serve(tab: string, action: string, body: object, epoch: Epoch): Promise<Reply> {
    const led = this.#led;
    return led ? this.#rooms.serve(tab, action, body, (what) => led.request(action, what, epoch)) : DISCONNECTED;
  }

  #heard(message: Message): void {
    if (this.#led) this.#heardAsLeader(this.#led, message);
    else this.#heardAsFollower(message);
  }

  #heardAsLeader(led: Session, message: Message): void {
    if (message.kind === "hello") {
      const lastId = this.#lastId;
      this.#post({ kind: "here", status: this.#status, error: this.#error, epoch: this.#epoch, lastId });
    } else if (message.kind === "check") led.check();
    else if (message.kind === "bye") {
      for (const room of this.#rooms.without(message.from)) void led.request("unsubscribe", { room }, this.#epoch);
    } else if (message.kind === "ask") {
      const { from: to, id, action, body, epoch } = message;
      void this.#serve(to, action, body, epoch).then((reply) => this.#post({ kind: "reply", to, id, reply }));
    }
  }

  #heardAsFollower(message: Message): void {
    if (message.kind === "here") {
      clearTimeout(this.#patience);
      this.#patience = undefined;
      this.#tell(message.status, message.error, message.epoch, message.lastId);
    } else if (message.kind === "event") this.listener.event(message.event, message.epoch);
    else if (message.kind === "authenticated") this.listener.authenticated(message.rooms);
    else if (message.kind === "reply" && message.to === this.#me) this.#pending.answer(message.id, message.reply);
  }

  #post(message: Message): void {
    this.#channel?.postMessage(message);
  }
}
