// Where a room goes on after a loss: docs/PROTOCOL.md, Replay.
import type { Envelope } from "./events.js";
import type { Epoch } from "./session.js";

/** A position older than that, in milliseconds, gives way to a newer event of another room. */
const OLD = 3_600_000;

type Since = string | number;

interface Heard {
  readonly since: Since;
  readonly at: number;
}

const now = (since: Since): Heard => ({ since, at: Date.now() });

export class Position {
  /** The last event of the room, by its `seq`. */
  #own: Heard | undefined;
  /** The last event of any other room, or the greeting, by its `id`. */
  #other: Heard | undefined;
  /** The last event by a connection whose `subscribe` is not answered: there may be gaps before it. */
  readonly #seen = new Map<Epoch, Heard>();
  readonly #answered: Epoch[] = [];

  /** Tell whether `subscribe` has been answered on a connection. */
  isAnswered(epoch: Epoch): boolean {
    return this.#answered.includes(epoch);
  }

  /** Return the last event that a client got; undefined when it got none. */
  get since(): Since | undefined {
    const [own, other] = [this.#own, this.#other];
    return (own && (!other || Date.now() - own.at < OLD) ? own : (other ?? own))?.since;
  }

  /** An event of the room came. */
  came({ seq }: Envelope, epoch: Epoch): void {
    if (seq === undefined) return;
    const heard = now(seq);
    if (this.isAnswered(epoch)) this.#own = heard;
    else this.#seen.set(epoch, heard);
  }

  /** An event of another room came. */
  overheard(id: string, epoch: Epoch): void {
    if (this.isAnswered(epoch)) this.#other = now(id);
  }

  /** The state of the room tells of an event: what was before it is in the state, or came. */
  told({ seq }: Envelope): void {
    const since = this.#own?.since;
    if (seq !== undefined && (since === undefined || (typeof since === "number" && since < seq))) {
      this.#own = now(seq);
    }
  }

  /** `subscribe` is answered; `lastId` is the last event that came by this connection. */
  answered(epoch: Epoch, lastId: string | undefined): void {
    this.#own = this.#seen.get(epoch) ?? this.#own;
    this.#seen.clear();
    this.#answered.push(epoch);
    // Two connections at most bring events: this one, and the one that it replaces.
    if (this.#answered.length > 2) this.#answered.shift();
    if (lastId !== undefined) this.overheard(lastId, epoch);
  }

  /** The client is not in the room any more. */
  left(): void {
    this.#answered.length = 0;
  }
}
