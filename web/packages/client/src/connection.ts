// Keeps a connection: opens it, opens it again, replaces it before its end, refreshes its token.
import type { Envelope } from "./events.js";
import type { Link, Transport } from "./link.js";
import type { ConnectionStatus, Epoch, Session, SessionListener } from "./session.js";
import { backoff, newId, ticking } from "./time.js";
import { refreshIn } from "./token.js";
import { DISCONNECTED, NO_REPLY, type Refusal, type Reply } from "./wire.js";

const MINUTE = 60_000;
/** Milliseconds that a handshake may take. */
const OPEN_WITHIN = 20_000;
/** API Gateway ends every connection after 120 minutes: it is replaced after 100 to 110. */
const REPLACE_AFTER = 100 * MINUTE;
/** How long the old connection goes on beside the one that replaces it. */
const OVERLAP = 10_000;
/** The service sends a heartbeat every 510 s. */
const SILENCE = 570_000;
/** Milliseconds that the answer to a ping may take. */
const PONG_WITHIN = 5_000;
/** A connection that stayed for so long ends a series of failed attempts. */
const STABLE = 10_000;
/** After these a client does not connect again by itself. */
const FINAL = ["CONNECTION_LIMIT", "ACCESS_REVOKED"];

export class Connection implements Session {
  readonly #transport: Transport;
  readonly #listener: SessionListener;
  readonly #links = new Map<Epoch, Link>();
  #current: Epoch = "";
  #opening: Link | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #endTicking: (() => void) | undefined;
  #turn = 0;
  #attempt = 0;
  #refused = false;
  #wasOpen = false;
  #checking = false;
  #openedAt = 0;
  #heardAt = 0;
  #replaceAt = Infinity;
  #refreshAt = Infinity;

  constructor(transport: Transport, listener: SessionListener) {
    this.#transport = transport;
    this.#listener = listener;
  }

