// Commands that wait for their replies.
import { DISCONNECTED, NO_REPLY, type Reply } from "./wire.js";

/** Milliseconds after which a reply is not expected any more; a cold start takes some 2 s. */
const PATIENCE = 15_000;

/** The commands of one link, numbered upwards: the protocol orders them by these numbers. */
export class Pending {
  #last = 0;
  readonly #waiting = new Map<number, (reply: Reply) => void>();

  /** Send a command with `send` and return its reply. */
  ask(send: (id: number) => void, patience = PATIENCE): Promise<Reply> {
    const id = ++this.#last;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answer(id, NO_REPLY), patience);
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      send(id);
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
