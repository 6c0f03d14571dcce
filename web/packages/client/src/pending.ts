// Commands that wait for their replies.
import { DISCONNECTED, NO_REPLY, type Reply } from "./wire.js";

/** Milliseconds after which a reply is not expected any more; a cold start takes some 2 s. */
const PATIENCE = 15_000;
/** The service takes 10 commands a second after a burst of 100, of which replays need some. */
const EACH = 100;
const BURST = 80;

/** The commands of one link, numbered upwards: the protocol orders them by these numbers. */
export class Pending {
  #last = 0;
  /** When the service will have forgotten all commands so far. */
  #busyUntil = 0;
  readonly #waiting = new Map<number, (reply: Reply) => void>();

  /** Send a command with `send`, later when there are too many at once, and return its reply. */
  ask(send: (id: number) => void, patience = PATIENCE): Promise<Reply> {
    const id = ++this.#last;
    const now = Date.now();
    this.#busyUntil = Math.max(this.#busyUntil, now) + EACH;
    const wait = this.#busyUntil - now - BURST * EACH;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answer(id, NO_REPLY), patience + Math.max(wait, 0));
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      if (wait <= 0) send(id);
      else setTimeout(() => this.#waiting.has(id) && send(id), wait);
    });
  }

  /** Hand a reply to whoever waits for it; one that nobody waits for is left. */
  answer(id: number, reply: Reply): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(reply);
  }

  /** Answer all that wait: the connection has ended. */
  close(): void {
    for (const id of [...this.#waiting.keys()]) this.answer(id, DISCONNECTED);
  }
}