  start(): void {
    if (this.#endTicking) return;
    this.#endTicking = ticking((slept) => this.#tick(slept));
    void this.#connect();
  }

  stop(status: ConnectionStatus = "idle", error: Refusal | null = null): void {
    this.#endTicking?.();
    this.#endTicking = undefined;
    this.#turn++;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#opening?.close();
    this.#opening = null;
    for (const epoch of [...this.#links.keys()]) this.#end(epoch);
    this.#current = "";
    this.#attempt = 0;
    this.#wasOpen = this.#refused = false;
    this.#listener.status(status, error);
  }

  request(action: string, body: object, epoch: Epoch): Promise<Reply> {
    return this.#links.get(epoch)?.request(action, body) ?? Promise.resolve(DISCONNECTED);
  }

  check(): void {
    if (this.#retry !== undefined) void this.#connect();
    else void this.#ping();
  }

  /** Ask whether the connection is alive; one that does not answer is given up. */
  async #ping(): Promise<void> {
    const epoch = this.#current;
    const link = this.#links.get(epoch);
    if (!link || this.#checking) return;
    this.#checking = true;
    const reply = await link.request("ping", {}, PONG_WITHIN);
    this.#checking = false;
    if (reply !== NO_REPLY || epoch !== this.#current) return;
    this.#end(epoch, true);
    this.#current = "";
    if (!this.#opening) void this.#connect();
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const turn = ++this.#turn;
    if (!this.#current) this.#listener.status(this.#wasOpen ? "reconnecting" : "connecting", null);
    let token: string | null | undefined;
    try {
      token = await this.#transport.token?.(this.#refused);
    } catch {
      // The application could not fetch one: as if the service had not answered.
      if (turn === this.#turn) this.#lost(false);
      return;
    }
    if (turn !== this.#turn) return;
    if (token === null) {
      this.stop("closed", { code: "AUTH_MISSING", message: "the application has no token" });
      return;
    }
    try {
      this.#open(token);
    } catch (error) {
      // The browser takes no such URL, or no such token as subprotocol: it never will.
      this.stop("closed", { code: "INVALID_ADDRESS", message: String(error) });
    }
  }

  #open(token: string | undefined): void {
    const epoch = newId();
    const failed = (itself: boolean): void => {
      clearTimeout(slow);
      this.#opening = null;
      this.#refused = true;
      this.#lost(itself);
    };
    const link = this.#transport.open(token, {
      open: () => {
        clearTimeout(slow);
        this.#opening = null;
        this.#opened(epoch, link, token);
      },
      heard: () => {
        this.#heardAt = Date.now();
      },
      event: (event) => this.#event(event, epoch),
      closed: (itself) => (this.#links.has(epoch) ? this.#closed(epoch, itself) : failed(itself)),
    });
    this.#opening = link;
    // A borrowed connection tries for as long as it likes.
    const slow = setTimeout(() => {
      if (this.#transport.borrowed || this.#opening !== link) return;
      link.close();
      failed(false);
    }, OPEN_WITHIN);
  }

  #opened(epoch: Epoch, link: Link, token: string | undefined): void {
    const now = Date.now();
    const old = this.#current;
    this.#links.set(epoch, link);
    this.#current = epoch;
    this.#wasOpen = true;
    this.#refused = false;
    this.#openedAt = this.#heardAt = now;
    this.#replaceAt = this.#transport.borrowed ? Infinity : now + REPLACE_AFTER + Math.random() * 10 * MINUTE;
    this.#refreshAt = now + refreshIn(token, now);
    if (old) setTimeout(() => this.#end(old), OVERLAP);
    this.#listener.status("open", null);
    this.#listener.opened(epoch);
  }

  #event(event: Envelope, epoch: Epoch): void {
    if (!this.#endTicking) return;
    const { error_code: code, error_message: message, room } = event.data as Record<string, string | undefined>;
    this.#listener.event(event, epoch);
    if (event.type === "connection.error" && !room && code && FINAL.includes(code)) {
      this.stop("closed", { code, message: message ?? "" });
    }
  }

  #closed(epoch: Epoch, itself: boolean): void {
    this.#links.delete(epoch);
    if (epoch !== this.#current) return;
    this.#current = "";
    if (Date.now() - this.#openedAt > STABLE) this.#attempt = 0;
    if (!this.#opening) this.#lost(itself);
    else this.#listener.status("reconnecting", null);
  }

  /** An attempt failed, or the connection ended: what now. */
  #lost(itself: boolean): void {
    if (this.#current) {
      this.#replaceAt = Date.now() + MINUTE;
      return;
    }
    this.#listener.status(this.#wasOpen ? "reconnecting" : "connecting", null);
    this.#retry = setTimeout(() => void this.#connect(), itself ? 0 : backoff(this.#attempt++));
  }

  #end(epoch: Epoch, broken = false): void {
    const link = this.#links.get(epoch);
    this.#links.delete(epoch);
    link?.close(broken);
  }

  #tick(slept: boolean): void {
    const now = Date.now();
    if (slept || (this.#current && now - this.#heardAt > SILENCE)) this.check();
    if (!this.#current) return;
    if (now >= this.#refreshAt) void this.#refresh();
    if (now >= this.#replaceAt) {
      this.#replaceAt = Infinity;
      void this.#connect();
    }
  }

  /** Give the connection a fresh token; until one is taken the next tries follow. */
  async #refresh(): Promise<void> {
    const epoch = this.#current;
    this.#refreshAt = Infinity;
    let next = refreshIn(undefined, 0);
    try {
      const token = await this.#transport.token?.(false);
      if (!token) return;
      const reply = await this.request("authenticate", { token }, epoch);
      const taken = reply.status === "success";
      next = taken ? refreshIn(token, Date.now()) : STABLE;
      if (taken) this.#listener.authenticated((reply.rooms ?? []) as string[]);
    } catch {
      next = STABLE;
    } finally {
      // A connection that has replaced this one has a token, and a time, of its own.
      if (epoch === this.#current) this.#refreshAt = Date.now() + next;
    }
  }
}
