// A socket of socket.io-client on the same service: names, acks, and reconnection by itself.
import type { Envelope } from "../../src/index.js";
import { FakeSocket } from "./service.js";

type Listener = (...args: never[]) => void;

export class FakeSocketIo {
  connected = false;
  active = false;
  auth: unknown = { token: "" };
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #any = new Set<Listener>();
  #line: FakeSocket | null = null;
  #acks = 0;
  readonly #waiting = new Map<number, (reply: object) => void>();

  connect(): void {
    if (this.active) return;
    this.active = true;
    this.#open();
  }

  disconnect(): void {
    this.active = false;
    const line = this.#line;
    line?.close();
    this.#lost("io client disconnect");
  }

  on(name: string, listener: Listener): void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
  }

  off(name: string, listener: Listener): void {
    this.#listeners.get(name)?.delete(listener);
  }

  onAny(listener: Listener): void {
    this.#any.add(listener);
  }

  offAny(listener: Listener): void {
    this.#any.delete(listener);
  }

  emit(action: string, body: object, ack: (reply: object) => void): void {
    const id = ++this.#acks;
    this.#waiting.set(id, ack);
    this.#line?.send(JSON.stringify({ ...body, action, id }));
  }

  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, this.#any.size);
  }

  #open(): void {
    const line = new FakeSocket("socket.io", []);
    this.#line = line;
    line.onopen = () => {
      this.connected = true;
      this.#fire("connect");
    };
    line.onclose = () => {
      if (!this.connected) {
        this.active = false;
        this.#fire("connect_error");
        return;
      }
      this.#lost("transport close");
      setTimeout(() => this.active && this.#open(), 1_000);
    };
    line.onmessage = ({ data }) => this.#frame(JSON.parse(data) as Envelope & { id: number; status?: string });
  }

  #frame(frame: Envelope & { id: unknown; status?: string }): void {
    if (frame.status) this.#waiting.get(frame.id as unknown as number)?.(frame);
    else {
      const name = frame.type.replace("connection.", "connection_");
      for (const listener of [...this.#any]) (listener as (...args: unknown[]) => void)(name, frame);
    }
  }

  #lost(reason: string): void {
    if (!this.connected) return;
    this.connected = false;
    this.#waiting.clear();
    this.#fire("disconnect", reason);
  }

  #fire(name: string, ...args: unknown[]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) (listener as (...args: unknown[]) => void)(...args);
  }
}
